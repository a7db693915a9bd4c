"""Which settings of a repository name a program or hold a credential, and their replacements.

A repository's configuration is data: it comes from where the checkout comes from, a forge, a tool or a stranger. So no
program that it names is run, and none of its credentials is sent, unless `RECONCILE_GIT_ALLOW` of the runner's
environment allows it. The configuration of the system, of the user and of `GIT_*` variables is the runner's own, and
is used. Source: git-config(1) and the pages that it names, up to git 2.55; githooks(5), credentials(7).

A setting is *set aside*: git gets a later value for the same key, which is the value of the runner's own configuration,
else what git does without one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconcile.errors import SettingError

VARIABLE = "RECONCILE_GIT_ALLOW"


class Allow(StrEnum):
    """What `RECONCILE_GIT_ALLOW` takes from a repository's own configuration."""

    CREDENTIALS = "credentials"
    FILTERS = "filters"


def allowed(text: str) -> frozenset[Allow]:
    """Return what *text*, the value of `RECONCILE_GIT_ALLOW`, allows: words separated by commas.

    Raises:
        SettingError: a word is unknown.

    >>> sorted(allowed("filters, credentials"))
    [<Allow.CREDENTIALS: 'credentials'>, <Allow.FILTERS: 'filters'>]
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    known = ", ".join(Allow)
    for word in words:
        if word not in tuple(Allow):
            raise SettingError(f"{VARIABLE}: {word!r} is unknown", hint=f"known, separated by commas: {known}")
    return frozenset(map(Allow, words))


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """One entry of git's configuration: scope (as in `git config --show-scope`), key and value."""

    scope: str
    key: str
    value: str

    @property
    def is_of_repository(self) -> bool:
        """Whether the entry is in the repository's own files, or in one that they include."""
        return self.scope in {"local", "worktree"}


@dataclass(frozen=True, slots=True)
class UnsafeSetting:
    """A kind of setting that names a program or holds a credential.

    *key* is spelled as in git's documentation, with `*` for any part. *replacement* is a harmless value; an empty value
    empties a list. None: only a value of the runner's own can replace it, and a call that would use it is refused.
    """

    key: str
    replacement: str | None = ""
    is_list: bool = False
    lifted_by: Allow | None = None
    value: str = ""
    """A pattern: only values that begin with it name a program, or hold a credential."""
    option: str | None = None
    """The command-line option that sets it aside, where git takes the first value and not the last."""

    def matches(self, entry: ConfigEntry) -> bool:
        """Whether *entry* is of this kind."""
        return _pattern(self.key).fullmatch(entry.key) is not None and re.match(self.value, entry.value) is not None

    def documented(self, key: str) -> str:
        """Return *key*, which git lists with section and name in small letters, as git's documentation spells it."""
        section, *_, name = self.key.split(".")
        middle = key.partition(".")[2].rpartition(".")[0]
        return ".".join(filter(None, (section, middle, key.rpartition(".")[2] if name == "*" else name)))


# Case matters only between section and name: `git config --list` shows those two in small letters.
def _pattern(key: str) -> re.Pattern[str]:
    pattern = _PATTERNS.get(key)
    if pattern is None:
        section, *between, name = key.lower().split(".")
        middle = "".join(r"\..*" for _ in between)  # a subsection may be empty: [credential ""]
        shown = re.escape(name).replace(r"\*", ".+")
        pattern = _PATTERNS[key] = re.compile(f"{section}{middle}\\.{shown}", re.DOTALL)
    return pattern


_PATTERNS: dict[str, re.Pattern[str]] = {}

_CREDENTIALS, _FILTERS = Allow.CREDENTIALS, Allow.FILTERS
_SHELL = "!"
_WITH_USER = r"(?s:.*)@"

UNSAFE_SETTINGS: tuple[UnsafeSetting, ...] = (
    UnsafeSetting("alias.*", value=_SHELL),
    UnsafeSetting("alias.*.command", value=_SHELL),
    UnsafeSetting("browser.*.cmd"),
    UnsafeSetting("browser.*.path"),
    UnsafeSetting("core.alternateRefsCommand"),
    UnsafeSetting("core.askPass", lifted_by=_CREDENTIALS),
    UnsafeSetting("core.editor"),
    UnsafeSetting("core.fsmonitor", "false"),
    UnsafeSetting("core.gitProxy"),
    UnsafeSetting("core.hooksPath", os.devnull),
    UnsafeSetting("core.pager", "cat"),
    UnsafeSetting("core.sshCommand", "ssh", lifted_by=_CREDENTIALS),
    UnsafeSetting("credential.helper", is_list=True, lifted_by=_CREDENTIALS),
    UnsafeSetting("credential.*.helper", is_list=True, lifted_by=_CREDENTIALS),
    UnsafeSetting("diff.*.command"),
    UnsafeSetting("diff.*.textconv"),
    UnsafeSetting("diff.external"),
    UnsafeSetting("diff.guitool"),
    UnsafeSetting("diff.tool"),
    UnsafeSetting("difftool.*.cmd"),
    UnsafeSetting("difftool.*.path"),
    UnsafeSetting("filter.*.clean", lifted_by=_FILTERS),
    UnsafeSetting("filter.*.process", lifted_by=_FILTERS),
    UnsafeSetting("filter.*.required", "false", lifted_by=_FILTERS),
    UnsafeSetting("filter.*.smudge", lifted_by=_FILTERS),
    UnsafeSetting("gc.recentObjectsHook", is_list=True),
    UnsafeSetting("gpg.*.program", "false"),
    UnsafeSetting("gpg.program", "false"),
    UnsafeSetting("gpg.ssh.defaultKeyCommand"),
    UnsafeSetting("guitool.*.cmd"),
    UnsafeSetting("help.browser"),
    UnsafeSetting("hook.*.command", "true"),
    UnsafeSetting("http.cookieFile", lifted_by=_CREDENTIALS),
    UnsafeSetting("http.*.cookieFile", lifted_by=_CREDENTIALS),
    UnsafeSetting("http.extraHeader", is_list=True, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.*.extraHeader", is_list=True, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.proxy", None, lifted_by=_CREDENTIALS, value=_WITH_USER),
    UnsafeSetting("http.*.proxy", None, lifted_by=_CREDENTIALS, value=_WITH_USER),
    UnsafeSetting("http.proxySSLCert", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.*.proxySSLCert", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.proxySSLKey", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.*.proxySSLKey", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.sslCert", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.*.sslCert", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.sslKey", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("http.*.sslKey", None, lifted_by=_CREDENTIALS),
    UnsafeSetting("imap.tunnel"),
    UnsafeSetting("imap.*.tunnel"),
    UnsafeSetting("instaweb.browser"),
    UnsafeSetting("instaweb.httpd"),
    UnsafeSetting("instaweb.modulePath"),
    UnsafeSetting("interactive.diffFilter"),
    UnsafeSetting(
        "lfs.extension.*.clean", lifted_by=_FILTERS
    ),  # git-lfs-config(5): run by the filter of git-lfs, whose it is
    UnsafeSetting("lfs.extension.*.smudge", lifted_by=_FILTERS),
    UnsafeSetting("man.*.cmd"),
    UnsafeSetting("man.*.path"),
    UnsafeSetting("man.viewer"),
    UnsafeSetting("merge.*.driver"),
    UnsafeSetting("merge.guitool"),
    UnsafeSetting("merge.tool"),
    UnsafeSetting("mergetool.*.cmd"),
    UnsafeSetting("mergetool.*.path"),
    UnsafeSetting("pager.*", "false", value=r"(?!(?i:true|false|yes|no|on|off|0|1)?\Z)"),
    UnsafeSetting("protocol.allow", "user"),
    UnsafeSetting("protocol.*.allow", "user"),
    UnsafeSetting("remote.*.proxy", None, lifted_by=_CREDENTIALS, value=_WITH_USER),
    UnsafeSetting("remote.*.receivepack", "git-receive-pack", option="--receive-pack"),
    UnsafeSetting("remote.*.uploadpack", "git-upload-pack", option="--upload-pack"),
    UnsafeSetting("remote.*.vcs", None),
    UnsafeSetting("sendemail.ccCmd"),
    UnsafeSetting("sendemail.*.ccCmd"),
    UnsafeSetting("sendemail.headerCmd"),
    UnsafeSetting("sendemail.*.headerCmd"),
    UnsafeSetting("sendemail.sendmailCmd"),
    UnsafeSetting("sendemail.*.sendmailCmd"),
    UnsafeSetting("sendemail.smtpServer", value="/"),
    UnsafeSetting("sendemail.*.smtpServer", value="/"),
    UnsafeSetting("sendemail.toCmd"),
    UnsafeSetting("sendemail.*.toCmd"),
    UnsafeSetting("sequence.editor"),
    UnsafeSetting("submodule.*.update", "checkout", value=_SHELL),
    UnsafeSetting("svn.authorsProg"),
    UnsafeSetting("svn-remote.*.authorsProg"),
    UnsafeSetting("tar.*.command"),
    UnsafeSetting("trailer.*.cmd"),
    UnsafeSetting("trailer.*.command"),
    UnsafeSetting("uploadpack.packObjectsHook"),
    UnsafeSetting("web.browser"),
)
"""One row for each kind, sorted by key; the tests try each, and docs/settings.md lists them."""

# A transport is a program, `git-remote-NAME`. These are git's own; `ext` runs any command.
_TRANSPORTS = {"http": "always", "https": "always", "git": "always", "ssh": "always", "file": "always", "ext": "never"}

# In every call, whatever is configured: no hooks, no background programs, no signatures, and no extra fetches.
_ALL_RUNS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "gc.auto": "0",
    "maintenance.auto": "false",
    "push.gpgSign": "false",
    "push.negotiate": "false",  # an extra fetch, with the programs of a remote whose name is the address
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings for every call of git about one repository.

    *given* are keys and values in the order in which git reads them. *set_aside* are the repository's keys that are not
    used, each with its kind. *entries* are the whole configuration.
    """

    given: tuple[tuple[str, str], ...] = tuple(_ALL_RUNS.items())
    set_aside: Mapping[str, UnsafeSetting] = field(default_factory=dict)
    entries: tuple[ConfigEntry, ...] = field(default=(), repr=False)  # they may hold secrets

    @property
    def names(self) -> tuple[str, ...]:
        """Return the keys that are set aside, spelled as in git's documentation, sorted."""
        return tuple(sorted(kind.documented(key) for key, kind in self.set_aside.items()))

    @property
    def unusable(self) -> Mapping[str, UnsafeSetting]:
        """Return the keys that are set aside without a replacement: no harmless value, and none of the runner's own."""
        kinds = self.set_aside.items()
        return {key: kind for key, kind in kinds if kind.replacement is None and self.lacks_runner_value(key)}

    def lacks_runner_value(self, key: str) -> bool:
        """Whether *key* is set aside, and the runner's own configuration has no value for it."""
        return key in self.set_aside and all(entry.key != key or entry.is_of_repository for entry in self.entries)

    def names_remote(self, remote: str) -> bool:
        """Whether *remote* is the name or the address of a remote in the configuration."""
        addresses = (one for one in self.entries if one.key.startswith("remote.") and one.key.endswith(".url"))
        return any(remote == one.value or one.key == f"remote.{remote}.url" for one in addresses)

    def options(self, remote: str, option: str) -> tuple[str, ...]:
        """Return *option* for a call to *remote*, if it sets something aside."""
        for key, kind in self.set_aside.items():
            if kind.option == option and key == f"remote.{remote}.{kind.key.rpartition('.')[2]}":
                own = (entry.value for entry in self.entries if entry.key == key and not entry.is_of_repository)
                return (f"{option}={next(own, kind.replacement)}",)
        return ()

    def last(self, key: str) -> str | None:
        """Return the value of *key*, in small letters: the last one in any scope; None when there is none."""
        return next((entry.value for entry in reversed(self.entries) if entry.key == key), None)


def read_entries(listed: bytes) -> tuple[ConfigEntry, ...]:
    """Return the entries of `git config --list -z --show-scope`."""
    parts = os.fsdecode(listed).split("\0")[:-1]
    entries = []
    for scope, text in zip(parts[::2], parts[1::2], strict=True):
        key, newline, value = text.partition("\n")
        value = value if newline else "true"  # a key alone; handed on as an empty value it would mean false
        entries.append(ConfigEntry(scope, key, value))
    return tuple(entries)


def settings(
    entries: Iterable[ConfigEntry], allow: frozenset[Allow], *, never: Callable[[str], bool] = lambda _: False
) -> Settings:
    """Return the settings for git whose whole configuration is *entries*, in the order in which git reads them.

    *allow* allows no key of which *never* is true.
    """
    entries = tuple(entries)
    own: dict[str, list[str]] = {}
    for entry in entries:
        if not entry.is_of_repository:
            own.setdefault(entry.key, []).append(entry.value)
    found: dict[str, UnsafeSetting] = {}
    for entry in entries:
        kind = _kind(entry) if entry.is_of_repository else None
        if kind is None:
            continue
        if kind.lifted_by not in allow or never(entry.key):
            found[entry.key] = kind
    given = list(_ALL_RUNS.items())
    for key, kind in found.items():
        given += [(key, value) for value in _replacements(key, kind, own)]
    given += _credential_helpers(found, entries)
    given += _hooks_off(entries)
    given += _transports(own)
    return Settings(tuple(given), found, entries)


def is_for_any_host(key: str) -> bool:
    """Return whether *key* is of a credential that is sent to whichever host is called: its address names none.

    >>> list(map(is_for_any_host, ["http.extraheader", "http.https://*.com/.cookiefile", "credential.https://.helper"]))
    [True, True, True]
    >>> list(map(is_for_any_host, ["http.https://h:8080/.extraheader", "credential.me@h.helper", "core.sshcommand"]))
    [False, False, False]
    """
    section, _, rest = key.partition(".")
    address, _, name = rest.rpartition(".")
    if f"{section}.{name}" not in _SENT:
        return False
    scheme, mark, place = address.partition("://")
    host = (place if mark else scheme).partition("/")[0].rpartition("@")[2]
    return not host or "*" in host


_SENT = frozenset({"core.askpass", "credential.helper", "http.cookiefile", "http.extraheader"})


def _kind(entry: ConfigEntry) -> UnsafeSetting | None:
    # The section alone rules out nearly every entry.
    kinds = _BY_SECTION.get(entry.key.partition(".")[0], ())
    return next((kind for kind in kinds if kind.matches(entry)), None)


def _by_section() -> Mapping[str, tuple[UnsafeSetting, ...]]:
    sections: dict[str, tuple[UnsafeSetting, ...]] = {}
    for kind in UNSAFE_SETTINGS:
        section = kind.key.partition(".")[0].lower()
        sections[section] = (*sections.get(section, ()), kind)
    return sections


_BY_SECTION = _by_section()


def _replacements(key: str, kind: UnsafeSetting, own: Mapping[str, list[str]]) -> Iterable[str]:
    if kind.option is not None or key.startswith("credential."):  # see `_credential_helpers`
        return ()
    if kind.is_list:
        return ("", *_runner_values(key, own))  # an empty value also drops the runner's own values: they follow it
    return _runner_values(key, own)[-1:] or ([] if kind.replacement is None else [kind.replacement])


def _runner_values(key: str, own: Mapping[str, list[str]]) -> list[str]:
    """Return the values of the runner's own configuration that apply to the address in *key*.

    In section `http` git uses only the values of the most specific address, which may hide the runner's own.
    """
    section, _, rest = key.partition(".")
    address, _, name = rest.rpartition(".")
    if section != "http" or not address:
        return own.get(key, [])
    kept = {each: each.partition(".")[2].rpartition(".")[0] for each in own if each.startswith("http.")}
    fitting = [
        each
        for each, outer in kept.items()
        if each.endswith(f".{name}") and (not outer or f"{_plain(address)}/".startswith(f"{_plain(outer)}/"))
    ]
    return own[max(fitting, key=len)] if fitting else []


def _plain(address: str) -> str:
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}/{path}".rstrip("/")


def _credential_helpers(found: Collection[str], entries: Iterable[ConfigEntry]) -> Iterable[tuple[str, str]]:
    """Yield settings that drop all credential helpers, if one is set aside, and add the others again.

    Git asks every helper that fits an address, and an empty value drops the helpers of all addresses.
    """
    if any(key.startswith("credential.") for key in found):
        yield "credential.helper", ""
        for entry in entries:
            if (
                entry.key.startswith("credential.")
                and entry.key.endswith(".helper")
                and not (entry.is_of_repository and entry.key in found)
            ):
                yield entry.key, entry.value


def _hooks_off(entries: Iterable[ConfigEntry]) -> Iterable[tuple[str, str]]:
    """Return settings that switch off configured hooks (git 2.54), which `core.hooksPath` does not."""
    names = {entry.key.removeprefix("hook.").rpartition(".")[0] for entry in entries if entry.key.startswith("hook.")}
    return [(f"hook.{name}.enabled", "false") for name in sorted(names) if name]


def _transports(own: Mapping[str, list[str]]) -> Iterable[tuple[str, str]]:
    """Return settings that allow git's own transports; only the runner's own settings allow another program."""
    for_all = own.get("protocol.allow", [])
    return [
        (f"protocol.{name}.allow", own.get(f"protocol.{name}.allow", for_all or [policy])[-1])
        for name, policy in _TRANSPORTS.items()
    ]
