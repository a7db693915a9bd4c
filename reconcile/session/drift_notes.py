"""Since when is what a drift check finds so? The first check notes it beside the ledger, and later ones show it.

This is best effort, and waits for no lock: where it cannot be noted, the check goes on, and finds what it would have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from reconcile.engine.note_drift import DriftNotes, first_seen, note_drift
from reconcile.errors import ReconcileError
from reconcile.git.refs import observed_ref
from reconcile.model.drift import Drift
from reconcile.model.keys import Key
from reconcile.session.declared import Declared
from reconcile.session.ledger_home import LedgerHome, locate_ledger
from reconcile.times import in_zone

if TYPE_CHECKING:
    from reconcile.ledger.observed_ref import ObservedRef


def with_first_seen(drift: Drift, notes: DriftNotes, declared: Declared, *, asked: Collection[Key]) -> Drift:
    """Return *drift*, which looked at the keys *asked*, with the first check that saw each; and note it for later ones.

    *notes* are those that the ledger has; where it is in Git, they are read here. Of a key without a note that lasts,
    nothing is said.
    """
    runtime, environment = declared.runtime, declared.environment
    looked_at = None if runtime.options.selection.is_everything else asked
    try:
        home = locate_ledger(declared.checkout, environment)
        with contextlib.ExitStack() as stack:
            in_git = stack.enter_context(_in_git(home)) if home.is_in_git else None
            notes = notes if in_git is None else in_git.drift_notes()
            after = note_drift(notes, drift, now=runtime.begun_at, asked=looked_at)
            if after != notes:
                kept = in_git or stack.enter_context(home.existing())
                kept.replace_drift_notes(notes, after)
                notes = after
    except (ReconcileError, OSError) as error:
        why = error.message if isinstance(error, ReconcileError) else error.strerror or str(error)
        runtime.log("info", runtime.facts.hide(f"what this check saw could not be noted: {why}"))
    found = first_seen(notes, drift)
    return replace(drift, first_seen={key: in_zone(at, environment.timezone) for key, at in found.items()})


@contextlib.contextmanager
def _in_git(home: LedgerHome) -> Iterator[ObservedRef]:
    """Open the ref that holds the notes of *home* while the block runs."""
    # Here, as where a ledger is opened: a run without one does not pay for its library.
    from reconcile.git.shared_ref import GitRef
    from reconcile.ledger.observed_ref import ObservedRef

    with home.scratch() as place:
        ref = observed_ref(home.workspace, home.environment)
        # What is only noted is not worth a push after a pause.
        yield ObservedRef(GitRef(place, ref, sleep=home.runtime.clock.sleep, pauses=()))
