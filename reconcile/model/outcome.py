"""What became of a change in one apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.live import Live


class AnswerKind(StrEnum):
    """What is known of one save call."""

    ACKNOWLEDGED = "acknowledged"
    """The service replied with a job id."""
    REJECTED = "rejected"
    """The service replied that it did not save; asking again would get the same reply."""
    UNSENT = "unsent"
    """Certainly not done: no connection, or 429 to the last repeat."""
    LOST = "lost"
    """Sent, and no trustworthy reply: it may have been done, or may be done yet."""
    NOT_STARTED = "not-started"
    """The run was stopped before this save was begun."""
    REFUSED = "refused"
    """Not sent: a guard objected in the moment in which it was to be begun."""


class Result(StrEnum):
    """How one change ended.

    *verified*: read back, and as desired. *mismatched*: the service said saved, but shows something else. *refused*: a
    guard, or a live side that moved since the plan. *failed*: certainly not saved. *skipped*: not started. *unknown*:
    it may have been saved; the next run reads what became of it.
    """

    VERIFIED = "verified"
    MISMATCHED = "mismatched"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How *change* ended. *saves* counts save calls that may have reached the service; *live* is what was read last.

    *reason* is a stable kebab-case id (`saved`, `already-as-desired`, `stale`, `lost-reply`, …), *message* a sentence.
    """

    change: Change
    result: Result
    reason: str
    message: str
    saves: int = 0
    live: Live | None = None
    hint: str | None = None
    in_doubt: bool = False
    """Whether a save of it got no trustworthy reply: it may land late, whatever was read since."""

    @property
    def key(self) -> Key:
        """Return the schedule key."""
        return self.change.key


@dataclass(frozen=True, slots=True)
class Intent:
    """A save about to be made: written down before it is sent, so that a crash leaves a trace of it."""

    change: Change

    @property
    def key(self) -> Key:
        """Return the schedule key."""
        return self.change.key
