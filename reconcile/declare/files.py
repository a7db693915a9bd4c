"""The files of a tree: their names in findings, their text, and the check against their schema."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from reconcile.declare import schema_check
from reconcile.declare.file_text import FileText, decoded
from reconcile.declare.ignore_comments import ignore_comments
from reconcile.declare.locate import locate
from reconcile.declare.yaml_reader import YamlContent, read_yaml
from reconcile.engine.declarations import Ignore
from reconcile.engine.problems import Place, Pointer, Problem, located
from reconcile.errors import SettingError
from reconcile.model.finding import Finding
from reconcile.model.rules import FileRule
from reconcile.ports import Tree
from reconcile.source import Span


@dataclass(frozen=True, slots=True)
class Files:
    """The files of *tree*; findings name them by their paths within *directory*."""

    directory: str
    tree: Tree

    def name(self, path: str) -> str:
        """Return the name that findings use for the file at *path* of the tree."""
        return posixpath.normpath(posixpath.join(self.directory, path))

    def open(self, path: str) -> FileText:
        """Return the text of a file; one that cannot be read is empty and has a finding."""
        file = self.name(path)
        try:
            return decoded(file, self.tree.read(path))
        except SettingError as error:
            finding = Finding(FileRule.UNREADABLE_FILE, error.message, place=Span(file, 1), hint=error.hint)
            return FileText(file, b"", findings=[finding])

    def locate(self, paths: Mapping[str, str]) -> Callable[[Collection[Pointer]], Mapping[Pointer, Place]]:
        """Return the function that finds places; *paths* of the tree are keyed by the names that findings use."""

        def open_text(file: str) -> FileText | None:
            opened = self.open(paths[file]) if file in paths else None
            return opened if opened and opened.clean else None

        return lambda pointers: locate(pointers, open_text)


@dataclass(slots=True)
class CheckedFile:
    """A file that was read and checked against its schema. *value* is None when there is nothing to continue with."""

    file: str
    value: Any
    lines: list[int]
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    ignores: tuple[Ignore, ...] = ()


def check_file(opened: FileText, kind_of: Callable[[Any, str], str | Problem]) -> CheckedFile:
    """Return what *opened* holds. *kind_of* returns the kind of schema for a value of a file, or a problem."""
    content = read_yaml(opened)
    value = content.value
    if value is None:
        return CheckedFile(opened.file, None, [], (), tuple(content.findings))
    kind = kind_of(value, opened.file)
    if isinstance(kind, str) and not content.findings and schema_check.fits(kind, value):
        return CheckedFile(opened.file, value, content.lines, (), (), ignore_comments(opened))
    problems = (kind,) if isinstance(kind, Problem) else schema_check.schema_problems(kind, value, opened.file)
    findings = _merged(content, located(problems, lambda pointers: locate(pointers, lambda _: opened)))
    checked = None if isinstance(kind, Problem) else value
    return CheckedFile(opened.file, checked, content.lines, problems, findings, ignore_comments(opened))


def _merged(content: YamlContent, structural: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings of reader and schema; of two at one place the more exact one.

    That is the reader's, except `quote-this`: the schema knows which type is expected there.
    """
    not_text = {_at(finding) for finding in structural if finding.rule in (FileRule.WRONG_TYPE, FileRule.NOT_ONE_OF)}
    from_reader = [one for one in content.findings if one.rule is not FileRule.QUOTE_THIS or _at(one) not in not_text]
    taken = {_at(finding) for finding in from_reader}
    return (*from_reader, *(finding for finding in structural if _at(finding) not in taken))


def _at(finding: Finding) -> tuple[int, int] | None:
    return (finding.place.line, finding.place.column) if finding.place else None
