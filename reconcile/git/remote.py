"""Calls to another repository, with the user's credentials, and without those in the repository's configuration.

Git itself says where a remote leads: an address has several spellings, and settings rewrite it.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from reconcile.errors import ReconcileError
from reconcile.git.configuration import VARIABLE, Allow, is_for_any_host, settings
from reconcile.git.program import CompletedGit
from reconcile.git.repository import Repository, foreign
from reconcile.secrets import safe_line

_USER_IN_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):///*(?P<user>[^/]*)@")
_TRANSPORT = re.compile(r"[A-Za-z0-9]+::")
_TOKEN = re.compile(r"(?=.*\d)[A-Za-z0-9_-]{20,}")  # longer than the names of people


def run_on_remote(
    repository: Repository, remote: str, command: str, *arguments: str, stdin: bytes = b""
) -> CompletedGit:
    """Run git's *command* to *remote* in the folder of *repository*, as the user.

    *remote* is a name, an address or a path.

    Raises:
        DeclarationError: *remote* is a folder that a branch brought.
        ReconcileError: the command did not end in time, or needs a setting that cannot be set aside.
    """
    refuse_unusable(repository, remote)
    repository = fitted(repository, remote)
    # Addresses come from the repository's configuration: only transports that the runner allows.
    option = "--receive-pack" if command == "push" else "--upload-pack"
    words = (command, *repository.settings.options(remote, option), *arguments)
    # Only *remote* is called: a partial clone would fetch missing files from another one, with its programs.
    return repository.as_user(words, {"GIT_PROTOCOL_FROM_USER": "0", "GIT_NO_LAZY_FETCH": "1"}, stdin=stdin)


def fitted(repository: Repository, remote: str) -> Repository:
    """Return *repository* with the settings for calls to *remote*, which a branch may name in `ledger`.

    Where it is none of the repository's own remotes, no credential is sent there whose setting names no host.
    """
    found = repository.settings
    if found.names_remote(remote):
        return repository
    return replace(repository, settings=settings(found.entries, repository.allow, never=is_for_any_host))


def refuse_unusable(repository: Repository, remote: str) -> None:
    """Refuse a call that would use a setting without a replacement, or send a password of the repository's.

    Raises:
        DeclarationError: *remote* is a folder that a branch brought.
        ReconcileError: a setting cannot be set aside, or a password would be sent.
    """
    unusable = repository.settings.unusable
    vcs = f"remote.{remote}.vcs"
    if vcs in unusable:
        raise ReconcileError(
            f"{safe_line(vcs)} in the repository's configuration names a program, which is not run",
            hint="name the address of the remote instead, or unset it",
        )
    addresses = _addresses(repository, remote)
    for address in sorted(addresses):
        _refuse_committed(repository, address)
    if Allow.CREDENTIALS in repository.allow:
        return
    how_to_allow = f"set {VARIABLE}=credentials where only merged commits are used"
    key = _unusable_for(repository, remote, addresses)
    if key is not None:
        raise ReconcileError(
            f"{safe_line(unusable[key].documented(key))} in the repository's configuration holds a credential, "
            "which is not sent",
            hint=f"{how_to_allow}, or set the same with --global",
        )
    if any(_is_secret_of_repository(repository, address, remote) for address in addresses):
        raise ReconcileError(
            f"the address of {safe_line(remote)} in the repository's configuration holds a password, which is not sent",
            hint=how_to_allow,
        )
    if _secret(remote) and _rewriting(repository, remote):
        raise ReconcileError(
            f"url.*.insteadOf in the repository's configuration changes where {safe_line(remote)} leads: "
            "its password is not sent there",
            hint=f"unset it, or {how_to_allow}",
        )


def _refuse_committed(repository: Repository, address: str) -> None:
    """Refuse an *address* that leads to a path which the work tree's own commits hold: a branch brought it."""
    path = unquote(address.removeprefix("file://")) if address.startswith("file://") else address
    if repository.top is None:
        return
    for place in (path, f"{path}.git"):
        real = Path(os.path.normpath(repository.top / place))
        if not os.path.lexists(real) or not real.is_relative_to(repository.top) or real == repository.top:
            continue
        listed = repository.ask("ls-files", "-z", "--", f":(top,literal){real.relative_to(repository.top)}")
        if listed.out or not listed.is_good:  # git does not list what is behind a link
            why = "is in Git, and is not a repository to fetch from or push to"
            raise foreign(repository.path_within(real), why, "name a remote that `git remote -v` shows, or an address")


def _addresses(repository: Repository, remote: str) -> frozenset[str]:
    """Return every address that a call to *remote* may use. Outside Git no name or setting leads elsewhere."""
    if repository.is_outside:
        return frozenset({remote})
    found = (
        repository.act("ls-remote", "--get-url", "--", remote),
        repository.act("remote", "get-url", "--push", "--all", "--", remote),  # it knows only the repository's remotes
    )
    for completed in found:
        if not completed.is_good and b"No such remote" not in completed.err:
            raise completed.failure(f"where {safe_line(remote)} leads cannot be found out")
    listed = {line for completed in found if completed.is_good for line in os.fsdecode(completed.out).split("\n")}
    keys = {f"remote.{remote}.url", f"remote.{remote}.pushurl"}
    named = {remote, *(entry.value for entry in repository.settings.entries if entry.key in keys)}
    return frozenset(listed.union(*(_rewriting(repository, each) for each in named)) - {""})


def _rewriting(repository: Repository, address: str) -> frozenset[str]:
    """Return the addresses that the repository's `url.*.insteadOf` and `pushInsteadOf` make of *address*."""
    return frozenset(
        entry.key.removeprefix("url.").rpartition(".")[0] + address.removeprefix(entry.value)
        for entry in repository.settings.entries
        if entry.is_of_repository
        and entry.key.startswith("url.")
        and entry.key.endswith("insteadof")
        and address.startswith(entry.value)
    )


def _unusable_for(repository: Repository, remote: str, addresses: Iterable[str]) -> str | None:
    """Return a key without a replacement that applies to *remote* at *addresses*; None when there is none."""
    unusable = repository.settings.unusable
    proxy = f"remote.{remote}.proxy"
    if proxy in unusable:
        return proxy
    names = {key.rpartition(".")[2] for key in unusable if key.startswith("http.")}
    for address, name in itertools.product(addresses, sorted(names)):
        completed = repository.act("config", "--get-urlmatch", f"http.{name}", _without_password(address))
        applied = os.fsdecode(completed.out.removesuffix(b"\n"))
        for entry in repository.settings.entries if completed.is_good else ():
            if entry.key in unusable and entry.key.endswith(f".{name}") and entry.value == applied:
                return entry.key
    return None


def _is_secret_of_repository(repository: Repository, address: str, remote: str) -> bool:
    secret = _secret(address)
    own = (
        text for entry in repository.settings.entries if not entry.is_of_repository for text in (entry.key, entry.value)
    )
    return secret is not None and not any(secret in text for text in (remote, *own))


def _without_password(address: str) -> str:
    """Return *address* for a list of arguments, which all users of a machine can see."""
    plain = _TRANSPORT.sub("", address)
    return _USER_IN_ADDRESS.sub(lambda found: f"{found['scheme']}://{found['user'].partition(':')[0]}@", plain)


def _secret(address: str) -> str | None:
    """Return user and password of *address*; of a user without password, for HTTP, only what looks like a token.

    >>> _secret("https://me:hunter2@example.org/a"), _secret("https://ghp_0123456789abcdefgh@example.org/a")
    ('me:hunter2@', 'ghp_0123456789abcdefgh@')
    >>> _secret("https://me@example.org/a"), _secret("ssh://git@example.org/a"), _secret("/srv/a@b:c@d")
    (None, None, None)
    """
    found = _USER_IN_ADDRESS.search(address)
    if found is None:
        return None
    user = unquote(found["user"])
    is_token = found["scheme"].lower().startswith("http") and _TOKEN.fullmatch(user) is not None
    return f"{found['user']}@" if ":" in user or is_token else None
