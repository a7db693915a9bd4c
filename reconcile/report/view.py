"""A view: one value that holds what a person is shown, before it is text, markdown or another format.

Its strings are plain, ours and those of YAML and the service alike: each format escapes all of them (`escape`).
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
    """One thing in a list: a *symbol*, *columns* that are aligned with those of its neighbours, and details."""

    symbol: str
    columns: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A message about a *place*: with the line at that place, carets below the characters, and what to do."""

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
    """A report as a person sees it: *closing* is the last line, and sums up the view.

    *trailer* is a line below it, to be copied into the message of a commit: it holds only our own words and digits.
    """

    headline: str
    sections: tuple[Section, ...] = ()
    closing: str = ""
    tone: Tone = Tone.PLAIN
    trailer: str = ""


def sections(*titled: tuple[str, Iterable[Block]]) -> tuple[Section, ...]:
    """Return a section for each title that has something below it."""
    all_sections = (Section(title, tuple(blocks)) for title, blocks in titled)
    return tuple(section for section in all_sections if section.blocks)
