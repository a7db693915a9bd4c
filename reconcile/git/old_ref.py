"""The ref in which an older reconcile kept the commit last applied to an environment: it is read once, never moved.

It is not a branch: clones do not fetch it. So it is looked for at a remote too, and its commit is fetched by itself.
"""

from __future__ import annotations

import os

from reconcile.errors import ReconcileError
from reconcile.git.refs import commit_of, old_ref
from reconcile.git.remote import run_on_remote
from reconcile.git.repository import Repository
from reconcile.secrets import without_credentials
from reconcile.text import shown

# No ref is made or moved.
_ONLY_OBJECTS = ("--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules", "--no-write-fetch-head")


ORIGIN = "origin"
"""The remote to which pipelines pushed the ref."""


def has_origin(repository: Repository) -> bool:
    """Return whether *repository* has a remote that is called so."""
    return not repository.is_outside and bool(repository.settings.last(f"remote.{ORIGIN}.url"))


def old_applied_commit(repository: Repository, environment: str, remote: str | None) -> str | None:
    """Return the commit last applied to *environment*, by the ref of *remote*; None: by that of this repository.

    None where there is no such ref.

    Raises:
        ReconcileError: a ref cannot be read, or its commit is not there: that must not count as no ref.
    """
    if repository.is_outside:
        return None  # there is no repository to fetch a commit into
    return _here(repository, environment) if remote is None else _at_remote(repository, environment, remote)


def _here(repository: Repository, environment: str) -> str | None:
    ref = old_ref(environment)
    completed = repository.ask("for-each-ref", "--format=%(objectname)", ref)
    if repository.is_outside:
        return None
    if not completed.is_good or f"broken ref {ref}".encode() in completed.err:
        raise completed.failure("what was last applied cannot be read from Git")
    target = os.fsdecode(completed.out.removesuffix(b"\n"))
    if not target:
        return None
    commit = commit_of(repository, target)
    if commit is None:
        raise ReconcileError(
            f"{ref} names {target}, which is not a commit in this repository",
            hint="fetch the ref again, or delete it",
        )
    return commit


def _at_remote(repository: Repository, environment: str, remote: str) -> str | None:
    ref = old_ref(environment)
    what = f"{ref} could not be fetched from {shown(without_credentials(remote))}"
    commit = _target(repository, remote, ref, what)
    if commit is None or commit_of(repository, commit) == commit:
        return commit
    # A shallow clone gets the commit without its history; elsewhere `--depth` would cut the history that exists.
    depth = ("--depth=1",) if repository.is_shallow else ()
    fetched = run_on_remote(repository, remote, "fetch", *_ONLY_OBJECTS, *depth, "--", remote, ref)
    if not fetched.is_good:
        raise fetched.failure(what)
    return commit


def _target(repository: Repository, remote: str, ref: str, what: str) -> str | None:
    """Return the commit of *ref* in *remote*; None when there is no such ref."""
    listed = run_on_remote(repository, remote, "ls-remote", "--", remote, ref)
    if not listed.is_good:
        raise listed.failure(what)
    for line in listed.out.split(b"\n"):
        target, _, name = line.partition(b"\t")
        if name == ref.encode("ascii"):  # git also lists refs that end with this name
            return target.decode("ascii")
    return None
