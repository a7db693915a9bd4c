"""A view: one value that holds what a human is to see, before it is text, markdown or anything else.

It holds plain strings, ours and those of YAML and the service alike: each format makes all of them harmless in its own
way (`escape`), so that nobody has to remember which is which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from reconcile.source import Span


class Tone(Enum):
    """How something is meant; a format has a colour, a class or nothing at all for each."""

    PLAIN = "plain"
    GOOD = "good"
    CHANGED = "changed"
    QUIET = "quiet"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Detail:
    """A value below an entry, with its label."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a reader looks at: a *sign*, *columns* that are aligned with those of its neighbours, details."""

    sign: str
    columns: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Something said about a *place*: with the line that stands there, the characters meant, and what to do."""

    message: str
    place: Span | None = None
    line_text: str | None = None
    hint: str | None = None
    tone: Tone = Tone.BAD


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence, and what to do."""

    text: str
    hint: str | None = None
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under column titles."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = Entry | Excerpt | Note | Table


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What a human sees: *closing* comes last, and says it all.

    *trailer* is a line below it that is copied into the message of a commit: of our own words and digits alone.
    """

    headline: str
    sections: tuple[Section, ...] = ()
    closing: str = ""
    tone: Tone = Tone.PLAIN
    trailer: str = ""


def sections(*titled: tuple[str, Iterable[Block]]) -> tuple[Section, ...]:
    """Return a section for each title that has something below it."""
    made = (Section(title, tuple(blocks)) for title, blocks in titled)
    return tuple(section for section in made if section.blocks)
