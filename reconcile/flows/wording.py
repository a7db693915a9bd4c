"""What an apply says of one change: a sentence, and what to do, for each way that it can end. One table."""

from __future__ import annotations

from reconcile.engine.settle import Attempt, Ended
from reconcile.model.change import Change
from reconcile.model.outcome import Outcome, Result
from reconcile.model.states import Condition, Live, Unreadable
from reconcile.ports import SaveAnswer

_AGAIN = "run plan and apply again: what is done is recognised, the rest is finished"

# reason → (sentence, hint). {answer} is what the save call came back with, {live} what was read last.
_WORDS: dict[str, tuple[str, str | None]] = {
    "saved": ("saved, and read back as desired", None),
    "already-as-desired": ("already as desired; nothing was saved", None),
    "stale": (
        "live is no longer what the plan saw ({live}); nothing was saved",
        "plan again, and look at what changed",
    ),
    "unreadable": ("could not be read just before saving ({live}); nothing was saved", _AGAIN),
    "guard": ("{answer}", None),
    "not-started": ("not started", _AGAIN),
    "run-stopped": ("not started, because the run was stopped: {answer}", None),
    "not-sent": ("not saved: {answer}", _AGAIN),
    "rejected": ("the service refused to save it: {answer}", None),
    "interrupted": ("the run was interrupted before the save could be read back", "the next run reads and settles it"),
    "duplicated": (
        "live jobs for this code after saving: {live}. Saving adds a job on this service, and each of them fires",
        "remove all but one in the service, and set service.save to append in reconcile.yaml",
    ),
    "other-live": (
        "after the save live is neither as desired nor as before ({live})",
        "look at who else saves this job",
    ),
    "not-taken": (
        "the service acknowledged the save, but still shows what was there before ({live})",
        "ask the service's operator; running again tries once more",
    ),
    "unreadable-after-save": ("sent, but it could not be read back ({live})", "the next run reads and settles it"),
    "lost-reply": (
        "no trustworthy reply ({answer}), and live still reads as before; it may be done yet",
        "the next run reads and settles it",
    ),
}


def unsaved(change: Change, result: Result, reason: str, *, live: Live | None = None, because: str = "") -> Outcome:
    """Return the outcome of a change for which no save was sent."""
    message, hint = _WORDS[reason]
    return Outcome(change, result, reason, message.format(answer=because, live=_shown(live)), live=live, hint=hint)


def outcome_of(change: Change, attempt: Attempt, end: Ended, answer: SaveAnswer | None, live: Live | None) -> Outcome:
    """Return the outcome of a change that was begun."""
    message, hint = _WORDS[end.reason]
    message = message.format(answer=answer.message if answer is not None else "", live=_shown(live))
    if end.result is Result.VERIFIED:
        message += _about_activity(change, live)
    if answer is not None and answer.hint is not None and end.result is not Result.VERIFIED:
        hint = answer.hint
    return Outcome(change, end.result, end.reason, message, saves=attempt.saves, live=live, hint=hint)


def _about_activity(change: Change, live: Live | None) -> str:
    """What became of a job that was inactive: the API does not tell whether saving makes it active."""
    if Condition.INACTIVE not in change.conditions or not isinstance(live, tuple):
        return ""
    return "; the job is active now" if all(row.active for row in live) else "; the job is still inactive"


def _shown(live: Live | None) -> str:
    if live is None:
        return "not read"
    if isinstance(live, Unreadable):
        return live.message
    if not live:
        return "absent"
    return ", ".join(f"{row.cron!r} {row.status} (job {row.job_id})" for row in live)
