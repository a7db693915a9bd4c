"""A view as markdown, for a pull request's comment or a job's summary. Entries become tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from reconcile.report.escape import markdown as escaped
from reconcile.report.escape import markdown_cell, markdown_fence
from reconcile.report.text_format import quotation
from reconcile.report.view import Block, Detail, Entry, Excerpt, Note, Section, Table, Tone, View

_MARKS = {Tone.BAD: "❌ ", Tone.GOOD: "✅ "}


def as_markdown(view: View) -> str:
    """Return *view* as markdown that ends in a line break."""
    return "\n\n".join(_parts(view)) + "\n"


def _parts(view: View) -> Iterator[str]:
    yield f"## {escaped(view.headline)}"
    # What a reader of a long page must not have to look for comes first.
    if view.closing:
        yield f"**{_MARKS.get(view.tone, '')}{escaped(view.closing)}**"
    if view.trailer:
        yield view.trailer
    for section in view.sections:
        yield f"### {escaped(section.title)}"
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    for kind, blocks in groupby(section.blocks, key=type):
        several = list(blocks)
        if kind is Entry:
            yield from _entries([block for block in several if isinstance(block, Entry)])
        elif kind is Note:
            yield "\n".join(_note(block) for block in several if isinstance(block, Note))
        else:
            yield from (_block(block) for block in several)


def _block(block: Block) -> str:
    if isinstance(block, Table):
        return _table([escaped(column) for column in block.columns], (map(markdown_cell, row) for row in block.rows))
    assert isinstance(block, Excerpt), f"a block of no known kind: {block!r}"
    return _excerpt(block)


def _note(note: Note) -> str:
    return f"- {escaped(note.text)}" + (f" ({escaped(note.hint)})" if note.hint else "")


def _excerpt(block: Excerpt) -> str:
    """Return a list entry, with the quoted line below it."""
    place = f"{markdown_cell(str(block.place))}: " if block.place is not None else ""
    hint = f" ({escaped(block.hint)})" if block.hint else ""
    entry = f"- {place}{escaped(block.message)}{hint}"
    quoted = quotation(block)
    if not quoted:
        return entry
    fence = markdown_fence(quoted)
    return "\n".join([entry, "", *(f"  {line}" for line in (f"{fence}text", *quoted, fence))])


def _entries(entries: list[Entry]) -> Iterator[str]:
    """Yield a table for each run of entries with as many columns; all details of an entry share its last cell."""
    for count, alike in groupby(entries, key=lambda entry: len(entry.columns)):
        rows = ([f"{entry.symbol}", *map(markdown_cell, entry.columns), _details(entry.details)] for entry in alike)
        yield _table([""] * (count + 2), rows)


def _details(details: Iterable[Detail]) -> str:
    return "<br>".join(f"{escaped(detail.label)}: {markdown_cell(detail.text)}" for detail in details)


def _table(titles: list[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
