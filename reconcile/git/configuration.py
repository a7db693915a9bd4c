"""Which settings of a repository name a program or hold a credential, and what stands in their place.

A repository's configuration is data: whoever wrote the checkout, a forge, a tool or a stranger, wrote it too. So no
setting of it names a program that is run, and none of its credentials is sent, unless `RECONCILE_GIT_ALLOW` of the
runner's environment says so. The configuration of the system, of the user and of `GIT_*` variables is the runner's own,
and counts. Source: git-config(1) and the pages that it names, up to git 2.55; githooks(5), credentials(7).

A setting is *set aside* by giving git a later value for the same key: what the runner's own configuration says, else
what git would do without any.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconcile.errors import SettingError

VARIABLE = "RECONCILE_GIT_ALLOW"


class Allow(StrEnum):
    """What `RECONCILE_GIT_ALLOW` takes from a repository's own configuration."""

    CREDENTIALS = "credentials"
    FILTERS = "filters"


def allowed(text: str) -> frozenset[Allow]:
    """Return what *text*, the value of `RECONCILE_GIT_ALLOW`, allows: words between commas; empty: nothing.

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
class Entry:
    """One line of git's configuration: its scope as `git config --show-scope` says it, its key, and its value."""

    scope: str
    key: str
    value: str

    @property
    def is_of_repository(self) -> bool:
        """Whether the repository itself says so, in its own files or in one that they include."""
        return self.scope in {"local", "worktree"}


@dataclass(frozen=True, slots=True)
class Named:
    """A kind of setting that names a program or holds a credential.

    *key* is spelled as in git's documentation, with `*` for any part. *instead* is what does no harm; a *list* is
    emptied by an empty value. None: nothing but the runner's own value can stand in its place, and what would use it is
    refused.
    """

    key: str
    instead: str | None = ""
    is_list: bool = False
    lifted_by: Allow | None = None
    value: str = ""
    """A pattern: only values that begin so name a program, or hold a credential."""
    option: str | None = None
    """What sets it aside on the command line, where git takes the first value and not the last."""

    def fits(self, entry: Entry) -> bool:
        """Whether *entry* is a setting of this kind."""
        return _pattern(self.key).fullmatch(entry.key) is not None and re.match(self.value, entry.value) is not None

    def spelled(self, key: str) -> str:
        """Return *key*, which is of this kind and whose section and name git lists in small letters, as documented."""
        section, *_, name = self.key.split(".")
        middle = key.partition(".")[2].rpartition(".")[0]
        return ".".join(filter(None, (section, middle, key.rpartition(".")[2] if name == "*" else name)))


# Section and name have no case, what stands between has: `git config --list` shows the first two in small letters.
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

NAMED: tuple[Named, ...] = (
    Named("alias.*", value=_SHELL),
    Named("alias.*.command", value=_SHELL),
    Named("browser.*.cmd"),
    Named("browser.*.path"),
    Named("core.alternateRefsCommand"),
    Named("core.askPass", lifted_by=_CREDENTIALS),
    Named("core.editor"),
    Named("core.fsmonitor", "false"),
    Named("core.gitProxy"),
    Named("core.hooksPath", os.devnull),
    Named("core.pager", "cat"),
    Named("core.sshCommand", "ssh", lifted_by=_CREDENTIALS),
    Named("credential.helper", is_list=True, lifted_by=_CREDENTIALS),
    Named("credential.*.helper", is_list=True, lifted_by=_CREDENTIALS),
    Named("diff.*.command"),
    Named("diff.*.textconv"),
    Named("diff.external"),
    Named("diff.guitool"),
    Named("diff.tool"),
    Named("difftool.*.cmd"),
    Named("difftool.*.path"),
    Named("filter.*.clean", lifted_by=_FILTERS),
    Named("filter.*.process", lifted_by=_FILTERS),
    Named("filter.*.required", "false", lifted_by=_FILTERS),
    Named("filter.*.smudge", lifted_by=_FILTERS),
    Named("gc.recentObjectsHook", is_list=True),
    Named("gpg.*.program", "false"),
    Named("gpg.program", "false"),
    Named("gpg.ssh.defaultKeyCommand"),
    Named("guitool.*.cmd"),
    Named("help.browser"),
    Named("hook.*.command", "true"),
    Named("http.cookieFile", lifted_by=_CREDENTIALS),
    Named("http.*.cookieFile", lifted_by=_CREDENTIALS),
    Named("http.extraHeader", is_list=True, lifted_by=_CREDENTIALS),
    Named("http.*.extraHeader", is_list=True, lifted_by=_CREDENTIALS),
    Named("http.proxy", None, lifted_by=_CREDENTIALS, value=_WITH_USER),
    Named("http.*.proxy", None, lifted_by=_CREDENTIALS, value=_WITH_USER),
    Named("http.proxySSLCert", None, lifted_by=_CREDENTIALS),
    Named("http.*.proxySSLCert", None, lifted_by=_CREDENTIALS),
    Named("http.proxySSLKey", None, lifted_by=_CREDENTIALS),
    Named("http.*.proxySSLKey", None, lifted_by=_CREDENTIALS),
    Named("http.sslCert", None, lifted_by=_CREDENTIALS),
    Named("http.*.sslCert", None, lifted_by=_CREDENTIALS),
    Named("http.sslKey", None, lifted_by=_CREDENTIALS),
    Named("http.*.sslKey", None, lifted_by=_CREDENTIALS),
    Named("imap.tunnel"),
    Named("imap.*.tunnel"),
    Named("instaweb.browser"),
    Named("instaweb.httpd"),
    Named("instaweb.modulePath"),
    Named("interactive.diffFilter"),
    Named("lfs.extension.*.clean", lifted_by=_FILTERS),  # git-lfs-config(5): run by the filter of git-lfs, whose it is
    Named("lfs.extension.*.smudge", lifted_by=_FILTERS),
    Named("man.*.cmd"),
    Named("man.*.path"),
    Named("man.viewer"),
    Named("merge.*.driver"),
    Named("merge.guitool"),
    Named("merge.tool"),
    Named("mergetool.*.cmd"),
    Named("mergetool.*.path"),
    Named("pager.*", "false", value=r"(?!(?i:true|false|yes|no|on|off|0|1)?\Z)"),
    Named("protocol.allow", "user"),
    Named("protocol.*.allow", "user"),
    Named("remote.*.proxy", None, lifted_by=_CREDENTIALS, value=_WITH_USER),
    Named("remote.*.receivepack", "git-receive-pack", option="--receive-pack"),
    Named("remote.*.uploadpack", "git-upload-pack", option="--upload-pack"),
    Named("remote.*.vcs", None),
    Named("sendemail.ccCmd"),
    Named("sendemail.*.ccCmd"),
    Named("sendemail.headerCmd"),
    Named("sendemail.*.headerCmd"),
    Named("sendemail.sendmailCmd"),
    Named("sendemail.*.sendmailCmd"),
    Named("sendemail.smtpServer", value="/"),
    Named("sendemail.*.smtpServer", value="/"),
    Named("sendemail.toCmd"),
    Named("sendemail.*.toCmd"),
    Named("sequence.editor"),
    Named("submodule.*.update", "checkout", value=_SHELL),
    Named("svn.authorsProg"),
    Named("svn-remote.*.authorsProg"),
    Named("tar.*.command"),
    Named("trailer.*.cmd"),
    Named("trailer.*.command"),
    Named("uploadpack.packObjectsHook"),
    Named("web.browser"),
)
"""One row for each kind, by key; the tests plant every one, and docs/settings.md lists them."""

# A transport's name is that of a program, `git-remote-NAME`. These are git's own; `ext` runs whatever it is told to.
_TRANSPORTS = {"http": "always", "https": "always", "git": "always", "ssh": "always", "file": "always", "ext": "never"}

# Whatever any configuration says: run no hook, start nothing that stays, sign nothing, and fetch nothing unasked.
_ALL_RUNS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "gc.auto": "0",
    "maintenance.auto": "false",
    "push.gpgSign": "false",
    "push.negotiate": "false",  # a fetch of its own, with the programs of a remote that is named like the address
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What git is told on every call about one repository.

    *given* are keys and values in the order in which git reads them. *set_aside* are the keys of the repository that do
    not count, each with its kind. *entries* are the whole configuration.
    """

    given: tuple[tuple[str, str], ...] = tuple(_ALL_RUNS.items())
    set_aside: Mapping[str, Named] = field(default_factory=dict)
    entries: tuple[Entry, ...] = field(default=(), repr=False)  # they may hold secrets

    @property
    def names(self) -> tuple[str, ...]:
        """Return the keys that are set aside, as git's documentation spells them, sorted."""
        return tuple(sorted(kind.spelled(key) for key, kind in self.set_aside.items()))

    @property
    def unusable(self) -> Mapping[str, Named]:
        """Return what is set aside and in whose place nothing can stand, as the runner's own says nothing either."""
        kinds = self.set_aside.items()
        return {key: kind for key, kind in kinds if kind.instead is None and self.is_without_own(key)}

    def is_without_own(self, key: str) -> bool:
        """Whether *key* is set aside, and the runner's own configuration says nothing in its place."""
        return key in self.set_aside and all(entry.key != key or entry.is_of_repository for entry in self.entries)

    def options(self, remote: str, option: str) -> tuple[str, ...]:
        """Return *option* of a call to *remote*, where it sets something aside."""
        for key, kind in self.set_aside.items():
            if kind.option == option and key == f"remote.{remote}.{kind.key.rpartition('.')[2]}":
                own = (entry.value for entry in self.entries if entry.key == key and not entry.is_of_repository)
                return (f"{option}={next(own, kind.instead)}",)
        return ()

    def last(self, key: str) -> str | None:
        """Return what counts for *key*, in small letters: the last value, whoever says it."""
        return next((entry.value for entry in reversed(self.entries) if entry.key == key), None)


def read_entries(listed: bytes) -> tuple[Entry, ...]:
    """Return the entries of `git config --list -z --show-scope`."""
    parts = os.fsdecode(listed).split("\0")[:-1]
    entries = []
    for scope, said in zip(parts[::2], parts[1::2], strict=True):
        key, _, value = said.partition("\n")
        entries.append(Entry(scope, key, value))
    return tuple(entries)


def settings(entries: Iterable[Entry], allow: frozenset[Allow]) -> Settings:
    """Return what git is told where its whole configuration is *entries*, in the order in which git reads them."""
    entries = tuple(entries)
    own: dict[str, list[str]] = {}
    for entry in entries:
        if not entry.is_of_repository:
            own.setdefault(entry.key, []).append(entry.value)
    found: dict[str, Named] = {}
    for entry in entries:
        kind = _kind(entry) if entry.is_of_repository else None
        if kind is not None and (kind.lifted_by is None or kind.lifted_by not in allow):
            found[entry.key] = kind
    given = list(_ALL_RUNS.items())
    for key, kind in found.items():
        given += [(key, value) for value in _instead(key, kind, own)]
    given += _helpers(found, entries)
    given += _hooks_off(entries)
    given += _transports(own)
    return Settings(tuple(given), found, entries)


def _kind(entry: Entry) -> Named | None:
    # The first word decides for nearly every entry of a configuration that nothing in it is meant.
    kinds = _BY_SECTION.get(entry.key.partition(".")[0], ())
    return next((kind for kind in kinds if kind.fits(entry)), None)


def _by_section() -> Mapping[str, tuple[Named, ...]]:
    sections: dict[str, tuple[Named, ...]] = {}
    for kind in NAMED:
        section = kind.key.partition(".")[0].lower()
        sections[section] = (*sections.get(section, ()), kind)
    return sections


_BY_SECTION = _by_section()


def _instead(key: str, kind: Named, own: Mapping[str, list[str]]) -> Iterable[str]:
    if kind.option is not None or key.startswith("credential."):  # `_helpers`
        return ()
    if kind.is_list:
        return ("", *_own(key, own))  # an empty value empties the list, the runner's own values too
    return _own(key, own)[-1:] or ([] if kind.instead is None else [kind.instead])


def _own(key: str, own: Mapping[str, list[str]]) -> list[str]:
    """Return what the runner's own configuration says for the address of *key*; what is for another is not sent to it.

    Of section `http` git takes the values of the most specific address alone, which may hide the runner's own.
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


def _helpers(found: Iterable[str], entries: Iterable[Entry]) -> Iterable[tuple[str, str]]:
    """Yield what forgets all helpers, where one of them is set aside, and says the runner's own again.

    Git asks all that fit an address, and an empty value forgets those for any address.
    """
    if any(key.startswith("credential.") for key in found):
        yield "credential.helper", ""
        for entry in entries:
            if entry.key.startswith("credential.") and entry.key.endswith(".helper") and not entry.is_of_repository:
                yield entry.key, entry.value


def _hooks_off(entries: Iterable[Entry]) -> Iterable[tuple[str, str]]:
    """Yield what switches off the hooks that a configuration names (git 2.54); `core.hooksPath` does not."""
    names = {entry.key.removeprefix("hook.").rpartition(".")[0] for entry in entries if entry.key.startswith("hook.")}
    return [(f"hook.{name}.enabled", "false") for name in sorted(names) if name]


def _transports(own: Mapping[str, list[str]]) -> Iterable[tuple[str, str]]:
    """Yield what allows git's own transports; any other is a program, which only the runner's own settings allow."""
    said = own.get("protocol.allow", [])
    return [
        (f"protocol.{name}.allow", own.get(f"protocol.{name}.allow", said or [policy])[-1])
        for name, policy in _TRANSPORTS.items()
    ]
