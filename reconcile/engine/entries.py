"""Entries of documents by their code, and what is wrong when one code stands twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from reconcile.engine.crons import Crons
from reconcile.engine.documents import Document, Fields, Pointer, Problem
from reconcile.model.rules import ScheduleRule


class Entry(NamedTuple):
    """An entry: a document, and the position of the entry in it."""

    document: Document
    position: int

    @property
    def fields(self) -> Fields:
        """Return what is written there."""
        return self.document.entries[self.position]

    @property
    def place(self) -> str:
        """Return where it begins, for a message."""
        return f"{self.document.file}:{self.document.lines[self.position]}"

    @property
    def is_broken(self) -> bool:
        """Return whether there is a finding about it already."""
        return self.position in self.document.broken

    def at(self, *path: str) -> Pointer:
        """Return the pointer to a value of it."""
        return Pointer(self.document.file, ("schedules", self.position, *path))


def by_code(documents: Iterable[Document], owner: str, crons: Crons, problems: list[Problem]) -> dict[str, Entry]:
    """Return the entries of *documents* by code, and append what is wrong with crons and with codes that stand twice.

    *owner* is what the documents declare together, as in ``acme`` or ``set core``.
    """
    found: dict[str, Entry] = {}
    for document in documents:
        for position, fields in enumerate(document.entries):
            code = fields.get("code")
            cron = fields.get("cron")
            if cron is not None and not crons.is_clean(cron):
                problems.extend(crons.problems(cron, Entry(document, position).at("cron")))
            if code is None:
                continue
            first = found.setdefault(code, Entry(document, position))
            if first.position != position or first.document is not document:
                problems.append(_twice(f"{owner}/{code}", Entry(document, position), first))
    return found


def _twice(name: str, second: Entry, first: Entry) -> Problem:
    return Problem(
        ScheduleRule.DECLARED_TWICE,
        f"{name} is declared twice: here and at {first.place}",
        second.at("code"),
        hint="delete one of the two",
    )
