"""The view of a drift check: what moved on the service, and what else is not as Git declares."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.model.change import Change
from reconcile.model.drift import Drift
from reconcile.model.live import Unreadable
from reconcile.model.verdicts import Verdict
from reconcile.report.findings_view import assumption_blocks, finding_blocks
from reconcile.report.plan_view import change_entry, two_way, why_unreadable
from reconcile.report.view import Detail, Entry, Tone, View, sections
from reconcile.text import counted
from reconcile.times import local_text


def drift_view(drift: Drift) -> View:
    """Return the view of *drift*."""
    unreadable = [change for change in drift.keys if not _is_readable(change)]
    moved = drift.moved
    rest = [change for change in drift.keys if _is_readable(change) and not drift.has_moved(change)]
    return View(
        headline=f"Drift of {drift.environment}{two_way(drift.last_applied)}",
        sections=sections(
            ("Unreadable", (_entry(change, drift) for change in unreadable)),
            ("Moved", (_entry(change, drift) for change in moved)),
            ("Held", (_entry(change, drift) for change in rest if change.key in drift.holds)),
            (
                "Not as declared, and not moved",
                (_entry(change, drift) for change in rest if change.key not in drift.holds),
            ),
            ("Findings", finding_blocks(drift.findings)),
            ("Assumptions", assumption_blocks(drift.assumptions)),
        ),
        closing=closing(drift),
        tone=Tone.GOOD if drift.exit_code == 0 else Tone.BAD,
    )


def closing(drift: Drift) -> str:
    """Return the line that a drift check ends with."""
    unreadable = sum(not _is_readable(change) for change in drift.keys)
    moved = len(drift.moved)
    held = sum(one.key in drift.holds for one in drift.keys if _is_readable(one) and not drift.has_moved(one))
    rest = len(drift.keys) - unreadable - moved - held
    parts = [f"{moved} moved"] if moved else []
    parts += [f"{unreadable} unreadable"] if unreadable else []
    parts += [f"{held} held"] if held else []
    parts += [f"{rest} not as declared"] if rest else []
    if not parts:
        seen = " seen, but the ledger is not what it should be" if drift.is_in_doubt else ""
        return f"No drift{seen}: {counted(drift.unchanged, 'schedule')} as declared."
    parts += [f"{drift.unchanged} as declared"] if drift.unchanged else []
    return f"Drift: {', '.join(parts)}." if moved else f"No drift seen: {', '.join(parts)}."


def _is_readable(change: Change) -> bool:
    return change.verdict is not Verdict.UNREADABLE


def _entry(change: Change, drift: Drift) -> Entry:
    if not isinstance(change.live, Unreadable):
        return change_entry(change, more=_more_details(change, drift), is_saved=False)
    details = [Detail("why", why_unreadable(change.live), Tone.BAD)]
    if change.live.hint:
        details.append(Detail("hint", change.live.hint))
    return Entry("!", (*change.key, change.desired.name, str(change.desired.origin)), tuple(details), Tone.BAD)


def _more_details(change: Change, drift: Drift) -> Iterator[Detail]:
    since = drift.first_seen.get(change.key)
    if since is not None:
        yield Detail("since", f"first seen {local_text(since, timespec='minutes')}")
    hold = drift.holds.get(change.key)
    if hold is not None:
        yield Detail("held", hold.cause)
        yield Detail("hint", f"change the declaration, or lift it with reconcile release {change.key}")
