"""Files of a tree by the names that findings show, and the structure of each."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from reconcile.declare import schema_check
from reconcile.declare.file_text import FileText, decoded
from reconcile.declare.ignores import ignores
from reconcile.declare.locate import locate
from reconcile.declare.yaml_reader import YamlContent, read_yaml
from reconcile.engine.documents import Ignore, Place, Pointer, Problem, placed
from reconcile.errors import SettingError
from reconcile.model.finding import Finding, Severity
from reconcile.ports import Tree
from reconcile.source import Span


@dataclass(frozen=True, slots=True)
class Files:
    """The files of *tree*; findings name them by their paths within *directory*."""

    directory: str
    tree: Tree

    def name(self, path: str) -> str:
        """Return what findings call the file at *path* of the tree."""
        return posixpath.normpath(posixpath.join(self.directory, path))

    def open(self, path: str) -> FileText:
        """Return the text of a file; with a finding, and nothing to read, when it cannot be read."""
        file = self.name(path)
        try:
            return decoded(file, self.tree.read(path))
        except SettingError as error:
            finding = Finding("unreadable-file", Severity.ERROR, error.message, place=Span(file, 1), hint=error.hint)
            return FileText(file, b"", findings=[finding])

    def locate(self, paths: Mapping[str, str]) -> Callable[[Collection[Pointer]], Mapping[Pointer, Place]]:
        """Return what finds places; *paths* are those of the tree by the names that findings show."""

        def open_text(file: str) -> FileText | None:
            opened = self.open(paths[file]) if file in paths else None
            return opened if opened and opened.clean else None

        return lambda pointers: locate(pointers, open_text)


@dataclass(slots=True)
class Checked:
    """A file that was read and held against its schema. *value* is None when there is nothing to go on with."""

    file: str
    value: Any
    lines: list[int]
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    ignores: tuple[Ignore, ...] = ()


def check(opened: FileText, kind_of: Callable[[Any, str], str | Problem]) -> Checked:
    """Return what *opened* holds. *kind_of* takes value and file, and names the schema to fit, or
    says why there is none."""
    content = read_yaml(opened)
    value = content.value
    if value is None:
        return Checked(opened.file, None, [], (), tuple(content.findings))
    kind = kind_of(value, opened.file)
    if isinstance(kind, str) and not content.findings and schema_check.fits(kind, value):
        return Checked(opened.file, value, content.lines, (), (), ignores(opened))
    problems = (kind,) if isinstance(kind, Problem) else schema_check.schema_problems(kind, value, opened.file)
    findings = _together(content, placed(problems, lambda pointers: locate(pointers, lambda _: opened)))
    checked = None if isinstance(kind, Problem) else value
    return Checked(opened.file, checked, content.lines, problems, findings, ignores(opened))


def _together(content: YamlContent, structural: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings of the reader and those of the schema; of two about one place the one that knows more.

    The schema knows which type is meant, so that `quote it` would be the wrong advice; in all else the reader knows.
    """
    not_text = {_at(finding) for finding in structural if finding.rule in ("wrong-type", "not-one-of")}
    read_ones = [one for one in content.findings if one.rule != "quote-this" or _at(one) not in not_text]
    taken = {_at(finding) for finding in read_ones}
    return (*read_ones, *(finding for finding in structural if _at(finding) not in taken))


def _at(finding: Finding) -> tuple[int, int] | None:
    return (finding.place.line, finding.place.column) if finding.place else None
