"""A bare repository of the run's own, to work on a ref of another repository without touching the user's clone.

In the clone a fetch of depth 1 would make it shallow, a `git gc` of another job could remove what is not pushed yet,
and its hooks would run. Of the clone's configuration only what speaks to a remote is handed on, through the
environment: nothing secret stands in arguments or on disk. What `configuration` sets aside is set aside here too.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconcile.errors import ReconcileError
from reconcile.git import program
from reconcile.git.program import CompletedGit, configured, user_environment
from reconcile.git.remote import fitted, refuse_unusable
from reconcile.git.repository import Repository

LOCAL_SECONDS = 60

# What of a configuration speaks to a remote. The rest (signing, tags, pruning, mirrors, hooks) is left behind.
_HANDED_ON = re.compile(
    r"(?:(?:http|https|credential|url|ssh|protocol)\..+"
    r"|core\.(?:sshcommand|gitproxy|askpass)"
    r"|remote\..+\.(?:url|pushurl|proxy|proxyauthmethod|vcs|serveroption))",
    re.DOTALL,
)
_OWN_CONFIGURATION = re.compile(r"GIT_CONFIG_(?:COUNT|KEY_\d+|VALUE_\d+|PARAMETERS|GLOBAL|SYSTEM|NOSYSTEM)")
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "reconcile"), ("EMAIL", "reconcile@localhost"))
}
# No extra fetches, no questions; and only the transports that the settings allow.
_QUIET = {"GIT_PROTOCOL_FROM_USER": "0", "GIT_NO_LAZY_FETCH": "1", "GCM_INTERACTIVE": "never"}
# A server that sends nothing for so long does not answer: sooner than a call's own limit of time.
_HTTP = (("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", "10"))
_FORMATS = ("sha1", "sha256")


@dataclass(frozen=True)
class Scratch:
    """An empty bare repository, whose calls reach *remote* as calls from *repository* would."""

    folder: Path
    repository: Repository
    remote: str
    environment: dict[str, str]

    def run(self, *arguments: str, stdin: bytes = b"", seconds: float = LOCAL_SECONDS) -> CompletedGit:
        """Run git on the scratch repository. Relative addresses count from the top of the work tree, as in the clone.

        Raises:
            ReconcileError: git did not end within *seconds*.
        """
        where = self.repository.top or self.repository.folder
        located = ("-C", os.fspath(where), f"--git-dir={self.folder}", *arguments)
        return program.run(located, self.environment, stdin=stdin, seconds=seconds)

    def options(self, option: str) -> tuple[str, ...]:
        """Return *option*, `--receive-pack` or `--upload-pack`, as the runner's own settings say."""
        found = self.repository.settings.options(self.remote, option)
        if found:
            return found
        key = f"remote.{self.remote}.{option.strip('-').replace('-', '')}"
        value = self.repository.settings.last(key)
        return (f"{option}={value}",) if value else ()


@contextlib.contextmanager
def scratch(repository: Repository, remote: str) -> Iterator[Scratch]:
    """Make a scratch repository that reaches *remote*, and remove it at the end. It works outside Git too.

    Raises:
        DeclarationError: *remote* is a folder that a branch brought.
        ReconcileError: git is not there, or *remote* needs a setting that is not used.
    """
    if repository.foreign_owner is not None:
        raise repository.foreign_owner.failure("the settings of the repository are not used")
    if repository.top is None and not repository.is_outside:
        raise repository.unavailable.failure("git does not answer")
    refuse_unusable(repository, remote)
    repository = fitted(repository, remote)
    with tempfile.TemporaryDirectory(prefix="reconcile-ledger-") as folder:
        bare = Path(folder) / "ledger.git"
        environment = _environment(repository, Path(folder))
        made = program.run(
            ("init", "--quiet", "--bare", f"--object-format={_object_format(repository)}", "--template=", str(bare)),
            environment,
            seconds=LOCAL_SECONDS,
        )
        if not made.is_good:
            raise made.failure("no scratch repository can be made")
        yield Scratch(bare, repository, remote, environment)


def _object_format(repository: Repository) -> str:
    found = os.fsdecode(repository.ask("rev-parse", "--show-object-format").out.strip())
    return found if found in _FORMATS else _FORMATS[0]


def _environment(repository: Repository, folder: Path) -> dict[str, str]:
    settings = repository.settings
    plain = {name: value for name, value in user_environment().items() if not _OWN_CONFIGURATION.fullmatch(name)}
    # The other end of a `file://` remote of another user asks the global file, and neither arguments nor variables.
    safe = [entry.value for entry in settings.entries if entry.key == "safe.directory" and not entry.is_of_repository]
    own = folder / "global"
    own.write_text("[safe]\n" + "".join(f"\tdirectory = {_quoted(value)}\n" for value in safe), encoding="utf-8")
    plain |= _AUTHOR | _QUIET
    plain |= {"GIT_CONFIG_GLOBAL": str(own), "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    handed_on = [(entry.key, entry.value) for entry in settings.entries if _HANDED_ON.fullmatch(entry.key)]
    return configured(repository.with_own_programs(plain), [*handed_on, *settings.given, *_HTTP])


def _quoted(value: str) -> str:
    if "\n" in value:
        raise ReconcileError("safe.directory holds a line break", hint="see `git config --get-all safe.directory`")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
