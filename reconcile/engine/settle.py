"""Settling a save: from what the service answered and what reading back shows, the next step.

Terms. A save is *in doubt* once a call was sent and no trustworthy reply came (`lost`): it may have been done, or may
be done seconds later. *Before* is what the plan saw live; *desired* is what was to be saved. Live can be *both*: the
API does not return the name, so where nothing but the name is saved reading shows the same before and after. A service
is *upserting* when saving over a job is known to update that job, and not to add another.

Premise. The API has no transaction and no request id, so a save can be proven only by reading. Reading may lag behind,
hence several read-backs with growing pauses. A save may be repeated only where a late first one can do no harm: over
a job that reads as before, and for a code that reads as absent only on an upserting service, since elsewhere both saves
would each make a job. Where live is both, reading proves only that no second job was made; the service's word is then
all there is.

    answer            read-back         next step
    not-started       -                 ended: skipped, or unknown if in doubt
    refused           -                 ended: refused, or unknown if in doubt
    unsent            -                 ended: failed, or unknown if in doubt
    any other         (none yet)        read
    any               duplicate         ended: mismatched, and the whole run stops
    any               as-desired        ended: verified
    acknowledged      as-both           ended: verified, on the service's word
    acknowledged      other             ended: mismatched
    rejected          as-before, -both, ended: failed, or unknown if in doubt
                      other, inactive
    lost              other             ended: unknown
    any               unreadable        read again; at last: failed if surely rejected, else unknown
    acknowledged      as-before         read again; at last: mismatched
    acknowledged,     inactive          read again; at last: mismatched
    lost
    lost              as-before, -both  read again; at last: save once more where harmless, else unknown
    rejected          (interrupted)     ended: failed, or unknown if in doubt
    any other         (interrupted)     ended: unknown
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from reconcile.model.change import Change, same_rows
from reconcile.model.live import Live, Unreadable
from reconcile.model.outcome import AnswerKind, Result
from reconcile.model.schedule import State
from reconcile.model.verdicts import Action, Condition

MAX_READS = 4
MAX_SAVES = 2


class Seen(StrEnum):
    """What reading a key back shows, compared with what is desired and with what was live before."""

    AS_DESIRED = "as-desired"
    AS_BEFORE = "as-before"
    AS_BOTH = "as-both"
    """As desired, and so it was before: reading cannot tell whether the save was done."""
    INACTIVE = "inactive"
    """Fires as desired, and otherwise than before, but the job that was to be made active is not."""
    OTHER = "other"
    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"


Evidence: TypeAlias = AnswerKind | Seen


@dataclass(frozen=True, slots=True)
class Attempt:
    """The state of a save: *saves* that may have reached the service, *reads* since the last one, its *answer*."""

    action: Action
    upserting: bool = False
    saves: int = 0
    reads: int = 0
    answer: AnswerKind | None = None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class SaveNow:
    """Next: send the save."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Next: read the key back, after the pause that belongs to read number *reads* (0 is at once)."""

    reads: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Settled: how, and why (a stable kebab-case id). *stops_run*: nothing more may be saved in this run."""

    result: Result
    reason: str
    stops_run: bool = False


Step: TypeAlias = SaveNow | ReadBack | Ended


def seen(change: Change, live: Live) -> Seen:
    """Return what *live*, read after a save of *change*, shows."""
    if isinstance(live, Unreadable):
        return Seen.UNREADABLE
    if len(live) > 1:
        return Seen.DUPLICATE
    now = replace(change, live=live)
    is_as_before = isinstance(change.live, tuple) and same_rows(change.live, live)
    is_done = bool(live) and now.fires_as_desired
    if is_done and not _awaits_activation(change, now):
        return Seen.AS_BOTH if is_as_before else Seen.AS_DESIRED
    if is_as_before:
        return Seen.AS_BEFORE
    return Seen.INACTIVE if is_done else Seen.OTHER


def settle(attempt: Attempt, evidence: Evidence) -> tuple[Attempt, Step]:
    """Return the attempt with *evidence* counted in, and the next step (the table above)."""
    if isinstance(evidence, AnswerKind):
        return _after_answer(attempt, evidence)
    attempt = replace(attempt, reads=attempt.reads + 1)
    return attempt, _after_reading(attempt, evidence)


def interrupted(attempt: Attempt) -> Ended:
    """Return how a save ends that was sent, and can no longer be read back because the run is stopped."""
    if attempt.answer is AnswerKind.REJECTED:
        return _unless_in_doubt(attempt, Result.FAILED, "rejected")
    return Ended(Result.UNKNOWN, "interrupted")


def _awaits_activation(before: Change, now: Change) -> bool:
    is_asked = before.to_activate or before.action is Action.ENABLE
    return is_asked and before.desired.state is State.ACTIVE and Condition.INACTIVE in now.conditions


def _after_answer(attempt: Attempt, answer: AnswerKind) -> tuple[Attempt, Step]:
    if answer is AnswerKind.NOT_STARTED:
        return attempt, _unless_in_doubt(attempt, Result.SKIPPED, "not-started")
    if answer is AnswerKind.REFUSED:
        return attempt, _unless_in_doubt(attempt, Result.REFUSED, "guard")
    if answer is AnswerKind.UNSENT:
        return attempt, _unless_in_doubt(attempt, Result.FAILED, "not-sent")
    attempt = replace(
        attempt,
        saves=attempt.saves + 1,
        reads=0,
        answer=answer,
        in_doubt=attempt.in_doubt or answer is AnswerKind.LOST,
    )
    return attempt, ReadBack(0)


def _after_reading(attempt: Attempt, evidence: Seen) -> Step:
    if evidence is Seen.DUPLICATE:
        return Ended(Result.MISMATCHED, "duplicated", stops_run=True)
    if evidence is Seen.AS_DESIRED:
        return Ended(Result.VERIFIED, "saved")
    if evidence is Seen.OTHER:
        return _after_other(attempt)
    if attempt.answer is AnswerKind.REJECTED and evidence is not Seen.UNREADABLE:
        return _unless_in_doubt(attempt, Result.FAILED, "rejected")
    if attempt.answer is AnswerKind.ACKNOWLEDGED and evidence is Seen.AS_BOTH:
        return Ended(Result.VERIFIED, "acknowledged")
    if attempt.reads < MAX_READS:
        return ReadBack(attempt.reads)
    if evidence is Seen.UNREADABLE:
        return _after_unreadable(attempt)
    if evidence is Seen.INACTIVE:
        return Ended(Result.MISMATCHED, "still-inactive")
    return _after_no_effect(attempt)


def _after_other(attempt: Attempt) -> Step:
    if attempt.answer is AnswerKind.ACKNOWLEDGED:
        return Ended(Result.MISMATCHED, "other-live")
    if attempt.answer is AnswerKind.REJECTED:
        return _unless_in_doubt(attempt, Result.FAILED, "rejected")
    return Ended(Result.UNKNOWN, "other-live")


def _after_unreadable(attempt: Attempt) -> Step:
    if attempt.answer is AnswerKind.REJECTED:
        return _unless_in_doubt(attempt, Result.FAILED, "rejected")
    return Ended(Result.UNKNOWN, "unreadable-after-save")


def _after_no_effect(attempt: Attempt) -> Step:
    if attempt.answer is AnswerKind.ACKNOWLEDGED:
        if attempt.action is Action.ENABLE:
            return Ended(Result.MISMATCHED, "still-inactive")
        return Ended(Result.MISMATCHED, "not-taken")
    harmless = attempt.action is not Action.CREATE or attempt.upserting
    if harmless and attempt.saves < MAX_SAVES:
        return SaveNow()
    return Ended(Result.UNKNOWN, "lost-reply")


def _unless_in_doubt(attempt: Attempt, result: Result, reason: str) -> Ended:
    return Ended(Result.UNKNOWN, "lost-reply") if attempt.in_doubt else Ended(result, reason)
