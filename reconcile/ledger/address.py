"""The setting `ledger` → where the ledger is. This needs no library: most commands never open a ledger."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

from reconcile.errors import SettingError
from reconcile.model.variables import expanded, variables_in
from reconcile.secrets import HIDDEN, Redactor, refuse_untrusted, without_credentials, without_passwords

FILE = "file"
NONE = "none"
GIT = "git"
ORIGIN = "origin"

WITHOUT_LEDGER = "`ledger: none` in reconcile.yaml applies without one"

# A name that git takes for a remote; an address has a scheme, or a host before a colon.
_REMOTE = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.-]*")
_SCP_LIKE = re.compile(r"(?:[0-9A-Za-z_][0-9A-Za-z_.-]*@)?(?P<host>[0-9A-Za-z_][0-9A-Za-z_.-]*):(?!//)[^:\s][^\s]*")
# Git would take `NAME::ADDRESS` for the program git-remote-NAME, which may send ADDRESS anywhere.
_URL = re.compile(r"[A-Za-z][0-9A-Za-z+.-]*://[^\s]+")
_POSTGRES_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SECRET_OPTIONS = frozenset({"password", "sslpassword"})
_HOST_OPTIONS = frozenset({"host", "hostaddr"})
_FORMS = "write file, postgresql://USER:${PASSWORD}@HOST/DATABASE, git, git+REMOTE, git+URL, or none"


@dataclass(frozen=True, slots=True)
class LedgerAddress:
    """Where a ledger is. *url* may hold a password, *shown* may be printed; *path* is that of a SQLite file, else None.
    *remote* is the name or address of the repository that holds the ledger in a ref, else None; it may hold a password.

    *is_copy* is set where the file is a copy that this run made to read.

    *secrets* are the spellings of the password that no output may hold.
    """

    url: str = field(repr=False)
    shown: str
    path: Path | None = None
    remote: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    is_copy: bool = False

    @property
    def exists(self) -> bool:
        """Return whether the file exists; a server counts as existing."""
        return self.path is None or self.path.exists()

    def hide(self, text: str) -> str:
        """Return *text* without the password."""
        return Redactor(self.secrets).hide(text)


def ledger_address(
    setting: str | None, file: Path, variables: Mapping[str, str], *, named: str = "ledger"
) -> LedgerAddress | None:
    """Return where the ledger of *setting* is; None for `none`. Without a setting it is a file, as with `file`.

    *file* is the place of that file (`file_places`). *named* is the setting as messages call it.

    Raises:
        SettingError: the setting is invalid, or a variable is not set. No message holds a secret.
    """
    if setting == NONE:
        return None
    if setting in (None, FILE):
        return file_address(file)
    assert setting is not None
    text = expanded(setting, named, variables)
    if not text.isprintable() or " " in text:
        raise SettingError(f"{named} holds a space or a control character", hint="percent-encode it: %20 is a space")
    if text == GIT or text.startswith(f"{GIT}+"):
        return _git(text, setting, named, variables)
    if text.partition(":")[0] == "sqlite":
        hint = f"write file: the ledger is then {shown_path(file)}; move your file there while no run uses it"
        raise SettingError(f"{named} names a SQLite file by its path, which it cannot do any more", hint=hint)
    address, hosts = _postgres(text, named)
    for host in hosts if variables_in(setting) else ():
        if not host.startswith("/"):  # a socket of this machine
            refuse_untrusted(named, *_host_and_port(host), variables, shown=host)
    return address


def _git(text: str, setting: str, named: str, variables: Mapping[str, str]) -> LedgerAddress:
    """Return the address of `git`, `git+REMOTE` or `git+URL`."""
    remote = text.partition("+")[2] or (ORIGIN if text == GIT else "")
    is_name, scp_like = _REMOTE.fullmatch(remote) is not None, _SCP_LIKE.fullmatch(remote)
    if not is_name and not scp_like and not _URL.fullmatch(remote):
        raise SettingError(
            f"{named} names no Git remote", hint="write git, git+REMOTE or git+URL: git+ssh://git@h/x.git"
        )
    try:
        parts = urlsplit(remote)
        host, port, password = parts.hostname, parts.port, parts.password
        host = scp_like["host"] if scp_like else host
    except ValueError:
        raise SettingError(f"{named} is not an address", hint="write git, git+REMOTE or git+URL") from None
    if variables_in(setting) and host is not None:  # a file of this machine has none
        refuse_untrusted(named, host, port, variables, shown=host)
    secrets = (password, unquote(password)) if password else ()
    shown = remote if is_name else without_credentials(remote)
    return LedgerAddress("", f"{GIT}+{shown}", remote=remote, secrets=secrets)


def file_address(path: Path) -> LedgerAddress:
    """Return the address of the SQLite file at *path*."""
    return LedgerAddress(f"sqlite:///{path}", shown_path(path), path)


def shown_path(path: Path) -> str:
    """Return *path* as messages show it: relative to the working directory where that is shorter."""
    try:
        place = min(os.path.relpath(path), os.fspath(path), key=len)
    except (OSError, ValueError):  # the working directory is gone, or on another drive
        place = os.fspath(path)
    return without_passwords(place)  # of an address that was taken for a path


def _postgres(text: str, named: str) -> tuple[LedgerAddress, list[str]]:
    """Return the address, and each host that it may lead to, with its port."""
    try:
        parts = urlsplit(text)
        host, port, options = parts.hostname or "", parts.port, parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise SettingError(f"{named} is not an address", hint=_FORMS) from None
    if parts.scheme not in _POSTGRES_SCHEMES:
        scheme = f"begins with {parts.scheme}:, which" if _is_word(parts.scheme) else "is not an address, and"
        raise SettingError(f"{named} {scheme} reconcile cannot keep a ledger in", hint=_FORMS)
    # Else a part of the password would pass for a host or a database, and would be shown.
    if parts.netloc.count("@") > 1 or "@" in parts.path or parts.path.count("/") > 1 or parts.fragment:
        raise SettingError(
            f"{named} holds an @, / or # where none can be", hint="percent-encode it in a password: %40, %2F or %23"
        )
    url = urlunsplit(parts._replace(scheme="postgresql+psycopg"))
    if not parts.netloc:
        url = url.replace(":/", ":///", 1)
    shown_host = f"[{host}]" if ":" in host else host
    shown_host += f":{port}" if port else ""
    login = f"{parts.username}:{HIDDEN}@" if parts.password else f"{parts.username}@" if parts.username else ""
    shown = f"postgresql://{login}{shown_host}{parts.path}"
    hosts = [shown_host] if shown_host else []
    hosts += [one for name, value in options if name in _HOST_OPTIONS for one in value.split(",")]
    return LedgerAddress(url, shown, secrets=tuple(_secrets(parts, options))), hosts


def _is_word(text: str) -> bool:
    return bool(text) and text.replace("+", "").isalnum()


def _secrets(parts: SplitResult, options: list[tuple[str, str]]) -> Iterator[str]:
    if parts.password:
        yield from (parts.password, unquote(parts.password))
    yield from (value for name, value in options if name in _SECRET_OPTIONS and value)


def _host_and_port(text: str) -> tuple[str, int | None]:
    """Return what an option says of a host; ``::1`` is a host without a port."""
    host, _, port = text.rpartition(":")
    return (host, int(port)) if port.isdecimal() and ":" not in host and host else (text, None)
