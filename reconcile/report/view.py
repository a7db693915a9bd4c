"""A view: one value that holds what a human is to see, before it is text, markdown or anything else.

Words are ours; data comes from YAML or from the service. A piece says which it is: a format shows data so that nobody
takes it for markup, and makes control characters visible in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Tone(StrEnum):
    """How something is meant; a format has a colour, a class or nothing at all for each."""

    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"
    ADDED = "added"
    CHANGED = "changed"
    STOPPED = "stopped"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text in one tone; *is_data* when it comes from YAML or from the service."""

    text: str
    tone: Tone = Tone.PLAIN
    is_data: bool = False


Phrase: TypeAlias = tuple[Piece, ...]
"""Pieces in a row: a line, a value, or the cell of a table."""


def words(text: str, tone: Tone = Tone.PLAIN) -> Phrase:
    """Return our own words as a phrase."""
    return (Piece(text, tone),)


def data(text: str, tone: Tone = Tone.PLAIN) -> Phrase:
    """Return text from YAML or the service as a phrase."""
    return (Piece(text, tone, is_data=True),)


@dataclass(frozen=True, slots=True)
class Row:
    """A value of an entry, with its label; an empty label goes on with the row above."""

    label: str
    value: Phrase


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a reader looks at: a *sign*, a *title* of cells that are aligned within a section, and rows.

    *block* is preformatted, as it stands in a file: a quoted line and its caret.
    """

    sign: str
    title: tuple[Phrase, ...]
    tone: Tone = Tone.PLAIN
    rows: tuple[Row, ...] = ()
    block: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under column titles."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Phrase, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Entries, a table, or notes, under a title; an empty title is not shown."""

    title: str
    entries: tuple[Entry, ...] = ()
    table: Table | None = None
    notes: tuple[Phrase, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to show."""
        return not self.entries and not self.notes and (self.table is None or not self.table.rows)


@dataclass(frozen=True, slots=True)
class View:
    """What a human sees: *closing* is the last line, and says it all."""

    headline: str
    sections: tuple[Section, ...]
    closing: str
    tone: Tone = Tone.PLAIN

    @property
    def filled(self) -> tuple[Section, ...]:
        """Return the sections that have something to show."""
        return tuple(section for section in self.sections if not section.is_empty)
