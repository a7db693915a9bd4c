"""Pointers → places: read a file's events once more, and note where the values stand that are asked for.

The span of a value is exact to the character where its raw text (within quotes) equals it; where it does not (escapes,
folded lines) the whole value is underlined, as far as its first line goes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent, MappingStartEvent, ScalarEvent, StreamEndEvent

from reconcile.declare.source import Source
from reconcile.engine.documents import Part, Path, Place, Pointer
from reconcile.source import Span

_WHOLE_LINE = 10_000


def locate(pointers: Collection[Pointer], open_source: Callable[[str], Source | None]) -> Mapping[Pointer, Place]:
    """Return the place of each of *pointers*, reading each file once.

    A value that is not there (a missing key, a file that changed meanwhile) is placed at the nearest collection around
    it, at last at the file's first line.
    """
    by_file: dict[str, list[Pointer]] = defaultdict(list)
    for pointer in pointers:
        by_file[pointer.file].append(pointer)
    places: dict[Pointer, Place] = {}
    for file, wanted in by_file.items():
        source = open_source(file)
        if source is None:
            places.update(dict.fromkeys(wanted, Place(Span(file, 1))))
        else:
            places.update(_locate(source, wanted))
    return places


def _locate(source: Source, wanted: list[Pointer]) -> dict[Pointer, Place]:
    targets = {(path, Part.VALUE) for pointer in wanted for path in _with_parents(pointer.path)}
    targets |= {(pointer.path, part) for pointer in wanted for part in Part}
    found = _walk(source, targets)
    return {pointer: _place(source, pointer, found) for pointer in wanted}


def _with_parents(path: Path) -> list[Path]:
    return [path[:length] for length in range(len(path) + 1)]


Found = dict[tuple[Path, Part], Any]


def _walk(source: Source, targets: set[tuple[Path, Part]]) -> Found:
    """Return the events of *targets*. Of a key that stands twice, the last counts, as in `reader`."""
    found: Found = {}
    steps: list[str | int | None] = []  # where each open collection stands: a key, or None before one; a position
    mappings: list[bool] = []
    next_event = CParser(source.clean).get_event
    try:
        while True:
            event = next_event()
            if isinstance(event, StreamEndEvent):
                return found
            if isinstance(event, CollectionEndEvent):
                steps.pop()
                mappings.pop()
                _step_over(steps, mappings)
                continue
            if mappings and mappings[-1] and steps[-1] is None and isinstance(event, ScalarEvent):
                steps[-1] = event.value
                _note(found, targets, (tuple(steps), Part.KEY), event)
                continue
            if not isinstance(event, CollectionStartEvent) and not hasattr(event, "anchor"):
                continue
            _note(found, targets, (tuple(steps), Part.VALUE), event)
            if isinstance(event, CollectionStartEvent):
                mappings.append(isinstance(event, MappingStartEvent))
                steps.append(None if mappings[-1] else 0)
            else:
                _step_over(steps, mappings)
    except YAMLError:
        return found


def _step_over(steps: list[str | int | None], mappings: list[bool]) -> None:
    """Go on to what follows the value that has just ended."""
    if steps:
        step = steps[-1]
        steps[-1] = None if mappings[-1] or not isinstance(step, int) else step + 1


def _note(found: Found, targets: set[tuple[Path, Part]], target: Any, event: Any) -> None:
    if target in targets:
        found[target] = event


def _place(source: Source, pointer: Pointer, found: Found) -> Place:
    event = found.get((pointer.path, pointer.part))
    if event is None:
        for path in reversed(_with_parents(pointer.path)):
            around = found.get((path, Part.VALUE))
            if around is not None:
                return source.place(around.start_mark.index, _WHOLE_LINE)
        return source.place(0, _WHOLE_LINE)
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, CollectionStartEvent):
        return source.place(start, _WHOLE_LINE)
    if start == end and pointer.part is Part.VALUE and (pointer.path, Part.KEY) in found:
        return _place(source, pointer._replace(part=Part.KEY, width=None), found)
    if not isinstance(event, ScalarEvent):
        return source.place(start, end - start)
    quotes = 1 if event.style in ("'", '"') else 0
    raw = source.text[start + quotes : end - quotes]
    if pointer.width is not None and raw == event.value and pointer.offset <= len(raw):
        return source.place(start + quotes + pointer.offset, pointer.width)
    return source.place(start, end - start)
