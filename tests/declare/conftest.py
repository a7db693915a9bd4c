"""A workspace in memory: what is written in a few files, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import pytest

from reconcile.declare import load_declarations, load_workspace
from reconcile.engine.resolve import Resolution, resolve
from reconcile.errors import SettingError
from reconcile.model.finding import Finding

WORKSPACE = """\
format_version: "1"
workspace: test
environments:
  here:
    url: http://127.0.0.1:8001
"""


@dataclass(frozen=True)
class MemoryTree:
    """A tree of files in memory."""

    files: Mapping[str, bytes]

    def paths(self) -> Collection[str]:
        return tuple(sorted(self.files))

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise SettingError("cannot be read: no such file", hint="look again")
        return self.files[path]


Texts = Mapping[str, str | bytes]


@pytest.fixture(name="tree")
def tree_fixture() -> Callable[[Texts], MemoryTree]:
    """Return what makes a tree of some files."""
    return tree


@pytest.fixture
def sketch_of() -> Callable[[Finding], str]:
    """Return what sketches a finding."""
    return sketch


def tree(files: Texts) -> MemoryTree:
    """Return the tree of *files*."""
    return MemoryTree({path: text.encode() if isinstance(text, str) else text for path, text in files.items()})


@dataclass(frozen=True)
class Outcome:
    """What a workspace's one environment resolves to, and every finding."""

    resolution: Resolution
    findings: tuple[Finding, ...]


def outcome(files: Texts) -> Outcome:
    """Resolve the first environment of *files*, which need no workspace file of their own."""
    given = tree({"reconcile.yaml": WORKSPACE, **files})
    workspace, findings = load_workspace("schedules", given)
    assert workspace is not None, findings
    environment = next(iter(workspace.environments.values()))
    documents, found = load_declarations(workspace, environment, given)
    resolution = resolve(documents, environment)
    return Outcome(resolution, (*findings, *found, *resolution.findings))


def sketch(finding: Finding) -> str:
    """Return where a finding stands, its rule, and the characters that it underlines."""
    assert finding.place is not None
    start = finding.place.column - 1
    under = (finding.line_text or "")[start : start + finding.place.width]
    return f"{finding.place.line}:{finding.place.column} {finding.rule} [{under}]"


@pytest.fixture
def sketches() -> Callable[[Texts], list[str]]:
    """Return what gives the findings of some files, each as file and sketch; without the file when there is but one."""

    def give(files: Texts) -> list[str]:
        found = outcome(files).findings
        if len(files) == 1:
            return [sketch(finding) for finding in found]
        return [
            f"{finding.place.file.removeprefix('schedules/')}:{sketch(finding)}" for finding in found if finding.place
        ]

    return give


@pytest.fixture
def outcome_of() -> Callable[[Texts], Outcome]:
    """Return what resolves some files."""
    return outcome
