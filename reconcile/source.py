"""Places in source text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one line of a file.

    *file* is relative to the repository root, with forward slashes. *line* and *column* count from 1, in characters;
    *width* is the number of characters underlined, at least 1.

    >>> str(Span("schedules/tenants/acme.yaml", 7, 16, 2))
    'schedules/tenants/acme.yaml:7:16'
    """

    file: str
    line: int
    column: int = 1
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
