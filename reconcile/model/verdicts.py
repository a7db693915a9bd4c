"""How a key's desired, last applied and live sides compare: its verdict, its conditions, and the action of a save."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """How desired, last applied and live compare. The first that fits, in this order."""

    UNREADABLE = "unreadable"
    ORPHAN = "orphan"
    VANISHED = "vanished"
    NEVER_APPLIED = "never-applied"
    IN_SYNC = "in-sync"
    CONVERGED = "converged"
    PENDING = "pending"
    DRIFTED = "drifted"
    CONFLICTING = "conflicting"


class Condition(StrEnum):
    """What is out of the ordinary on the live side, whatever the verdict."""

    INACTIVE = "inactive"
    PARKED = "parked"
    DUPLICATE = "duplicate"
    UNPARSEABLE = "unparseable"


class SavedField(StrEnum):
    """A declared field that a save writes, as far as the service shows it."""

    CRON = "cron"
    NAME = "name"
    STATE = "state"


class Action(StrEnum):
    """What a save would do to a key."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    PARK = "park"
    ENABLE = "enable"
