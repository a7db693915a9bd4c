"""`validate`: every finding of every file, offline."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from reconcile.commands.collecting import without_collecting
from reconcile.commands.common import command
from reconcile.commands.declarations import environment_of, opened, resolved
from reconcile.commands.invocation import Answer, Invocation
from reconcile.declare import load_documents
from reconcile.engine.documents import Documents, in_order
from reconcile.engine.ignores import UNUSED
from reconcile.errors import UsageError
from reconcile.exits import Exit
from reconcile.model.finding import DeclarationError, Finding, Severity
from reconcile.model.keys import Key
from reconcile.report.documents import findings_document
from reconcile.report.findings import findings_view
from reconcile.source import Span


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option(
    "--fail-severity",
    type=click.Choice(tuple(severity.value for severity in Severity)),
    default=Severity.ERROR.value,
    show_default=True,
    help="Exit 1 for findings this bad, or worse.",
)
@command()
def validate(invocation: Invocation, *, paths: tuple[str, ...], fail_severity: str) -> Answer:
    """Show every mistake in every file, without the service.

    All environments are checked, unless --env names one. With PATHS, only what is found in these files and folders is
    shown (all of them are read: a set may break a tenant).
    """
    shown = tuple(_shown(invocation, path) for path in paths)
    try:
        findings, keys = _found(invocation)
    except DeclarationError as error:
        findings, keys = error.findings, frozenset()
    if shown:
        findings = tuple(finding for finding in findings if _is_within(finding, shown))
    tenants = {key.tenant for key in keys}
    name = invocation.options.environment
    document = findings_document(findings, invocation.head, environment=name, schedules=len(keys), tenants=len(tenants))
    view = findings_view(findings, schedules=len(keys), tenants=len(tenants))
    worst = tuple(Severity)[: tuple(Severity).index(Severity(fail_severity)) + 1]
    is_bad = any(finding.severity in worst for finding in findings)
    return Answer(document, view, exit_code=Exit.ERROR if is_bad else Exit.DONE)


@without_collecting()
def _found(invocation: Invocation) -> tuple[tuple[Finding, ...], frozenset[Key]]:
    workspace, workspace_findings, tree = opened(invocation)
    findings = list(workspace_findings)
    keys: set[Key] = set()
    used: set[Span] = set()
    # Environments mostly share their files: these are read once.
    read: dict[tuple[str, ...], tuple[Documents, tuple[Finding, ...]]] = {}
    name = invocation.options.environment
    environments = workspace.environments.values() if name is None else (environment_of(workspace, name),)
    for environment in environments:
        if environment.paths not in read:
            read[environment.paths] = load_documents(workspace, environment, tree)
            findings.extend(read[environment.paths][1])
        documents = read[environment.paths][0]
        resolution = resolved(documents, workspace, environment, now=invocation.now)
        findings.extend(resolution.findings)
        keys.update(resolution.desired)
        used.update(resolution.used_ignores)
    # Clocks change in the zone of one environment and not of another: a comment that helps in one is of use.
    kept = (finding for finding in findings if finding.rule != UNUSED or finding.place not in used)
    return in_order(kept), frozenset(keys)


def _shown(invocation: Invocation, path: str) -> str:
    """Return *path* as findings name it."""
    place = Path(path)
    if not place.exists():
        raise UsageError(f"{path} does not exist", hint="name files or folders of the declarations, or none for all")
    folder = invocation.repository.path_within(place.parent if place.is_file() else place)
    return os.path.normpath(f"{folder}/{place.name}") if place.is_file() else folder


def _is_within(finding: Finding, paths: Iterable[str]) -> bool:
    file = finding.place.file if finding.place is not None else ""
    return any(path == "." or file == path or file.startswith(f"{path}/") for path in paths)
