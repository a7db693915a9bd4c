"""Pointers → places: reads the events of a file again, and keeps those of the values that the pointers name.

The span of a value is exact to the character if its text within quotes equals it. If not (escapes, folded lines), the
first line of the whole value is underlined.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent, MappingStartEvent, ScalarEvent, StreamEndEvent

from reconcile.declare.file_text import FileText
from reconcile.engine.problems import Part, Path, Place, Pointer
from reconcile.source import Span

_WHOLE_LINE = 10_000


def locate(pointers: Collection[Pointer], open_text: Callable[[str], FileText | None]) -> Mapping[Pointer, Place]:
    """Return the place of each of *pointers*; each file is read once.

    The place of a missing value (a missing key, a file that changed since) is the nearest collection around it, else
    the first line of the file.
    """
    by_file: dict[str, list[Pointer]] = defaultdict(list)
    for pointer in pointers:
        by_file[pointer.file].append(pointer)
    places: dict[Pointer, Place] = {}
    for file, of_file in by_file.items():
        file_text = open_text(file)
        if file_text is None:
            places.update(dict.fromkeys(of_file, Place(Span(file, 1))))
        else:
            places.update(_locate(file_text, of_file))
    return places


def _locate(file_text: FileText, pointers: list[Pointer]) -> dict[Pointer, Place]:
    targets = {(path, Part.VALUE) for pointer in pointers for path in _with_parents(pointer.path)}
    targets |= {(pointer.path, part) for pointer in pointers for part in Part}
    found = _walk(file_text, targets)
    return {pointer: _place(file_text, pointer, found) for pointer in pointers}


def _with_parents(path: Path) -> list[Path]:
    return [path[:length] for length in range(len(path) + 1)]


Found = dict[tuple[Path, Part], Any]


def _walk(file_text: FileText, targets: set[tuple[Path, Part]]) -> Found:
    """Return the events of *targets*. The last of duplicate keys counts, as in `yaml_reader`."""
    found: Found = {}
    steps: list[str | int | None] = []  # in each open collection: the key, None before a key, or the position
    mappings: list[bool] = []
    next_event = CParser(file_text.clean).get_event
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
    if steps:
        step = steps[-1]
        steps[-1] = None if mappings[-1] or not isinstance(step, int) else step + 1


def _note(found: Found, targets: set[tuple[Path, Part]], target: Any, event: Any) -> None:
    if target in targets:
        found[target] = event


def _place(file_text: FileText, pointer: Pointer, found: Found) -> Place:
    event = found.get((pointer.path, pointer.part))
    if event is None:
        for path in reversed(_with_parents(pointer.path)):
            around = found.get((path, Part.VALUE))
            if around is not None:
                return file_text.place(around.start_mark.index, _WHOLE_LINE)
        return file_text.place(0, _WHOLE_LINE)
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, CollectionStartEvent):
        return file_text.place(start, _WHOLE_LINE)
    if start == end and pointer.part is Part.VALUE and (pointer.path, Part.KEY) in found:
        return _place(file_text, pointer._replace(part=Part.KEY, width=None), found)
    if not isinstance(event, ScalarEvent):
        return file_text.place(start, end - start)
    quotes = 1 if event.style in ("'", '"') else 0
    raw = file_text.text[start + quotes : end - quotes]
    if pointer.width is not None and raw == event.value and pointer.offset <= len(raw):
        return file_text.place(start + quotes + pointer.offset, pointer.width)
    return file_text.place(start, end - start)
