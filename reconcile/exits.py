"""The exit codes of the program, and what each one means: the table that README and docs print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. Signals have the codes that a shell gives them: 128 and the number."""

    DONE = 0
    ERROR = 1
    DIFFERENT = 2
    REFUSED = 3
    PARTLY_SAVED = 4
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Meaning:
    """When a run ends with one of *exits*: any command, or only *commands*.

    *at_night* is what to do about it where a pipeline saves unattended; empty where that cannot happen.
    """

    exits: tuple[Exit, ...]
    when: str
    commands: tuple[str, ...] = ()
    at_night: str = ""


_SAVING = ("apply", "rollback")

MEANINGS = (
    Meaning((Exit.DONE,), "done, or nothing to do"),
    Meaning((Exit.DONE,), "everything asked for is done, verified and written down", _SAVING, at_night="sleep"),
    Meaning((Exit.ERROR,), "an error"),
    Meaning((Exit.ERROR,), "there are findings as severe as `--fail-severity`", ("validate",)),
    Meaning((Exit.ERROR,), "something could not be read", ("plan", "drift", "status", "history", "ledger rebuild")),
    Meaning(
        (Exit.ERROR,),
        "an error left nothing saved: no service, wrong files, unreadable schedules",
        _SAVING,
        at_night="run again later; then look",
    ),
    Meaning((Exit.DIFFERENT,), "there are changes", ("plan --detailed-exitcode",)),
    Meaning((Exit.DIFFERENT,), "something moved", ("drift",)),
    Meaning((Exit.DIFFERENT,), "they fire differently", ("explain --against",)),
    Meaning(
        (Exit.REFUSED,),
        "guards left nothing saved: a limit, a freeze, a schedule that is protected, paused, held or gone, the lock, "
        "a used or stale plan, no ledger",
        _SAVING,
        at_night="a person decides",
    ),
    Meaning(
        (Exit.PARTLY_SAVED,),
        "something was saved, and not all is done and verified",
        _SAVING,
        at_night="run again; the report gives the reason of what remains",
    ),
    Meaning(
        (Exit.INTERRUPTED, Exit.TERMINATED),
        "interrupted (SIGINT, SIGTERM): nothing new was begun, the report is out within five seconds, and the next "
        "run settles what was under way",
        at_night="run again",
    ),
)
