"""Whether a repository holds a file: a commit brought it, or the link that leads to it."""

from __future__ import annotations

from pathlib import Path

from reconcile.git.repository import find


def is_tracked(path: Path) -> bool:
    """Return whether *path*, a folder or a link on the way to it, or what it leads to is in a repository's index.

    Raises:
        DeclarationError: a repository that is not its own holds it.
        ReconcileError: git cannot say it.
    """
    links = [each for each in (path, *path.parents) if each.is_symlink()]
    return any(_is_listed(each.parent.resolve() / each.name) for each in (*links, path.resolve()))


def _is_listed(path: Path) -> bool:
    repository = find(path.parent)
    if repository.is_outside:
        return False
    listed = repository.ask("ls-files", "-z", "--", f":(icase){path.name}")
    if not listed.is_good:
        raise listed.failure(f"git does not say whether it holds {path.name}")
    return bool(listed.out)
