"""YAML → plain values, by the events of PyYAML's C parser. No recursion: deep nesting cannot crash the process.

The result holds what JSON can hold: dicts, lists, text, bools, numbers, None. What YAML allows and a declaration must
not hold becomes a finding at its character (`yaml_findings`: anchors, aliases, tags, merge keys, duplicate keys,
ambiguous plain scalars, a second document, …). Reading continues, so that one run shows all of them.

Only the line of each entry of ``schedules`` is kept; `locate` finds every other place when it is needed.
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

from reconcile.declare.file_text import FileText
from reconcile.declare.scalars import SUSPECT_STARTS, SUSPECT_WORDS
from reconcile.declare.syntax import syntax_finding
from reconcile.declare.yaml_findings import YamlFindings
from reconcile.model.finding import Finding

MAX_DEPTH = 32
"""How deeply collections may be nested; declarations need six levels."""

# One string object for each key that large files repeat a hundred thousand times.
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
class YamlContent:
    """The content of a file. *value*: None when it could not be read; *lines*: that of each entry of ``schedules``."""

    value: Any = None
    lines: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_yaml(file_text: FileText) -> YamlContent:
    """Return the value of *file_text* and every finding. Never raises for bad input."""
    content = YamlContent(findings=list(file_text.findings))
    if not file_text.clean and file_text.findings:
        return content
    yaml_findings = YamlFindings(file_text, content.findings)
    try:
        _read(CParser(file_text.clean), yaml_findings, content)
    except YAMLError as error:
        content.value = None
        content.findings.append(syntax_finding(file_text, error))
    return content


def _read(parser: CParser, yaml_findings: YamlFindings, content: YamlContent) -> None:
    """Read the first YAML document into *content*; none, or a second one, is a finding."""
    next_event: Callable[[], Any] = yaml_findings.watch(parser.get_event)
    next_event()
    if not isinstance(next_event(), DocumentStartEvent):
        yaml_findings.empty()
        return
    root: list[Any] = []
    if not _build(next_event, root, content.lines, yaml_findings):
        return
    content.value = root[0]
    another = next_event()
    if isinstance(another, DocumentStartEvent):
        yaml_findings.another_document(another)
    elif content.value is None:
        yaml_findings.empty()


def _build(next_event: Callable[[], Any], root: list[Any], lines: list[int], yaml_findings: YamlFindings) -> bool:
    """Append to *root* the YAML document whose start was the last event; return False when its content is unknown.

    One loop, and no call for an ordinary scalar: it runs a million times for a large workspace.
    """
    scalar, mapping_start, mapping_end = ScalarEvent, MappingStartEvent, MappingEndEvent
    suspect, words, keys = SUSPECT_STARTS, SUSPECT_WORDS, dict(_KEYS)
    seen: dict[str, str] = {}  # one string object for each word that entries repeat, such as owners and labels
    container: Any = root
    entries: Any = None
    stack: list[tuple[Any, bool]] = []
    is_mapping = False
    key: Any = None
    while True:
        event = next_event()
        kind = event.__class__
        if is_mapping and kind is not mapping_end:
            if kind is not scalar:
                yaml_findings.key_not_text(event)
                return False
            key = keys.get(event.value) or yaml_findings.key(event, keys)
            if key in container:
                yaml_findings.duplicate(event)
            event = next_event()
            kind = event.__class__
        if kind is scalar:
            child = event.value
            if not event.style and (child[:1] in suspect or child in words):
                child = yaml_findings.plain(event, key)
            elif not child.isprintable():
                yaml_findings.text(event, key)
            elif not event.style:
                child = seen.setdefault(child, child)
        elif kind is mapping_end or kind is SequenceEndEvent:
            container, is_mapping = stack.pop()
            continue
        elif kind is DocumentEndEvent:
            return True
        elif kind is AliasEvent:
            child = yaml_findings.alias(event)
        elif len(stack) == MAX_DEPTH:
            yaml_findings.too_deep(event, MAX_DEPTH)
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
