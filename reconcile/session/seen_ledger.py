"""Whether a ledger is the last one that this repository has seen: a backup that was restored is not.

The note (`git.seen_note`) is made by runs that write. Where there is none (outside Git, in a fresh clone) nothing can
be told. `lineage` in the workspace tells a ledger of another lineage in every clone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconcile.engine.guard import refused_by
from reconcile.errors import ReconcileError
from reconcile.git.seen_note import SeenNote, read_note
from reconcile.model.finding import Finding, RefusedError
from reconcile.model.rules import LedgerRule
from reconcile.secrets import safe_line
from reconcile.session.ledger_home import LedgerHome

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger


def behind(home: LedgerHome, ledger: SqlLedger | None) -> tuple[Finding, ...]:
    """Return the finding that *ledger* (None: there is none) is behind what was seen here, if it is.

    Raises:
        LedgerError: it, or the note, cannot be read.
    """
    return () if home.address is None else _found(home, ledger, read_note_of(home))


def refuse_behind(home: LedgerHome, ledger: SqlLedger | None) -> SeenNote:
    """Refuse what would save by a ledger that is behind what was seen here, or lift a hold; return the note of that.

    Raises:
        RefusedError: it is.
        LedgerError: it, or the note, cannot be read.
    """
    note = read_note_of(home)
    for found in _found(home, ledger, note):
        refusal = refused_by("ledger-behind", found.message, remedy=found.hint)
        raise RefusedError(found.message, refusals=(refusal,), hint=found.hint)
    return note


def read_note_of(home: LedgerHome) -> SeenNote:
    """Return the note that this repository has of the ledger of *home*.

    Raises:
        LedgerError: it cannot be read.
    """
    return read_note(home.repository, home.workspace, home.environment, here=home.named)


def new_parents(home: LedgerHome, ledger: SqlLedger, note: SeenNote) -> tuple[str, ...]:
    """Return the lineages that *ledger* has to name to be the last one, here and by `lineage`; empty: it is already."""
    own, seen = ledger.lineage(), note.lineage
    parents = [seen.as_parent] if seen is not None and (own is None or own.why_behind(seen)) else []
    if home.lineage is not None and (own is None or not own.is_of(home.lineage)):
        parents.append(home.lineage)
    return tuple(parents)


def noted(note: SeenNote, ledger: SqlLedger) -> tuple[SeenNote | None, tuple[Finding, ...]]:
    """Note how far *ledger* has got, as far as it is durable, and return the note.

    One that cannot be made is a finding, and None: it is not tried again.
    """
    try:
        lineage = ledger.durable_lineage()
        return note if lineage is None else note.moved_to(lineage), ()
    except ReconcileError as error:
        return None, (Finding(LedgerRule.LEDGER_NOT_NOTED, error.message, hint=error.hint),)


def _found(home: LedgerHome, ledger: SqlLedger | None, note: SeenNote) -> tuple[Finding, ...]:
    seen, own = note.lineage, None if ledger is None else ledger.lineage()
    why = None if seen is None else "holds no run" if own is None else own.why_behind(seen)
    if seen is None or why is None:
        return ()
    message = (
        f"the ledger {home.shown} {why}, and this repository has seen run {seen.serial} of lineage {seen.id}: "
        "it is not the last one"
    )
    return (Finding(LedgerRule.LEDGER_BEHIND, message, hint=_way_on(home, note, is_empty=own is None)),)


def _way_on(home: LedgerHome, note: SeenNote, *, is_empty: bool) -> str:
    """Return what to do about a ledger that is behind *note*."""
    there = f"--env {home.environment}"
    anew = f"to begin anew, without its holds and what was removed, reconcile ledger rebuild {there}"
    if note.was_elsewhere:
        place = safe_line(note.place or "")
        return f"it was kept at {place}: reconcile ledger take --from {place} {there} carries it here; or, {anew}"
    if is_empty:
        return f"put the ledger back; or, {anew}"
    return (
        f"put the newest ledger back; or, to go on with this one, reconcile ledger accept {there}: "
        "it begins a new lineage, which other runners take"
    )
