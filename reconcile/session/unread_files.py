"""Declaration files below the folder that are not read: of a mistake in `paths`, or set aside."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator

from reconcile.declare.other_files import holds_declarations, unread_paths
from reconcile.errors import ReconcileError, SettingError
from reconcile.git.clean_check import ignored_among
from reconcile.git.repository import Repository
from reconcile.model.finding import Finding
from reconcile.model.rules import WorkspaceRule
from reconcile.model.workspace import Workspace
from reconcile.ports import Tree
from reconcile.source import Span


def unread_declarations(repository: Repository, tree: Tree, patterns: Collection[str]) -> dict[str, bytes]:
    """Return the declaration files of *tree* that none of *patterns* covers, by path.

    Files that Git ignores, and those of other workspaces below the folder, are left out.

    Raises:
        ReconcileError: git cannot say which files it ignores.
    """
    contents = dict(_declaring(tree, unread_paths(tree.paths(), patterns)))
    left_out = ignored_among(repository, contents) if contents else frozenset()
    return {path: content for path, content in contents.items() if path not in left_out}


def unread_findings(workspace: Workspace, repository: Repository, tree: Tree) -> Iterator[Finding]:
    """Yield a finding for each declaration file that no environment reads; none where git cannot say what it ignores.

    What needs to know it asks again, and fails then.
    """
    patterns = {pattern for environment in workspace.environments.values() for pattern in environment.paths}
    try:
        unread = unread_declarations(repository, tree, patterns)
    except ReconcileError:
        return
    for path in unread:
        yield Finding(
            WorkspaceRule.UNREAD_FILE,
            "it holds declarations, and the `paths` of no environment cover it: none of them counts",
            place=Span(posixpath.normpath(posixpath.join(workspace.directory, path)), 1),
            hint="add it to the `paths` of an environment, move it to a covered folder, or delete it",
        )


def _declaring(tree: Tree, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        try:
            content = tree.read(path)
        except SettingError:
            continue  # it is not read: whether it can be is of no interest
        if holds_declarations(content):
            yield path, content
