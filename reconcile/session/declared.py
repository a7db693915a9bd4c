"""Declared: read offline, and once a run: the checkout, then the schedules of one environment."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from reconcile.declare import WORKSPACE_FILE, load_declarations, load_workspace
from reconcile.declare.globs import matcher
from reconcile.engine.declarations import Declarations
from reconcile.engine.make_plan import desired_digest
from reconcile.engine.resolve import Resolution, resolve
from reconcile.engine.select_schedules import select
from reconcile.engine.workspace_guards import WorkspaceGuards, workspace_guards
from reconcile.errors import ReconcileError, SettingError
from reconcile.git.clean_check import not_as_committed
from reconcile.git.configuration import VARIABLE, allowed
from reconcile.git.repository import Repository, find, head
from reconcile.git.worktree import WorkTree
from reconcile.model.finding import DeclarationError, Finding
from reconcile.model.keys import Key
from reconcile.model.rules import Severity
from reconcile.model.schedule import Schedule
from reconcile.model.workspace import Environment, Workspace
from reconcile.report.document_head import Head
from reconcile.session.declared_then import declared_at
from reconcile.session.garbage_collection import without_garbage_collection
from reconcile.session.runtime import Runtime
from reconcile.session.unread_files import unread_declarations, unread_findings
from reconcile.text import counted, did_you_mean


@dataclass(frozen=True)
class Checkout:
    """The folder of the declarations: its repository, its files, its workspace file, and the findings of that file.

    Outside Git *revision* is None, and *repository* answers every question so. It is None too where git cannot say:
    then *unanswered* is the error, which `require_git` raises for what remembers and saves.
    """

    runtime: Runtime
    repository: Repository
    revision: str | None
    tree: WorkTree
    workspace: Workspace
    findings: tuple[Finding, ...]
    unanswered: ReconcileError | None = None

    def require_git(self) -> None:
        """Raise what kept git from saying which commit this is.

        Raises:
            ReconcileError: git did not answer.
        """
        if self.unanswered is not None:
            raise self.unanswered

    @property
    def head(self) -> Head:
        """Return how documents of this run begin."""
        return self.runtime.head(self.revision)

    @property
    def shown_folder(self) -> str:
        """Return the folder of the declarations, as findings show it."""
        return self.repository.path_within(self.runtime.directory)

    @property
    def environment(self) -> Environment:
        """Return the environment that is chosen, else the workspace's default.

        Raises:
            SettingError: there is none.
        """
        return environment_of(self.workspace, self.runtime.options.environment)

    @property
    def environments(self) -> tuple[Environment, ...]:
        """Return the environment that is chosen, else all of the workspace. Raises what `environment` does."""
        if self.runtime.options.environment is None:
            return tuple(self.workspace.environments.values())
        return (self.environment,)

    def name(self, path: str) -> str:
        """Return how findings name the file at *path* of the folder."""
        return posixpath.normpath(posixpath.join(self.shown_folder, path))

    def unread_declarations(self, patterns: Collection[str], may_declare: Callable[[str], bool]) -> dict[str, bytes]:
        """Return the declaration files that none of *patterns* covers and that *may_declare*, as findings name them.

        Raises:
            ReconcileError: git cannot say which files it ignores.
        """
        found = unread_declarations(self.repository, self.tree, patterns)
        return {self.name(path): content for path, content in found.items() if may_declare(path)}

    def not_as_committed(self) -> tuple[str, ...] | None:
        """Return the files of the chosen environment that the commit does not hold as they were read; None outside Git.

        Raises:
            ReconcileError: git cannot say.
        """
        self.require_git()
        covers = [matcher(pattern) for pattern in (WORKSPACE_FILE, *self.environment.paths)]
        return not_as_committed(
            self.repository, self.tree, self.revision, wanted=lambda path: any(covered(path) for covered in covers)
        )

    def load(self, environment: Environment) -> tuple[Declarations, tuple[Finding, ...]]:
        """Return the declarations of *environment*, and their findings."""
        return load_declarations(self.workspace, environment, self.tree)

    def resolve(self, declarations: Declarations, environment: Environment) -> Resolution:
        """Return what *declarations* declare for *environment*, checked by the rules as the workspace sets them."""
        return resolve(
            declarations,
            environment,
            now=self.runtime.now,
            severities=self.workspace.rules,
            max_fires_per_day=self.workspace.limits.max_fires_per_day,
        )

    @without_garbage_collection()
    def declared_at(self, environment: str, commit: str) -> Mapping[Key, Schedule] | None:
        """Return what was declared for the environment of this name at *commit*; None: it was not there yet.

        Raises what `declared_then.declared_at` does: a file that cannot be read is an error.
        """
        return declared_at(self.repository, self.workspace, environment, commit)


@dataclass(frozen=True)
class Declared:
    """What one environment is declared to be. *desired* is the part of *everything* that the run is about."""

    checkout: Checkout
    environment: Environment
    everything: Mapping[Key, Schedule]
    desired: Mapping[Key, Schedule]
    findings: tuple[Finding, ...]

    @property
    def runtime(self) -> Runtime:
        """Return what the process gives."""
        return self.checkout.runtime

    @property
    def head(self) -> Head:
        """Return how documents of this run begin."""
        return self.checkout.head

    @property
    def guards(self) -> WorkspaceGuards:
        """Return what the workspace guards with in this environment."""
        return workspace_guards(self.checkout.workspace, self.environment)

    @property
    def digest(self) -> str:
        """Return the digest of *desired*."""
        return desired_digest(self.environment.name, self.desired)


def find_repository(runtime: Runtime) -> Repository:
    """Return the repository of the declarations. A warning names what does not count of its configuration.

    Raises:
        DeclarationError: it is a foreign one.
        SettingError: the variable that allows more is wrong.
    """
    found = find(runtime.directory, allowed(runtime.environ.get(VARIABLE, "")))
    if found.set_aside_notice is not None:
        runtime.log("warning", found.set_aside_notice)
    return found


def open_checkout(runtime: Runtime, repository: Repository | None = None) -> Checkout:
    """Return the folder of the declarations, opened; *repository*, where it was found already, is not looked for.

    Raises:
        DeclarationError: the workspace file has errors, or a repository that is not its own holds the folder.
        SettingError: there is no workspace.
    """
    tree = WorkTree(runtime.directory)
    tree.paths()
    repository = (repository or find_repository(runtime)).with_submodules(tree.repositories())
    revision, unanswered = None, None
    try:
        revision = head(repository)
    except ReconcileError as error:
        unanswered = error
    runtime.facts.learn_revision(revision)
    workspace, findings = load_workspace(repository.path_within(runtime.directory), tree, now=runtime.now)
    if workspace is None:
        raise with_findings(findings)
    findings = (*findings, *unread_findings(workspace, repository, tree))
    return Checkout(runtime, repository, revision, tree, workspace, findings, unanswered)


def declare(runtime: Runtime) -> Declared:
    """Return what is declared for the chosen environment, as far as the selection goes.

    Raises:
        DeclarationError: there are findings that are errors; it carries all of them.
        SettingError: there is no workspace, or no such environment.
        UsageError: the selection fits nothing.
    """
    declared = declare_everything(runtime)
    return replace(declared, desired=select(runtime.options.selection, declared.everything))


@without_garbage_collection()
def declare_everything(runtime: Runtime) -> Declared:
    """Return what is declared for the chosen environment, whatever is selected. Raises what `declare` does."""
    checkout = open_checkout(runtime)
    return declared_in(checkout, checkout.environment)


def declared_in(checkout: Checkout, environment: Environment) -> Declared:
    """Return what is declared for *environment*, all of it.

    Raises:
        DeclarationError: there are findings that are errors; it carries all of them.
    """
    declarations, more = checkout.load(environment)
    resolution = checkout.resolve(declarations, environment)
    findings = (*checkout.findings, *more, *resolution.findings)
    if has_errors(findings):
        raise with_findings(findings)
    return Declared(checkout, environment, resolution.desired, resolution.desired, findings)


def environment_of(workspace: Workspace, name: str | None) -> Environment:
    """Return the environment called *name*, else the workspace's default.

    Raises:
        SettingError: there is none.
    """
    chosen = name or workspace.default_environment
    known = ", ".join(workspace.environments)
    if chosen is None:
        if len(workspace.environments) == 1:
            return next(iter(workspace.environments.values()))
        raise SettingError("no environment is chosen", hint=f"name one with --env: {known}")
    if chosen not in workspace.environments:
        hint = did_you_mean(chosen, workspace.environments) or f"known: {known}"
        raise SettingError(f"there is no environment {chosen!r}", hint=hint)
    return workspace.environments[chosen]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether any of *findings* is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def with_findings(findings: tuple[Finding, ...]) -> DeclarationError:
    """Return the error that carries *findings*."""
    count = sum(finding.severity is Severity.ERROR for finding in findings)
    message = f"the declarations have {counted(count, 'error')}"
    return DeclarationError(message, findings=findings, hint="see the findings")
