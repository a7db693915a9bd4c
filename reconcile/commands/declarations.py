"""From --dir, --env and the selection to what Git wants: the beginning of nearly every command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconcile.commands.collecting import without_collecting
from reconcile.commands.invocation import Invocation
from reconcile.declare import load_documents, load_workspace
from reconcile.engine.documents import Documents
from reconcile.engine.resolve import Resolution, resolve
from reconcile.engine.selection import select
from reconcile.errors import SettingError
from reconcile.git.repository import head
from reconcile.git.revision import revision_tree
from reconcile.git.worktree import WorkTree
from reconcile.model.finding import DeclarationError, Finding, Severity
from reconcile.model.keys import Key
from reconcile.model.schedule import Schedule
from reconcile.model.workspace import Environment, Workspace
from reconcile.text import counted, did_you_mean


@dataclass(frozen=True, slots=True)
class Declared:
    """What Git wants of one environment. *desired* is the selected part of *everything*."""

    workspace: Workspace
    environment: Environment
    everything: Mapping[Key, Schedule]
    desired: Mapping[Key, Schedule]
    findings: tuple[Finding, ...]


def opened(invocation: Invocation) -> tuple[Workspace, tuple[Finding, ...], WorkTree]:
    """Return the workspace, its findings, and the tree that it stands in; the revision is noted for documents.

    Raises:
        DeclarationError: the workspace file has errors.
        SettingError: there is no workspace.
    """
    tree = WorkTree(invocation.directory)
    tree.paths()
    invocation.repository = invocation.repository.holding(tree.repositories())
    invocation.revision = head(invocation.repository)
    workspace, findings = load_workspace(invocation.shown_directory, tree)
    if workspace is None:
        raise with_findings(findings)
    return workspace, findings, tree


def declared(invocation: Invocation) -> Declared:
    """Return what Git wants of the chosen environment, as far as the selection goes.

    Raises:
        DeclarationError: there are findings that are errors; it carries all of them.
        SettingError: there is no workspace, or no such environment.
        UsageError: the selection fits nothing.
    """
    wanted = everything_declared(invocation)
    return replace(wanted, desired=select(invocation.options.selection, wanted.everything))


@without_collecting()
def everything_declared(invocation: Invocation) -> Declared:
    """Return what Git wants of the chosen environment, whatever is selected. Raises what `declared` does."""
    workspace, findings, tree = opened(invocation)
    environment = environment_of(workspace, invocation.options.environment)
    documents, more = load_documents(workspace, environment, tree)
    resolution = resolved(documents, workspace, environment, now=invocation.now)
    findings = (*findings, *more, *resolution.findings)
    if has_errors(findings):
        raise with_findings(findings)
    return Declared(workspace, environment, resolution.desired, resolution.desired, findings)


@without_collecting()
def declared_at(invocation: Invocation, environment: str, commit: str) -> Mapping[Key, Schedule] | None:
    """Return what was declared for the environment of this name at *commit*; None where the folder did not know it.

    What had errors then is left out: it was never applied so.
    """
    tree = revision_tree(invocation.repository, commit)
    try:
        workspace, _ = load_workspace(invocation.shown_directory, tree)
    except SettingError:
        return None
    if workspace is None or environment not in workspace.environments:
        return None
    documents, _ = load_documents(workspace, workspace.environments[environment], tree)
    return resolve(documents, workspace.environments[environment]).desired


def resolved(documents: Documents, workspace: Workspace, environment: Environment, *, now: datetime) -> Resolution:
    """Return what *documents* want in *environment*, held against the rules as *workspace* sets them."""
    return resolve(
        documents,
        environment,
        now=now,
        severities=workspace.rules,
        max_fires_per_day=workspace.limits.max_fires_per_day,
    )


def environment_of(workspace: Workspace, name: str | None) -> Environment:
    """Return the environment called *name*, else the workspace's default.

    Raises:
        SettingError: there is none.
    """
    wanted = name or workspace.default_environment
    known = ", ".join(workspace.environments)
    if wanted is None:
        if len(workspace.environments) == 1:
            return next(iter(workspace.environments.values()))
        raise SettingError("no environment is chosen", hint=f"name one with --env: {known}")
    if wanted not in workspace.environments:
        hint = did_you_mean(wanted, workspace.environments) or f"known: {known}"
        raise SettingError(f"there is no environment {wanted!r}", hint=hint)
    return workspace.environments[wanted]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether any of *findings* is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def with_findings(findings: tuple[Finding, ...]) -> DeclarationError:
    """Return the error that carries *findings*."""
    count = sum(finding.severity is Severity.ERROR for finding in findings)
    return DeclarationError(
        f"the declarations have {counted(count, 'error')}", findings=findings, hint="see the findings"
    )
