"""The exceptions of `reconcile`, and the exit code that each one ends a run with.

::

    ReconcileError                1   any of the below; carries message, hint and place
    ├── UsageError                1   the command line is wrong, or two options contradict each other
    ├── SettingError              1   the workspace, or a variable that it names, is missing or wrong
    ├── DeclarationError          1   the declarations have findings that are errors (carries them)
    ├── CronSyntaxError           1   a cron expression that the service's Quartz would refuse
    ├── LedgerError               1   the ledger cannot be opened, read or written
    ├── LedgerGoneError           1   the ledger that `lineage` names is not there, or was taken back
    ├── NoLedgerYetError          1   there is no ledger yet, for a command that makes none
    ├── LockLostError             1   the run no longer holds the lock of its ledger: it saves nothing more
    ├── LedgerMovedError          1   another run moved the ledger before this one wrote to it: nothing was saved
    ├── LedgerRefusedError        1   the ledger took nothing of a run that has saved nothing
    ├── PlanFileError             1   a plan file that cannot be read, or is not what was written
    ├── ServiceError              1   the service could not be asked, or its answer cannot be trusted
    ├── OutputError               1   a document could not be written
    └── RefusedError              3   a guard said no before anything was saved (carries the refusals)

An exception stops a run. What is merely wrong with one declaration is a finding, and is collected. The two exceptions
that carry such values stand beside them, in `model.finding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconcile.exits import Exit

if TYPE_CHECKING:
    from reconcile.source import Span


class ReconcileError(Exception):
    """Anything that stops a run: what is wrong with which value, what to do about it, and where it stands."""

    exit_code = Exit.ERROR

    def __init__(self, message: str, *, hint: str | None = None, place: Span | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place


class UsageError(ReconcileError):
    """The command line is wrong."""


class SettingError(ReconcileError):
    """The workspace file, an option, or a variable named by one of them is missing or wrong."""


class CronSyntaxError(ReconcileError):
    """A cron expression that Quartz would refuse (or that must never reach it).

    *text* is the expression as given; *column* (from 0) and *width* say which characters of it are meant; *field* is
    the Quartz name of the field, where one is meant.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str,
        column: int = 0,
        width: int = 1,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.column = column
        self.width = width
        self.field = field


class LedgerError(ReconcileError):
    """The ledger cannot be opened, read or written, is newer than this program, or belongs to another workspace."""


class LedgerGoneError(LedgerError):
    """The ledger that was there is not there any more, is another one, or was taken back: it is not begun anew."""


class NoLedgerYetError(LedgerError):
    """There is no ledger yet, and the command makes none."""


class LockLostError(LedgerError):
    """The run no longer holds its lock: it was taken over, unlocked, or not renewed in time. Nothing more is saved."""


class LedgerMovedError(ReconcileError):
    """Another run moved the ledger after this one read it. Nothing was saved: the plan is to be made anew."""


class LedgerRefusedError(ReconcileError):
    """The ledger took not even the first step of a run: without it nothing is saved, and nothing was."""


class PlanFileError(ReconcileError):
    """A plan file cannot be read, was edited, or was made for something else."""


class ServiceError(ReconcileError):
    """The service could not be asked, or its answer cannot be trusted."""


class OutputError(ReconcileError):
    """A document could not be written to the file or stream that was named."""
