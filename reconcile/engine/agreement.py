"""What a person agreed to: whether a plan that was made again does more than the one shown, and what changed since."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.live import Live, Unreadable
from reconcile.model.plan import Plan


def does_no_more(now: Plan, shown: Plan) -> bool:
    """Return whether *now* needs no new answer: it saves nothing, or is the plan that was *shown*.

    What guards refuse by now is no reason to ask, what they refused then and let pass now is one.
    """
    return not now.to_save or (now.digest == shown.digest and now.to_save <= shown.to_save)


def since_answer(now: Plan, answered: Plan) -> tuple[str, ...]:
    """Return what is otherwise in *now* than in the plan that was *answered*, a sentence a key; never nothing."""
    before = {change.key: change for change in answered.changes}
    after = {change.key: change for change in now.changes}
    found = [
        f"{key}: {words}"
        for key in sorted(before.keys() | after.keys())
        for words in _changed(before.get(key), after.get(key), is_let_pass=_is_let_pass(key, now, answered))
    ]
    return tuple(found) or ("what needs attention is otherwise, or how many jobs are live",)


def _is_let_pass(key: Key, now: Plan, answered: Plan) -> bool:
    return key in now.to_save and key not in answered.to_save


def _changed(before: Change | None, after: Change | None, *, is_let_pass: bool) -> Iterator[str]:
    if before is None or after is None:
        yield "was not in the plan" if before is None else "is in the plan no more"
        return
    if before.live != after.live:
        yield f"live was {_live(before.live)}, and is {_live(after.live)}"
    elif _applied(before) != _applied(after):
        yield f"last applied was {_applied(before)}, and is {_applied(after)}"
    if is_let_pass:
        yield "was refused, and no longer is"


def _live(live: Live) -> str:
    if isinstance(live, Unreadable):
        return "unreadable"
    return ", ".join(f"{row.cron} ({row.status}, job {row.job_id})" for row in live) or "absent"


def _applied(change: Change) -> str:
    return "unknown" if change.applied is None else f"{change.applied.cron} {change.applied.name!r}"
