"""Overrides: the options that lift guards for one run. One table: command line, judging, record and docs read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Takes(Enum):
    """What an override takes on the command line; the value is how its help calls that."""

    NOTHING = None
    COUNT = "N"
    REASON = "REASON"


@dataclass(frozen=True, slots=True)
class Override:
    """An option that lifts guards for one run.

    One that takes a count lifts them up to that count; one that takes a reason is recorded with it.
    """

    option: str
    help: str
    takes: Takes = Takes.NOTHING

    def written(self, count: int | str = "N") -> str:
        """Return the option as it is written on the command line, with *count* where it takes one.

        >>> ALLOW_CHANGES.written(12), OVERRIDE_FREEZE.written(), RECREATE.written()
        ('--allow-changes 12', '--override-freeze "reason"', '--recreate')
        """
        if self.takes is Takes.COUNT:
            return f"{self.option} {count}"
        return f'{self.option} "reason"' if self.takes is Takes.REASON else self.option


ALLOW_INACTIVE = Override("--allow-inactive", "Save also over jobs that are paused.")
ENABLE_INACTIVE = Override(
    "--enable-inactive", "Save also jobs that differ only in being paused; a saved job must then be active."
)
INCLUDE_RENAMES = Override("--include-renames", "Save also what differs only in its name.")
PARK_REMOVED = Override("--park-removed", "Park jobs that no file declares any more.")
RECREATE = Override("--recreate", "Create again what was applied once and is gone.")
ACCEPT_DRIFT = Override("--accept-drift", "Save also over what was changed by hand (on_drift: hold).")
ALLOW_PROTECTED = Override("--allow-protected", "Save also schedules with protect: true.")
ALLOW_CHANGES = Override("--allow-changes", "Lift the limits for at most N changes.", Takes.COUNT)
ALLOW_OLDER = Override("--allow-older", "Apply also a commit that does not hold the live one.")
OVERRIDE_FREEZE = Override("--override-freeze", "Apply in a freeze, and near fires; REASON is recorded.", Takes.REASON)

# In the order in which help lists them and a run records them.
OVERRIDES = (
    ALLOW_INACTIVE,
    ENABLE_INACTIVE,
    INCLUDE_RENAMES,
    PARK_REMOVED,
    RECREATE,
    ACCEPT_DRIFT,
    ALLOW_PROTECTED,
    ALLOW_CHANGES,
    ALLOW_OLDER,
    OVERRIDE_FREEZE,
)

OVERRIDES_OF_EVERY_PLAN = tuple(override for override in OVERRIDES if override is not ALLOW_OLDER)
"""Only `apply` judges the order of commits: `plan` and `rollback` have nothing that it would lift."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """The overrides that one run was given, each with its value: True, a count or a reason.

    They come from the command line, never from the environment or a file.
    """

    given: Mapping[Override, bool | int | str] = field(default_factory=dict)

    def __contains__(self, override: Override) -> bool:
        return override in self.given

    def count(self, override: Override) -> int | None:
        """Return the count that *override* was given with; None where it was not given."""
        value = self.given.get(override)
        return None if value is None else int(value)

    def adding(self, override: Override) -> Allowances:
        """Return these allowances and *override*, which takes nothing."""
        return Allowances({**self.given, override: True})

    def typed(self, overrides: tuple[Override, ...] = OVERRIDES) -> tuple[str, ...]:
        """Return what was given as it was typed, in the order of *overrides*; a count of 0 lifts nothing."""
        values = ((override, self.given.get(override)) for override in overrides)
        return tuple(
            override.option if override.takes is Takes.NOTHING else f"{override.option} {value}"
            for override, value in values
            if value
        )
