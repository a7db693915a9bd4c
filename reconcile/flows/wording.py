"""The words of an apply about one change: one table with a sentence and a hint for each way that it can end."""

from __future__ import annotations

from dataclasses import replace

from reconcile.engine.guard import refused_by
from reconcile.engine.overrides import ENABLE_INACTIVE
from reconcile.engine.settle import Attempt, Ended
from reconcile.errors import LedgerError, LedgerGoneError, LockLostError, ReconcileError
from reconcile.model.change import Change
from reconcile.model.finding import Finding, Refusal
from reconcile.model.live import Live, Unreadable
from reconcile.model.outcome import Outcome, Result
from reconcile.model.rules import LedgerRule
from reconcile.model.verdicts import Condition
from reconcile.ports import SaveAnswer

_AGAIN = "run plan and apply again: what is done is recognised, the rest is finished"

_ACTIVATE = (
    "activate it in the service; if no save does that here, set service.save_enables to false in reconcile.yaml; "
    f"if it is to stay off, leave out {ENABLE_INACTIVE.option}, or declare state: parked"
)

# reason → (sentence, hint). {answer} is what the save call came back with, {live} what was read last.
WORDS: dict[str, tuple[str, str | None]] = {
    "saved": ("saved, and read back as desired", None),
    "acknowledged": ("saved, as the service says: the name cannot be read back, and nothing else was to change", None),
    "landed-late": ("saved: it landed after its last read-back, and the closing one found it as desired", None),
    "already-as-desired": ("already as desired; nothing was saved", None),
    "stale": (
        "live is no longer what the plan saw ({live}); nothing was saved",
        "plan again, and look at what changed",
    ),
    "unreadable": ("could not be read just before saving ({live}); nothing was saved", _AGAIN),
    "guard": ("{answer}", None),
    "not-started": ("not started", _AGAIN),
    "run-stopped": ("not started, because the run was stopped: {answer}", None),
    "no-intent": ("not started, because the ledger could not record that it would be saved: {answer}", _AGAIN),
    "save-appends": (
        "not started: in this run saving was seen to add a job instead of updating the one that was there",
        "set service.save to append in reconcile.yaml (or to upsert, if another program added the job), and plan again",
    ),
    "not-sent": ("not saved: {answer}", _AGAIN),
    "rejected": ("the service refused to save it: {answer}", None),
    "interrupted": ("the run was interrupted before the save could be read back", "the next run reads and settles it"),
    "duplicated": (
        "live jobs for this code after saving: {live}. Saving adds a job on this service, and each of them fires",
        "remove all but one in the service, and set service.save to append in reconcile.yaml",
    ),
    "other-live": (
        "after the save live is neither as desired nor as before ({live})",
        "find out what else saves this job",
    ),
    "moved-after": (
        "it was read back as desired, and read again it no longer is ({live})",
        "find out what else saves this job, then plan again",
    ),
    "not-taken": (
        "the service acknowledged the save, but still shows what was there before ({live})",
        "ask the service's operator; running again tries once more",
    ),
    "still-inactive": (
        "after the save the job is still inactive ({live}): the service did not make it active",
        _ACTIVATE,
    ),
    "unreadable-after-save": ("sent, but it could not be read back ({live})", "the next run reads and settles it"),
    "lost-reply": (
        "no trustworthy reply ({answer}), and live still reads as before; it may be done yet",
        "the next run reads and settles it",
    ),
}


def unsaved(change: Change, result: Result, reason: str, *, live: Live | None = None, because: str = "") -> Outcome:
    """Return the outcome of a change for which no save was sent."""
    message, hint = WORDS[reason]
    return Outcome(change, result, reason, message.format(answer=because, live=_shown(live)), live=live, hint=hint)


def outcome_of(change: Change, attempt: Attempt, end: Ended, answer: SaveAnswer | None, live: Live | None) -> Outcome:
    """Return the outcome of a change that was begun."""
    message, hint = WORDS[end.reason]
    message = message.format(answer=answer.message if answer is not None else "", live=_shown(live))
    if end.result is Result.VERIFIED:
        message += _about_activity(change, live)
    if answer is not None and answer.hint is not None and end.result is not Result.VERIFIED:
        # What is unknown is settled by the next run, whatever else there is to look at.
        hint = f"{hint}; {answer.hint}" if end.result is Result.UNKNOWN and hint else answer.hint
    return Outcome(
        change,
        end.result,
        end.reason,
        message,
        saves=attempt.saves,
        live=live,
        hint=hint,
        in_doubt=attempt.in_doubt,
    )


def corrected(outcome: Outcome, result: Result, reason: str, live: Live) -> Outcome:
    """Return *outcome* as a later look at *live* shows it."""
    message, hint = WORDS[reason]
    message = message.format(live=_shown(live))
    if result is Result.VERIFIED:
        message += _about_activity(outcome.change, live)
    return replace(outcome, result=result, reason=reason, message=message, live=live, hint=hint)


def not_recorded(error: LedgerError, *, sent: bool) -> Finding:
    """Return what to say when the ledger could not take a wave: its outcomes if saves were *sent*, else its intents."""
    if sent:
        message = f"saves were made, and the ledger could not record what became of them: {error.message}"
        hint = "the next run reads and settles them"
    else:
        message = f"the ledger could not be written, so nothing more was saved: {error.message}"
        hint = _AGAIN
    rule = LedgerRule.LEDGER_OPEN_INTENTS if sent else LedgerRule.LEDGER_NOT_WRITTEN
    rule = rule_of(error, else_by=rule)
    return Finding(rule, message, hint=f"{error.hint}; {hint}" if error.hint else hint)


def rule_of(error: LedgerError, *, else_by: LedgerRule) -> LedgerRule:
    """Return the rule of a finding about *error*; one that neither took the ledger away nor the lock is *else_by*."""
    if isinstance(error, LedgerGoneError):
        return LedgerRule.LEDGER_GONE
    return LedgerRule.LOCK_LOST if isinstance(error, LockLostError) else else_by


def refusal_of(error: ReconcileError, message: str, remedy: str | None) -> Refusal:
    """Return the refusal of a run because of *error* of its ledger."""
    if isinstance(error, LedgerGoneError):
        return refused_by("ledger-gone", message, remedy=remedy)
    if isinstance(error, LockLostError):
        return refused_by("locked", message, remedy=remedy)
    return refused_by("no-ledger", message, remedy=remedy)


def lock_lost(error: LockLostError) -> Finding:
    """Return what to say of a run that saves nothing more, because it no longer holds its lock."""
    return Finding(LedgerRule.LOCK_LOST, f"nothing more was saved: {error.message}", hint=error.hint)


def refused_by_ledger(error: LedgerError) -> Refusal:
    """Return the refusal of all that is left, where the ledger or its lock is no longer there: by *error*."""
    return refusal_of(error, f"nothing more is saved: {error.message}", error.hint)


def _about_activity(change: Change, live: Live | None) -> str:
    """Return what became of a job that was inactive: the API does not tell whether saving makes it active."""
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
