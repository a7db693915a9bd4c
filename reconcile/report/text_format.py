"""A view as text for a terminal or a log. Nothing is cut or wrapped: a log must hold all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from reconcile.report.escape import cells, padded
from reconcile.report.view import Block, Entry, Excerpt, Note, Section, Table, Tone, View
from reconcile.text import visible

_SGR = {Tone.GOOD: "32", Tone.CHANGED: "33", Tone.QUIET: "2", Tone.BAD: "31"}

# A file may hold a line of a million characters; so many on either side of the place are quoted.
_AROUND = 100


def as_text(view: View, *, colour: bool = False) -> str:
    """Return *view* as text that ends in a line break."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(view, _Painter(colour)))


class _Painter:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, words: str, tone: Tone) -> str:
        if not self._colour or tone not in _SGR:
            return words
        return f"\x1b[{_SGR[tone]}m{words}\x1b[0m"

    def title(self, words: str) -> str:
        return f"\x1b[1m{words}\x1b[0m" if self._colour else words


def _lines(view: View, paint: _Painter) -> Iterator[str]:
    yield paint.title(visible(view.headline))
    for section in view.sections:
        yield ""
        yield from _section(section, paint)
    if view.closing:
        yield ""
        yield paint(visible(view.closing), view.tone)
    if view.trailer:
        yield view.trailer


def _section(section: Section, paint: _Painter) -> Iterator[str]:
    yield paint.title(f"{visible(section.title)}:")
    for kind, blocks in groupby(section.blocks, key=type):
        if kind is Entry:
            yield from _entries([block for block in blocks if isinstance(block, Entry)], paint)
        else:
            for block in blocks:
                yield from _block(block, paint)


def _block(block: Block, paint: _Painter) -> Iterator[str]:
    if isinstance(block, Table):
        yield from (f"  {line}" for line in _aligned([block.columns, *block.rows]))
    elif isinstance(block, Excerpt):
        yield from _excerpt(block, paint)
    else:
        assert isinstance(block, Note), f"a block of no known kind: {block!r}"
        yield f"  {paint(visible(block.text), block.tone)}"
        if block.hint:
            yield f"    hint: {visible(block.hint)}"


def _excerpt(block: Excerpt, paint: _Painter) -> Iterator[str]:
    """Yield the lines of a finding: place and message, the source line, carets below what is meant, the hint."""
    place = f"{visible(str(block.place))}: " if block.place is not None else ""
    yield place + paint(visible(block.message), block.tone)
    yield from (f"    {line}" for line in quotation(block))
    if block.hint:
        yield f"    hint: {visible(block.hint)}"


def quotation(block: Excerpt) -> tuple[str, ...]:
    """Return the line that a finding stands in and its carets, aligned under wide characters too; or nothing."""
    place, line = block.place, block.line_text
    if place is None or line is None:
        return ()
    start = min(place.column - 1, len(line))
    end = min(start + place.width, len(line))
    first, last = max(start - _AROUND, 0), min(len(line), min(end, start + _AROUND) + _AROUND)
    before = ("…" if first else "") + visible(line[first:start])
    meant = visible(line[start : min(end, last)])
    after = visible(line[end:last]) + ("…" if last < len(line) else "")
    return f"{before}{meant}{after}", " " * cells(before) + "^" * max(1, cells(meant))


def _entries(entries: list[Entry], paint: _Painter) -> Iterator[str]:
    """Yield entries with their columns aligned; labels align within one entry."""
    heads = _aligned([(entry.symbol, *entry.columns) for entry in entries])
    for entry, head in zip(entries, heads, strict=True):
        yield f"  {paint(head, entry.tone)}"
        width = max((cells(detail.label) for detail in entry.details), default=0)
        for detail in entry.details:
            yield f"      {padded(visible(detail.label), width)}  {paint(visible(detail.text), detail.tone)}"


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    shown = [tuple(visible(cell) for cell in row) for row in rows]
    widths = [max(cells(cell) for cell in column) for column in zip(*shown, strict=True)]
    return ["  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
