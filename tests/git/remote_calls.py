"""Calls to a remote as the program makes them: one that fetches, one that pushes."""

from __future__ import annotations

from reconcile.git.old_ref import old_applied_commit
from reconcile.git.refs import old_ref
from reconcile.git.remote import run_on_remote
from reconcile.git.repository import Repository, head
from tests.git.conftest import run_git

REF = old_ref("prod")


def fetch(repository: Repository, remote: str = "origin") -> str | None:
    """Return the commit of the old ref at *remote*."""
    return old_applied_commit(repository, "prod", remote)


def push(repository: Repository, remote: str = "origin") -> None:
    """Push the commit of the work tree to the old ref at *remote*."""
    pushed = run_on_remote(repository, remote, "push", "--no-verify", "--", remote, f"{head(repository)}:{REF}")
    if not pushed.is_good:
        raise pushed.failure(f"{REF} was not pushed")


def note(folder, commit, ref=REF):
    """Let the old ref of the repository at *folder* name *commit*."""
    run_git(folder, "update-ref", ref, commit)
