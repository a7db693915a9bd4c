"""Places in source text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


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


def span_document(span: Span | None) -> dict[str, Any] | None:
    """Return *span* as documents have it."""
    return None if span is None else asdict(span)


def span_of(document: Mapping[str, Any] | None) -> Span | None:
    """Return the span that `span_document` wrote."""
    return None if document is None else Span(*(document[name] for name in Span.__slots__))
