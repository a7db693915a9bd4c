"""YAML → plain values, by the events of PyYAML's C parser: no recursion, so deep nesting cannot kill the process.

The result is what JSON could hold: dicts, lists, text, bools, numbers, None. On the way, all that YAML allows and a
declaration must not hold becomes a finding (anchors, aliases, tags, merge keys, duplicate keys, ambiguous plain
scalars, a second document, …), each at its character; reading goes on, so that one run shows all of them.

Of places only the line of each entry of ``schedules`` is kept; `places` finds any other again when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconcile.declare.oddities import Oddities
from reconcile.declare.scalars import SUSPECT_STARTS, SUSPECT_WORDS
from reconcile.declare.source import Source
from reconcile.declare.syntax import syntax_finding
from reconcile.model.finding import Finding

MAX_DEPTH = 32
"""How deeply collections may be nested; declarations need six levels."""

# One string for each key that files repeat a hundred thousand times.
_KEYS = {
    key: key
    for key in (
        "tenant",
        "set",
        "schedules",
        "code",
        "name",
        "cron",
        "state",
        "owner",
        "description",
        "labels",
        "protect",
    )
}


@dataclass(slots=True)
class Reading:
    """What a file holds. *value* is None when nothing could be read; *lines*: of each entry of ``schedules``."""

    value: Any = None
    lines: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read(source: Source) -> Reading:
    """Return the value of the one document in *source*, and every finding on the way. Never raises for bad input."""
    reading = Reading(findings=list(source.findings))
    if not source.clean and source.findings:
        return reading
    oddities = Oddities(source, reading.findings)
    try:
        _read(CParser(source.clean), oddities, reading)
    except YAMLError as error:
        reading.value = None
        reading.findings.append(syntax_finding(source, error))
    return reading


def _read(parser: CParser, oddities: Oddities, reading: Reading) -> None:
    """Read the first document, and say when there is none, or another one after it."""
    following: Callable[[], Any] = oddities.watch(parser.get_event)
    following()
    if not isinstance(following(), DocumentStartEvent):
        oddities.empty()
        return
    root: list[Any] = []
    if not _build(following, root, reading.lines, oddities):
        return
    reading.value = root[0]
    another = following()
    if isinstance(another, DocumentStartEvent):
        oddities.another_document(another)
    elif reading.value is None:
        oddities.empty()


def _build(following: Callable[[], Any], root: list[Any], lines: list[int], oddities: Oddities) -> bool:
    """Append to *root* the document whose start was the last event; return False when it cannot be told what it holds.

    One loop, and no call for an ordinary scalar: it runs a million times for a large workspace.
    """
    scalar, mapping_start, mapping_end = ScalarEvent, MappingStartEvent, MappingEndEvent
    suspect, words, keys = SUSPECT_STARTS, SUSPECT_WORDS, dict(_KEYS)
    seen: dict[str, str] = {}  # one string for each word that entries repeat, such as owners and labels
    container: Any = root
    entries: Any = None
    stack: list[tuple[Any, bool]] = []
    is_mapping = False
    key: Any = None
    while True:
        event = following()
        kind = event.__class__
        if is_mapping and kind is not mapping_end:
            if kind is not scalar:
                oddities.strange_key(event)
                return False
            key = keys.get(event.value) or oddities.key(event, keys)
            if key in container:
                oddities.duplicate(event)
            event = following()
            kind = event.__class__
        if kind is scalar:
            child = event.value
            if not event.style and (child[:1] in suspect or child in words):
                child = oddities.plain(event, key)
            elif not child.isprintable():
                oddities.text(event, key)
            elif not event.style:
                child = seen.setdefault(child, child)
        elif kind is mapping_end or kind is SequenceEndEvent:
            container, is_mapping = stack.pop()
            continue
        elif kind is DocumentEndEvent:
            return True
        elif kind is AliasEvent:
            child = oddities.alias(event)
        elif len(stack) == MAX_DEPTH:
            oddities.too_deep(event, MAX_DEPTH)
            return False
        else:
            child = {} if kind is mapping_start else []
            if len(stack) == 1 and key == "schedules":
                entries = child
                lines.clear()
        if is_mapping:
            container[key] = child
        else:
            container.append(child)
            if container is entries:
                lines.append(event.start_mark.line + 1)
        if kind is mapping_start or kind is SequenceStartEvent:
            stack.append((container, is_mapping))
            container, is_mapping = child, kind is mapping_start
