"""How the commit that is to be applied stands to the live one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconcile.model.keys import Key

_SHORT = 12


class Standing(StrEnum):
    """How a commit stands to another one."""

    NEWER = "newer"
    """It holds the other one: nothing of that is lost."""
    OLDER = "older"
    PARTED = "parted"
    """Neither holds the other."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as messages name it; *subject* is the first line of its message, empty where it is not known here."""

    id: str
    subject: str = ""

    def __str__(self) -> str:
        """Return its short id and its subject.

        >>> str(Commit("5d6e7f8091a2b3c4", "Begin at two")), str(Commit("5d6e7f8091a2b3c4"))
        ('5d6e7f8091a2 "Begin at two"', '5d6e7f8091a2')
        """
        return f'{self.id[:_SHORT]} "{self.subject}"' if self.subject else self.id[:_SHORT]


@dataclass(frozen=True, slots=True)
class CommitOrder:
    """The *standing* of the commit *here*, which is to be applied, to the *live* one.

    *differing* are the keys that *here* declares otherwise than last applied, or no more, sorted. Where the standing is
    unknown, *why* says why, and *remedy* what a person can do about it.
    """

    standing: Standing
    here: Commit
    live: Commit
    differing: tuple[Key, ...] = ()
    why: str = ""
    remedy: str = ""
