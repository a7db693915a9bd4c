"""What was declared at a revision: read whole, or an error that names `commit:file`.

What a revision says decides which live jobs are orphans. A file that says nothing because it cannot be read would make
them forgotten, so nothing is left out in silence: a pointer of Git LFS, encrypted bytes, a newer format, a submodule.
What was not there yet declares nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconcile.declare import WORKSPACE_FILE, load_declarations, load_workspace
from reconcile.engine.resolve import resolve
from reconcile.errors import ReconcileError
from reconcile.git.promised import fetch_named, whole_tree
from reconcile.git.repository import Repository
from reconcile.git.revision import RevisionTree, files_with_line
from reconcile.model.finding import DeclarationError, Finding
from reconcile.model.keys import Key
from reconcile.model.rules import CronRule, Severity, WorkspaceRule
from reconcile.model.schedule import Schedule
from reconcile.model.workspace import Environment, Workspace
from reconcile.text import listed, shown

_HINT = "name a revision whose files can be read, or leave it out"
_SHOWN_DIGITS = 12


def declared_at(
    repository: Repository, workspace: Workspace, environment: str, commit: str
) -> Mapping[Key, Schedule] | None:
    """Return what *workspace* declared at *commit* for the environment of this name; None: that was not there yet.

    A schedule whose cron the service's Quartz would refuse is left out: it was never applied so.

    Raises:
        DeclarationError: a file of that commit cannot be read, or a submodule, whose files it does not hold.
        SettingError: there is no such commit.
        ReconcileError: the workspace had another folder, or the environment another name; or git cannot read.
    """
    tree = whole_tree(repository, commit)
    if WORKSPACE_FILE not in tree.paths():
        _refuse_other_folder(repository, workspace, tree)
        return None
    then, findings = load_workspace(workspace.directory, tree)
    if then is None:
        raise _unreadable(tree, findings)
    if environment not in then.environments:
        _refuse_other_name(workspace, workspace.environments[environment], then, tree)
        return None
    declarations, findings = load_declarations(then, then.environments[environment], tree)
    resolution = resolve(declarations, then.environments[environment])
    errors = [finding for finding in (*findings, *resolution.findings) if _hides_something(finding)]
    if errors:
        raise _unreadable(tree, errors)
    return resolution.desired


def _hides_something(finding: Finding) -> bool:
    is_error = finding.severity is Severity.ERROR
    return is_error and finding.rule is not WorkspaceRule.NO_TENANT and not isinstance(finding.rule, CronRule)


def _unreadable(tree: RevisionTree, findings: Iterable[Finding]) -> DeclarationError:
    errors = tuple(
        replace(each, place=None if each.place is None else replace(each.place, file=_at(tree, each.place.file)))
        for each in findings
        if each.severity is Severity.ERROR
    )
    places = listed([str(each.place) for each in errors])
    message = f"what was declared at {tree.commit[:_SHOWN_DIGITS]} cannot be read: {places}"
    return DeclarationError(message, findings=errors, hint=_HINT)


def _refuse_other_folder(repository: Repository, workspace: Workspace, tree: RevisionTree) -> None:
    """Refuse a commit in which the workspace was in another folder, or its file was missing in this one."""
    file = f"{workspace.directory}/{WORKSPACE_FILE}".removeprefix("./")
    if tree.paths():
        raise ReconcileError(f"{_at(tree, file)} is not there, though its folder holds files", hint=_HINT)
    pattern = f"""^workspace:[[:space:]]*["']?{workspace.id.replace(".", "[.]")}["']?[[:space:]]*(#.*)?$"""
    fetch_named(repository, tree.commit, name=WORKSPACE_FILE)
    found = files_with_line(repository, tree.commit, pattern, name=WORKSPACE_FILE)
    if found:
        place = _at(tree, found[0])
        hint = f"{_HINT}; the declarations of then are not looked for in another folder"
        raise ReconcileError(f"{_at(tree, file)} is not there: {place} had the workspace {workspace.id}", hint=hint)


def _refuse_other_name(workspace: Workspace, environment: Environment, then: Workspace, tree: RevisionTree) -> None:
    """Refuse a commit in which *environment* may have had another name: that of one that is gone, or of its address."""
    names = [
        name
        for name, each in then.environments.items()
        if name not in workspace.environments or each.url == environment.url
    ]
    if names:
        file = _at(tree, f"{workspace.directory}/{WORKSPACE_FILE}".removeprefix("./"))
        message = f"{file} has no environment {environment.name}; it may be {' or '.join(map(shown, names))} there"
        raise ReconcileError(message, hint=f"{_HINT}; or give the environment its name of then with --env")


def _at(tree: RevisionTree, file: str) -> str:
    return f"{tree.commit[:_SHOWN_DIGITS]}:{file}"
