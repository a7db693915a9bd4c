"""Tenant and set files of an environment → declarations. A broken file does not keep the others from being read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconcile.declare.files import CheckedFile, Files, check_file
from reconcile.declare.globs import matcher
from reconcile.declare.workspace_file import WORKSPACE_FILE
from reconcile.engine.declarations import DeclarationFile, Declarations
from reconcile.engine.problems import Pointer, Problem, in_order, located
from reconcile.model.finding import Finding
from reconcile.model.rules import FileRule, Severity, WorkspaceRule
from reconcile.model.workspace import Environment, Workspace
from reconcile.ports import Tree
from reconcile.text import ascii_of, did_you_mean, full_width_characters, shown

_DEFAULT_PATHS = Environment("", "").paths
_EMPTY: Mapping[str, Any] = {}


def load_declarations(
    workspace: Workspace, environment: Environment, tree: Tree
) -> tuple[Declarations, tuple[Finding, ...]]:
    """Return the declarations of *environment*, and the findings about text and structure, sorted.

    A file with findings is in the result without its bad values, so that `resolve` finds its other problems too.
    """
    files = Files(workspace.directory, tree)
    paths, problems = _paths(environment, files)
    tenants: list[DeclarationFile] = []
    sets: list[DeclarationFile] = []
    findings: list[Finding] = []
    is_whole = True
    interned = _Interned()
    for path in paths:
        checked = check_file(files.open(path), kind_of)
        is_set = checked.value is not None and "set" in checked.value
        if checked.findings:
            findings.extend(checked.findings)
            is_whole = is_whole and checked.value is not None and not is_set
        if checked.value is not None:
            if not checked.problems:
                interned.replace(checked.value.get("schedules", ()))
            file = declaration_file(checked, "set" if is_set else "tenant")
            (sets if is_set else tenants).append(file)
    workspace_file = files.name(WORKSPACE_FILE)
    severities = {finding.severity for finding in findings} | {problem.severity for problem in problems}
    if not tenants and Severity.ERROR not in severities:
        problems.append(_no_tenant(environment, workspace_file))
    locate = files.locate({files.name(path): path for path in (*paths, WORKSPACE_FILE)})
    findings.extend(located(problems, locate))
    return Declarations(tuple(tenants), tuple(sets), locate, workspace_file, is_whole), in_order(findings)


def _paths(environment: Environment, files: Files) -> tuple[list[str], list[Problem]]:
    """Return the paths that the patterns of *environment* cover, sorted, and the problems of patterns and links."""
    present = [path for path in files.tree.paths() if path != WORKSPACE_FILE]
    covers = [matcher(pattern) for pattern in environment.paths]
    problems = []
    for position, covered in enumerate(covers):
        if environment.paths != _DEFAULT_PATHS and not any(covered(path) for path in present):
            at = Pointer(files.name(WORKSPACE_FILE), ("environments", environment.name, "paths", position))
            message = f"paths: {environment.paths[position]} covers no file"
            hint = "patterns are relative to the folder of reconcile.yaml; `**` stands for any number of folders"
            problems.append(Problem(WorkspaceRule.COVERS_NOTHING, message, at, hint=hint))
    for link in (path for path in present if path.endswith("/")):
        if any(covered(f"{link}any{suffix}") for covered in covers for suffix in (".yaml", ".yml")):
            message = "links to folders, and submodules of a revision, are not followed"
            hint = "put the files there, or add their own folder to `paths`"
            problems.append(Problem(FileRule.LINKED_FOLDER, message, Pointer(files.name(link)), hint=hint))
    return sorted(path for path in present if any(covered(path) for covered in covers)), problems


def _no_tenant(environment: Environment, workspace_file: str) -> Problem:
    at = Pointer(workspace_file, ("environments", environment.name, "paths"))
    hint = "write one, such as tenants/acme.yaml, beginning with `tenant: acme`"
    return Problem(
        WorkspaceRule.NO_TENANT, f"no tenant file is covered by {', '.join(environment.paths)}", at, hint=hint
    )


def kind_of(value: Any, file: str) -> str | Problem:
    """Return the kind of schema for the value of *file*, or why there is none."""
    if not isinstance(value, dict):
        for start, width in full_width_characters(value) if isinstance(value, str) else ():
            hint = f"with an ASCII keyboard: {shown(ascii_of(value))}"
            at = Pointer(file, offset=start, width=width)
            return Problem(FileRule.FULL_WIDTH_SIGN, f"{shown(value)} holds full-width characters", at, hint=hint)
        hint = "write `tenant: …` or `set: …` at the top, and `schedules:` below it"
        return Problem(
            FileRule.NOT_A_MAPPING, "keys with values are meant at the top of the file", Pointer(file), hint=hint
        )
    kinds = [kind for kind in ("tenant", "set") if kind in value]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        hint = "split it: a set and the tenants that include it have files of their own"
        return Problem(
            FileRule.TENANT_AND_SET, "the file says both `tenant:` and `set:`", Pointer(file, ("set",)), hint=hint
        )
    near = next(filter(None, (did_you_mean(key, ("tenant", "set")) for key in value)), None)
    message = "the file says neither `tenant:` nor `set:`"
    return Problem(FileRule.NO_KIND, message, Pointer(file), hint=near or "begin it with `tenant: …` or `set: …`")


def declaration_file(checked: CheckedFile, kind: str) -> DeclarationFile:
    """Return what a file of this *kind* declares, without what has problems."""
    value = checked.value
    if not checked.problems:
        return DeclarationFile(
            checked.file,
            value[kind],
            value.get("schedules", ()),
            checked.lines,
            value.get("include", ()),
            value.get("exclude", ()),
            value.get("defaults", _EMPTY),
            ignores=checked.ignores,
        )
    return _partial_file(checked, kind)


def _partial_file(checked: CheckedFile, kind: str) -> DeclarationFile:
    """Return a file with problems, without the values that have them; every entry keeps its position."""
    value = checked.value
    bad = {problem.at.path[:length] for problem in checked.problems for length in (1, 2, 3)}
    schedules = value.get("schedules")
    entries = [
        {key: field for key, field in entry.items() if ("schedules", position, key) not in bad}
        if isinstance(entry, dict)
        else _EMPTY
        for position, entry in enumerate(schedules if isinstance(schedules, list) else ())
    ]

    def valid(key: str, default: Any) -> Any:
        return default if (key,) in bad else value.get(key, default)

    return DeclarationFile(
        checked.file,
        valid(kind, ""),
        entries,
        checked.lines,
        valid("include", ()),
        valid("exclude", ()),
        valid("defaults", _EMPTY),
        frozenset(position for position in range(len(entries)) if ("schedules", position) in bad),
        checked.ignores,
    )


class _Interned:
    """Keeps one object for equal crons and labels: a large workspace repeats them a hundred thousand times.

    This saves a fifth of the memory of a run.
    """

    def __init__(self) -> None:
        self._crons: dict[str, str] = {}
        self._labels: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def replace(self, entries: Iterable[dict[str, Any]]) -> None:
        """Replace crons and labels of *entries*, which fit the schema, by equal ones of earlier entries."""
        crons, all_labels = self._crons, self._labels
        for entry in entries:
            cron = entry.get("cron")
            if cron is not None:
                entry["cron"] = crons.setdefault(cron, cron)
            labels = entry.get("labels")
            if labels:
                entry["labels"] = all_labels.setdefault(tuple(labels.items()), labels)
