"""The repository that a folder belongs to: found once, and then named on every call of the git program.

Git looks for a repository from its folder upwards. It takes any folder with `HEAD`, `objects` and `refs` for one, and
the `config` in it can name programs. A branch can hold such a folder. So declarations in such a folder, or with such a
folder below them, are refused: the only repository is the one whose work tree holds them, and its `.git`.

There are three ways to run git on it. `ask` reads, or moves a ref: it uses no network, and the repository may belong to
another user, as in the containers of a pipeline. `act` reads the work tree as the user. `remote.run_on_remote` calls
another repository, with the user's credentials. None of them uses what `configuration` sets aside.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconcile.errors import ReconcileError
from reconcile.git import program
from reconcile.git.configuration import VARIABLE, Allow, Settings, read_entries, settings
from reconcile.git.program import CompletedGit, bare_environment, configured, user_environment
from reconcile.model.finding import DeclarationError, Finding
from reconcile.model.rules import GitRule
from reconcile.secrets import safe_line
from reconcile.text import LONGEST_LINE, one_line

FOREIGN = "foreign-repository"

_ANY_OWNER = ("-c", "safe.directory=*")
_SAFE_SINCE = (2, 38)
_FOREIGN_OWNER = (b"dubious ownership", b"unsafe repository")
_LOCATE = (
    "rev-parse",
    "--is-inside-work-tree",
    "--is-shallow-repository",
    "--show-cdup",
    "--git-common-dir",
    "--absolute-git-dir",
)
_LIST = ("config", "--includes", "--list", "-z", "--show-scope")
_OUTSIDE = CompletedGit(128, b"", b"fatal: not a git repository (or any of the parent directories): .git")
_UP = b"../"
_MOST_NAMES = 100


@dataclass(frozen=True)
class Repository:
    """A folder, and the repository whose work tree holds it; *top* is None outside Git.

    *prefix* is the folder's real path in the work tree: ``""`` at its top, else ending in a slash.
    """

    folder: Path
    top: Path | None = None
    git_dir: str = ""
    common_dir: str = ""
    """The git directory that all work trees of the repository share; an absolute path."""
    prefix: str = ""
    is_shallow: bool = False
    settings: Settings = field(default_factory=Settings)
    allow: frozenset[Allow] = frozenset()
    submodules: tuple[str, ...] = ()
    """Folders below this one that are submodules: `with_submodules` sets them."""
    unavailable: CompletedGit = _OUTSIDE
    """How every run of git ends when *top* is None: there is no repository, or why git cannot say."""
    foreign_owner: CompletedGit | None = None
    """How a run of git ends because another user owns the repository; None when it belongs to this user."""

    @property
    def is_outside(self) -> bool:
        """Whether there is no work tree: outside Git, or without the git program."""
        return self.top is None and self.unavailable.is_outside

    @property
    def set_aside_notice(self) -> str | None:
        """Return the sentence that names the settings set aside, and how to use them; None when there are none."""
        kinds = self.settings.set_aside.values()
        if not kinds:
            return None
        shown = [safe_line(name) for name in self.settings.names[:_MOST_NAMES]]
        more = len(self.settings.set_aside) - len(shown)
        names = ", ".join([*shown, f"and {more} more"] if more else shown)
        notice = f"the repository's configuration names programs or credentials, which are not used: {names}"
        lifting = sorted({kind.lifted_by for kind in kinds if kind.lifted_by is not None})
        advice = "where merged commits are applied or watched, never where a pull request is planned"
        return (
            f"{notice} ({VARIABLE}={','.join(lifting)} uses its {' and '.join(lifting)}: {advice})"
            if lifting
            else notice
        )

    def ask(self, *arguments: str, stdin: bytes = b"") -> CompletedGit:
        """Run git in the folder, to read or to move a ref, without the user's environment and without network.

        Raises:
            ReconcileError: git did not answer in time.
        """
        if self.top is None:
            return self.unavailable
        environment = configured(bare_environment(), self.settings.given)
        return program.run(self._located(arguments), environment, stdin=stdin, seconds=program.ASK_SECONDS)

    def act(self, *arguments: str, stdin: bytes = b"") -> CompletedGit:
        """Run git in the folder as the user, without network.

        Raises:
            ReconcileError: git did not end in time.
        """
        return self.as_user(arguments, {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}, stdin=stdin)

    def path_within(self, folder: Path) -> str:
        """Return *folder* as findings show it: relative to the work tree, outside Git to the working directory."""
        base = (self.top or Path.cwd()).resolve()
        return Path(os.path.relpath(folder.resolve(), base)).as_posix()

    def with_submodules(self, repositories: Iterable[str]) -> Repository:
        """Return this repository with its submodules; git takes the folders *repositories* below it for repositories.

        Raises:
            DeclarationError: one of them is not a submodule in the index of the repository that holds it.
        """
        inner: list[str] = []
        linked: dict[str, frozenset[str]] = {}
        for path in sorted(repositories):
            parent = next((each for each in reversed(inner) if path.startswith(f"{each}/")), "")
            if parent not in linked:
                linked[parent] = (find(self.folder / parent, self.allow) if parent else self)._submodules()
            if path.removeprefix(f"{parent}/") not in linked[parent]:
                raise foreign(self.path_within(self.folder / path), "is a repository of its own, and not a submodule")
            inner.append(path)
        return replace(self, submodules=tuple(inner))

    def _submodules(self) -> frozenset[str]:
        listed = self.ask("ls-files", "--stage", "-z", "--", ".")
        if self.is_outside:
            return frozenset()
        if not listed.is_good:
            raise listed.failure(f"the submodules of {self.folder} cannot be listed")
        entries = (entry.partition(b"\t") for entry in listed.out.split(b"\0") if entry)
        return frozenset(os.fsdecode(path) for about, _, path in entries if about.startswith(b"160000"))

    def _located(self, arguments: Iterable[str]) -> tuple[str, ...]:
        return ("-C", os.fspath(self.folder), f"--git-dir={self.git_dir}", f"--work-tree={self.top}", *arguments)

    def as_user(self, arguments: Iterable[str], more: dict[str, str], *, stdin: bytes = b"") -> CompletedGit:
        """Run git in the folder as the user, with the variables *more*; not in a repository of another user."""
        if self.top is None:
            return self.unavailable
        if self.foreign_owner is not None:
            return self.foreign_owner
        environment = configured(self.with_own_programs(user_environment() | more), self.settings.given)
        return program.run(self._located(arguments), environment, stdin=stdin, seconds=program.ACT_SECONDS)

    def with_own_programs(self, environment: dict[str, str]) -> dict[str, str]:
        """Return *environment* with the user's own programs: git looks at settings first, which would hide them."""
        environment = dict(environment)
        if "core.gitproxy" in self.settings.set_aside:
            environment.setdefault("GIT_PROXY_COMMAND", "")  # git takes the first of several settings that fits
        if self.settings.lacks_runner_value("core.sshcommand") and environment.get("GIT_SSH"):
            environment.setdefault("GIT_SSH_COMMAND", shlex.quote(environment["GIT_SSH"]))
        if self.settings.lacks_runner_value("core.askpass") and environment.get("SSH_ASKPASS"):
            environment.setdefault("GIT_ASKPASS", environment["SSH_ASKPASS"])
        return environment


def find(folder: Path, allow: frozenset[Allow] = frozenset()) -> Repository:
    """Return the repository whose work tree holds *folder*; *allow* is what may be taken from its configuration.

    Raises:
        DeclarationError: what git would take for the repository does not hold the folder as its work tree.
    """
    real = folder.resolve()
    if not real.is_dir():
        return Repository(real)
    _refuse_lookalikes(real)
    try:
        found = _found(real, allow)
    except DeclarationError:
        raise
    except ReconcileError as error:  # git did not answer in time
        return Repository(real, unavailable=CompletedGit(128, b"", f"fatal: {error.message}".encode()))
    place = _unanswered(found)
    if place is None:
        return found
    # Git's own words of what is outside would say so again.
    is_missing = found.unavailable.is_outside and b"cannot be run" in found.unavailable.err
    why = found.unavailable.err.removeprefix(b"fatal: ") if is_missing else b"it is no git repository"
    said = f"fatal: git does not answer for {safe_line(os.fspath(place))}: ".encode("utf-8", "replace") + why
    return Repository(real, settings=found.settings, unavailable=CompletedGit(128, b"", said))


def _unanswered(found: Repository) -> Path | None:
    """Return the nearest `.git` above the folder, where git passed it over; None: git answered for it.

    Without the program, or where `.git` is broken, git says "outside", or answers for a repository farther up. But that
    repository is not the one of the folder, and its ledger another one.
    """
    folder = next((each for each in (found.folder, *found.folder.parents) if os.path.lexists(each / ".git")), None)
    if folder is None:
        return None
    place = folder / ".git"
    if found.top is None:
        return place if found.is_outside else None
    is_passed_over = folder != found.top and folder.is_relative_to(found.top)
    # A file is never passed over, and `core.worktree` may say that the top is farther up.
    return place if is_passed_over and not place.is_file() and not _is_at(place, found.git_dir) else None


def _is_at(place: Path, git_dir: str) -> bool:
    return os.path.realpath(place) == os.path.realpath(git_dir)


def _found(real: Path, allow: frozenset[Allow]) -> Repository:
    in_folder = ("-C", os.fspath(real))
    located = program.run((*in_folder, *_LOCATE), user_environment(), seconds=program.ASK_SECONDS)
    foreign_owner = None
    if any(words in located.err for words in _FOREIGN_OWNER):
        foreign_owner = located
        located = program.run((*_ANY_OWNER, *in_folder, *_LOCATE), user_environment(), seconds=program.ASK_SECONDS)
    if b"cannot use bare repository" in located.err or located.out.startswith(b"false"):
        raise foreign(os.path.relpath(real), "is in a repository whose work tree does not hold it")
    if not located.is_good:
        listed = program.run((*in_folder, *_LIST), user_environment(), seconds=program.ASK_SECONDS)
        entries = read_entries(listed.out) if listed.is_good else ()
        return Repository(real, settings=settings(entries, allow), unavailable=located)
    _, shallow, up, folders = located.out.removesuffix(b"\n").split(b"\n", 3)
    common_dir, git_dir = _git_dirs(real, os.fsdecode(folders))
    levels = up.count(_UP)
    top = real.parents[levels - 1] if levels else real
    prefix = f"{real.relative_to(top).as_posix()}/" if levels else ""
    found = Repository(
        real, top, git_dir, common_dir, prefix, shallow == b"true", allow=allow, foreign_owner=foreign_owner
    )
    listed = program.run(found._located(_LIST), user_environment(), seconds=program.ASK_SECONDS)
    if not listed.is_good:
        return Repository(real, unavailable=listed)
    return replace(found, settings=settings(read_entries(listed.out), allow))


def _git_dirs(real: Path, text: str) -> tuple[str, str]:
    """Return the common git directory and the git directory, of which *text* holds each on a line; both are absolute.

    A path may hold line breaks itself: the common directory is the git directory, or a folder above it.
    """
    lines = text.split("\n")
    for count in range(1, len(lines)):
        common = os.path.realpath(real / "\n".join(lines[:count]))
        git_dir = "\n".join(lines[count:])
        if f"{os.path.realpath(git_dir)}/".startswith(f"{common}/"):
            return common, git_dir
    return os.path.realpath(real / lines[0]), "\n".join(lines[1:])


def _refuse_lookalikes(real: Path) -> None:
    """Refuse a folder between *real* and the top of the work tree that git would take for a repository."""
    for place in (real, *real.parents):
        if (place / ".git").exists():
            return
        if looks_like_repository(
            name for name in ("HEAD", "objects", "refs", "commondir") if os.path.lexists(place / name)
        ):
            raise foreign(os.path.relpath(place), "holds HEAD, objects and refs: git would take it for a repository")


def looks_like_repository(names: Iterable[str]) -> bool:
    """Return whether git may take a folder with *names* in it for a repository without a work tree.

    >>> looks_like_repository(["HEAD", "objects", "refs", "config"]), looks_like_repository(["HEAD", "refs"])
    (True, False)
    """
    found = {name.casefold() for name in names}
    return "head" in found and (found >= {"objects", "refs"} or "commondir" in found)


_FOREIGN_HINT = (
    "only the repository whose work tree holds the declarations is used: see who added this one, and remove it; "
    "a clone that is meant can be a submodule"
)


def foreign(place: str, why: str, hint: str = _FOREIGN_HINT) -> DeclarationError:
    """Return the error for a repository at *place* that is not used; *why* completes the sentence."""
    message = f"{safe_line(place)} {why}"
    version = _version()
    if version is not None and version < _SAFE_SINCE:
        old = ".".join(map(str, version))
        message += f"; git {old} cannot be told to leave it alone"
        hint += "; use git 2.38 or newer"
    finding = Finding(GitRule.FOREIGN_REPOSITORY, message, hint=hint)
    return DeclarationError(f"{finding.rule}: {message}", findings=(finding,), hint=hint)


def _version() -> tuple[int, int] | None:
    try:
        output = program.run(("version",), bare_environment(), seconds=program.ASK_SECONDS).out
    except ReconcileError:
        return None
    found = re.search(rb"(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else None


def head(repository: Repository) -> str | None:
    """Return the current commit of *repository*; None before the first, and outside Git.

    Raises:
        ReconcileError: git cannot say.
    """
    completed = repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if completed.is_good:
        return os.fsdecode(completed.out.removesuffix(b"\n"))
    if completed.code == 1 or repository.is_outside:
        return None
    raise completed.failure("the current commit cannot be looked up")


def author(repository: Repository) -> str | None:
    """Return the author of the current commit, ``name <address>``; before the first commit, the configured user.

    The text is one line without control characters. None when there is no name.

    Raises:
        ReconcileError: git did not answer in time.
    """
    completed = repository.ask("cat-file", "commit", "HEAD")
    for line in completed.out.partition(b"\n\n")[0].split(b"\n"):
        if line.startswith(b"author "):
            # The time follows the address: seconds and zone.
            return _shown_author((line.removeprefix(b"author ").rpartition(b">")[0] + b">").decode("utf-8", "replace"))
    name, address = (repository.settings.last(key) or "" for key in ("user.name", "user.email"))
    return _shown_author(name + (f" <{address}>" if address else ""))


def _shown_author(text: str) -> str | None:
    return one_line(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), most=LONGEST_LINE) or None
