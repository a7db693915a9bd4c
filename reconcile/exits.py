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
class ExitMeaning:
    """When a run ends with one of *exits*: any command, or only *commands*.

    *at_night* is what to do about it where a pipeline saves unattended; empty where that cannot happen.
    """

    exits: tuple[Exit, ...]
    when: str
    commands: tuple[str, ...] = ()
    at_night: str = ""


_SAVING = ("apply", "rollback")

MEANINGS = (
    ExitMeaning((Exit.DONE,), "done, or nothing to do"),
    ExitMeaning((Exit.DONE,), "everything asked for is done, verified and written down", _SAVING, at_night="sleep"),
    ExitMeaning((Exit.ERROR,), "an error"),
    ExitMeaning((Exit.ERROR,), "there are findings as severe as `--fail-severity`", ("validate",)),
    ExitMeaning((Exit.ERROR,), "something could not be read", ("plan", "drift", "status", "history", "ledger rebuild")),
    ExitMeaning(
        (Exit.ERROR,),
        "an error left nothing saved: no service, wrong files, unreadable schedules",
        _SAVING,
        at_night="run again later; then look",
    ),
    ExitMeaning((Exit.DIFFERENT,), "there are changes", ("plan --detailed-exitcode",)),
    ExitMeaning((Exit.DIFFERENT,), "something moved", ("drift",)),
    ExitMeaning((Exit.DIFFERENT,), "they fire differently", ("explain --against",)),
    ExitMeaning(
        (Exit.REFUSED,),
        "guards left nothing saved: a limit, a freeze, a schedule that is protected, paused, held or gone, the lock, "
        "a used or stale plan, no ledger",
        _SAVING,
        at_night="a person decides",
    ),
    ExitMeaning(
        (Exit.PARTLY_SAVED,),
        "something was saved, and not all is done and verified",
        _SAVING,
        at_night="run again; the report gives the reason of what remains",
    ),
    ExitMeaning(
        (Exit.INTERRUPTED, Exit.TERMINATED),
        "interrupted (SIGINT, SIGTERM): nothing new was begun, the report is out within five seconds, and the next "
        "run settles what was under way",
        at_night="run again",
    ),
)
