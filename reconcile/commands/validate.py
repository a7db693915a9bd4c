"""`validate`: every finding of every file, offline."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.engine.declarations import Declarations
from reconcile.engine.problems import in_order
from reconcile.errors import UsageError
from reconcile.exits import Exit
from reconcile.git.repository import Repository
from reconcile.model.finding import DeclarationError, Finding
from reconcile.model.keys import Key
from reconcile.model.rules import CommentRule, Severity
from reconcile.report.findings_view import findings_view
from reconcile.report.json_documents import findings_document
from reconcile.session.declared import find_repository, open_checkout
from reconcile.session.garbage_collection import without_garbage_collection
from reconcile.session.ledger_setting import ledger_setting_findings
from reconcile.session.runtime import Runtime
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
def validate(runtime: Runtime, *, paths: tuple[str, ...], fail_severity: str) -> CommandReport:
    """Show every mistake in every file, without the service.

    All environments are checked, unless --env names one. With PATHS, only what is found in these files and folders is
    shown (all of them are read: a set may break a tenant).
    """
    _refuse_missing(paths)
    repository = find_repository(runtime) if paths else None
    shown = () if repository is None else tuple(_path_in_findings(repository, path) for path in paths)
    try:
        findings, keys = _found(runtime, repository)
    except DeclarationError as error:
        findings, keys = error.findings, frozenset()
    if shown:
        findings = tuple(finding for finding in findings if _is_within(finding, shown))
    tenants = {key.tenant for key in keys}
    document = findings_document(
        findings,
        runtime.head(runtime.facts.revision),
        environment=runtime.options.environment,
        schedules=len(keys),
        tenants=len(tenants),
    )
    view = findings_view(findings, schedules=len(keys), tenants=len(tenants))
    worst = tuple(Severity)[: tuple(Severity).index(Severity(fail_severity)) + 1]
    is_bad = any(finding.severity in worst for finding in findings)
    return CommandReport(document, view, exit_code=Exit.ERROR if is_bad else Exit.DONE)


@without_garbage_collection()
def _found(runtime: Runtime, repository: Repository | None) -> tuple[tuple[Finding, ...], frozenset[Key]]:
    checkout = open_checkout(runtime, repository)
    findings = [*checkout.findings, *ledger_setting_findings(checkout)]
    keys: set[Key] = set()
    used: set[Span] = set()
    # Environments mostly share their files: these are read once.
    read: dict[tuple[str, ...], tuple[Declarations, tuple[Finding, ...]]] = {}
    for environment in checkout.environments:
        if environment.paths not in read:
            read[environment.paths] = checkout.load(environment)
            findings.extend(read[environment.paths][1])
        resolution = checkout.resolve(read[environment.paths][0], environment)
        findings.extend(resolution.findings)
        keys.update(resolution.desired)
        used.update(resolution.used_ignores)
    # Clocks change in the zone of one environment and not of another: a comment that helps in one is of use.
    kept = (
        finding for finding in findings if finding.rule is not CommentRule.UNUSED_IGNORE or finding.place not in used
    )
    return in_order(kept), frozenset(keys)


def _refuse_missing(paths: Iterable[str]) -> None:
    for path in paths:
        if not Path(path).exists():
            hint = "name files or folders of the declarations, or none for all"
            raise UsageError(f"{path} does not exist", hint=hint)


def _path_in_findings(repository: Repository, path: str) -> str:
    place = Path(path)
    folder = repository.path_within(place.parent if place.is_file() else place)
    return os.path.normpath(f"{folder}/{place.name}") if place.is_file() else folder


def _is_within(finding: Finding, paths: Iterable[str]) -> bool:
    file = finding.place.file if finding.place is not None else ""
    return any(path == "." or file == path or file.startswith(f"{path}/") for path in paths)
