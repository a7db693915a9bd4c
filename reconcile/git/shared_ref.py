"""A ref in another repository that is moved by compare-and-swap: `ports.SharedRef`, with the git program.

A push says the commit that it expects. What comes back decides little: over HTTP a lost answer and a lost race have the
same exit code. So the line about the ref is read. Where there is none, nothing is known, and the same commit is pushed
again: it lands once, whatever became of the first push. Looking instead would not tell, because the server may still be
at work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconcile.errors import ReconcileError
from reconcile.git.program import CompletedGit
from reconcile.git.refs import OBJECT_ID
from reconcile.git.revision import blobs_in
from reconcile.git.scratch import Scratch
from reconcile.ports import Pushed, PushKind
from reconcile.secrets import safe_line
from reconcile.text import shown

REMOTE_SECONDS = 15
"""Less than a third of a lease: a holder must have time to try again."""
HISTORY_SECONDS = 120

_PAUSES = (0.2, 1.0, 2.0)
_HERE, _SEEN = "refs/reconcile/here", "refs/reconcile/seen"
_WHOLE = "2147483647"  # git's own number for "no limit"; `--unshallow` fails where nothing is missing
_NOT_THERE = 2
_FETCH = (
    "--quiet",
    "--no-tags",
    "--no-prune",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    "--no-write-fetch-head",
)
_PUSH = ("--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no")
_LANDED = frozenset({" ", "*", "+", "="})
# The server's words for a race that was lost after git had looked; they also stand for a lock file left behind.
_RACES = (
    "failed to update ref",
    "incorrect old value",
    "cannot lock ref",
    "fetch first",
    "non-fast-forward",
    "reference already exists",
)


@dataclass(frozen=True)
class _Answer:
    """What one call of `git push` said: its kind, or None where a race was lost at the server."""

    kind: PushKind | None
    pushed: Pushed


class GitRef:
    """*ref* in the remote of *scratch*. *sleep* waits between two pushes of the same commit, for each of *pauses*.

    Without pauses, a push whose end is unknown is not repeated.
    """

    def __init__(
        self, scratch: Scratch, ref: str, *, sleep: Callable[[float], None], pauses: Sequence[float] | None = None
    ) -> None:
        self._scratch = scratch
        self._ref = ref
        self._sleep = sleep
        self._pauses = _PAUSES if pauses is None else pauses

    @property
    def shown(self) -> str:
        """Return ref and address, as they may be printed."""
        return f"{self._ref} of {safe_line(self._scratch.remote)}"

    def tip(self) -> str | None:
        """Return the commit that the ref names now; None: there is no such ref.

        Raises:
            ReconcileError: the remote could not be asked.
        """
        listed = self._call("ls-remote", "--upload-pack", ("--exit-code",), (self._ref,))
        if listed.code == _NOT_THERE:
            return None
        if not listed.is_good:
            raise listed.failure(f"{self.shown} cannot be read")
        for line in os.fsdecode(listed.out).split("\n"):
            commit, _, name = line.partition("\t")
            if name == self._ref:  # git also lists refs that end with this name
                return _checked(commit)
        return None

    def fetch(self) -> str | None:
        """Fetch what the ref names now, without its history, and return the commit; None: there is no such ref.

        Raises:
            ReconcileError: the remote could not be asked.
        """
        for _ in range(2):
            fetched = self._fetch(_HERE, "--depth=1")
            if fetched.is_good:
                return self._resolved(_HERE)
            # A missing ref and a failed connection have the same exit code.
            if self.tip() is None:
                return None
        raise fetched.failure(f"{self.shown} cannot be fetched")

    def files(self, commit: str) -> Mapping[str, bytes]:
        """Return the files of *commit*, by path."""
        return self._contents({path: blob for path, _, blob in self._listed(commit)})

    def removed(self, folder: str) -> Mapping[str, bytes]:
        """Fetch the whole history, and return the files of *folder* that it removed, as they were, by path.

        Raises:
            ReconcileError: the history could not be fetched.
        """
        commit = self._resolved(_HERE)
        fetched = self._call("fetch", "--upload-pack", (*_FETCH, f"--depth={_WHOLE}"), (f"+{self._ref}:{_SEEN}",))
        if not fetched.is_good:
            raise fetched.failure(f"the history of {self.shown} cannot be fetched")
        words = ("log", "--format=", "--raw", "--no-abbrev", "--no-renames", "-z", "--diff-filter=D", commit)
        logged = self._local(*words, "--", folder)
        parts = os.fsdecode(logged.out).split("\0")
        blobs: dict[str, str] = {}
        for about, path in zip(parts[::2], parts[1::2], strict=False):
            blobs.setdefault(path, about.split(" ")[2])  # the newest removal comes first
        return self._contents(blobs)

    def commit(self, parent: str | None, changed: Mapping[str, bytes | None], subject: str) -> str:
        """Return a new commit after *parent*, with the files *changed*; a file that is None is left out.

        Only the changed files are written, and the folders that hold them.
        """
        kept = [path for path, content in changed.items() if content is not None]
        blobs = dict(zip(kept, self._written([changed[path] or b"" for path in kept]), strict=True))
        entries = {path: blob for path, _, blob in self._listed(parent)} if parent is not None else {}
        for path in changed:
            entries.pop(path, None)
        tree = self._tree(entries | blobs)
        words = ("commit-tree", tree, *(() if parent is None else ("-p", parent)), "-m", subject)
        return _checked(os.fsdecode(self._local(*words).out.strip()))

    def push(self, old: str | None, new: str) -> Pushed:
        """Move the ref from *old* (None: it must not exist) to *new*, and return how that ended; it never raises."""
        expected = "" if old is None else _checked(old)
        _checked(new)  # an empty one would delete the ref
        pushed = Pushed(PushKind.UNKNOWN)
        for pause in (*self._pauses, None):
            answer = self._push_once(expected, new)
            pushed = answer.pushed
            if answer.kind is PushKind.STALE or (answer.kind is None and self._has_moved(old)):
                return self._stale(new, pushed)
            if answer.kind in (PushKind.LANDED, PushKind.REFUSED):
                return pushed
            if pause is not None:
                self._sleep(pause)
        # Raced, and the ref stands where it was: a lock file was left on the server.
        return replace(pushed, kind=PushKind.UNKNOWN)

    def contains(self, commit: str) -> bool:
        """Return whether what the ref names now is *commit*, or follows it.

        Raises:
            ReconcileError: the remote could not be asked.
        """
        fetched = self._fetch(_SEEN)
        if not fetched.is_good:
            if self.tip() is None:
                return False
            raise fetched.failure(f"{self.shown} cannot be fetched")
        return self._scratch.run("merge-base", "--is-ancestor", _checked(commit), _SEEN).is_good

    def _push_once(self, expected: str, new: str) -> _Answer:
        words = (*_PUSH, f"--force-with-lease={self._ref}:{expected}")
        try:
            completed = self._call("push", "--receive-pack", words, (f"{new}:{self._ref}",))
        except ReconcileError as error:  # it did not end in time
            return _Answer(PushKind.UNKNOWN, Pushed(PushKind.UNKNOWN, error.message, error.hint))
        line = self._line(completed)
        said = replace(completed, err=completed.err + b"\n" + os.fsencode(" ".join(line)))
        failure = said.failure(f"{self.shown} was not pushed")
        kind = _kind(line, completed)
        return _Answer(kind, Pushed(kind or PushKind.UNKNOWN, failure.message, failure.hint))

    def _line(self, completed: CompletedGit) -> tuple[str, ...]:
        """Return the fields of the line about the ref; none: git says nothing about it."""
        for line in completed.out.decode("utf-8", "replace").split("\n"):
            fields = tuple(line.split("\t"))
            if len(fields) > 2 and fields[1].endswith(f":{self._ref}"):
                return fields
        return ()

    def _has_moved(self, old: str | None) -> bool:
        try:
            return self.tip() != old
        except ReconcileError:
            return False

    def _stale(self, new: str, pushed: Pushed) -> Pushed:
        """Return how a push ended that came too late: it may have landed before, its answer been lost."""
        try:
            return Pushed(PushKind.LANDED) if self.contains(new) else replace(pushed, kind=PushKind.STALE)
        except ReconcileError as error:
            return Pushed(PushKind.UNKNOWN, error.message, error.hint)

    def _fetch(self, to: str, *more: str) -> CompletedGit:
        try:
            return self._call("fetch", "--upload-pack", (*_FETCH, *more), (f"+{self._ref}:{to}",))
        except ReconcileError as error:
            return CompletedGit(128, b"", f"fatal: {error.message}".encode())

    def _call(self, command: str, option: str, words: tuple[str, ...], after: tuple[str, ...]) -> CompletedGit:
        seconds = HISTORY_SECONDS if f"--depth={_WHOLE}" in words else REMOTE_SECONDS
        options = self._scratch.options(option)
        return self._scratch.run(command, *words, *options, "--", self._scratch.remote, *after, seconds=seconds)

    def _local(self, *words: str, stdin: bytes = b"") -> CompletedGit:
        completed = self._scratch.run(*words, stdin=stdin)
        if not completed.is_good:
            raise completed.failure(f"git {words[0]} failed in the scratch repository")
        return completed

    def _resolved(self, ref: str) -> str:
        return _checked(os.fsdecode(self._local("rev-parse", "--verify", ref).out.strip()))

    def _listed(self, commit: str) -> Iterator[tuple[str, str, str]]:
        """Yield path, kind and id of each file of *commit*."""
        for entry in os.fsdecode(self._local("ls-tree", "-r", "-z", _checked(commit)).out).split("\0")[:-1]:
            about, _, path = entry.partition("\t")
            _, kind, blob = about.split(" ")
            yield path, kind, blob

    def _contents(self, blobs: Mapping[str, str]) -> Mapping[str, bytes]:
        """Return the files whose *blobs* are given by path."""
        out = self._local("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs.values()).encode()).out
        contents = blobs_in(out)
        return {path: contents[blob] for path, blob in blobs.items()}

    def _written(self, contents: list[bytes]) -> list[str]:
        if not contents:
            return []
        places = [self._scratch.folder / f"new-{number}" for number in range(len(contents))]
        for place, content in zip(places, contents, strict=True):
            Path(place).write_bytes(content)
        listed = "".join(f"{place}\n" for place in places).encode()
        out = self._local("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listed).out
        return [_checked(blob) for blob in os.fsdecode(out).split()]

    def _tree(self, blobs: Mapping[str, str]) -> str:
        """Return the tree of the files *blobs*; a path has at most one folder."""
        folders: dict[str, dict[str, str]] = {}
        for path, blob in blobs.items():
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, {})[name] = blob
        lines = [f"100644 blob {blob}\t{name}\n" for name, blob in folders.pop("", {}).items()]
        for folder, files in folders.items():
            inner = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in files.items())
            lines.append(f"040000 tree {self._made(inner)}\t{folder}\n")
        return self._made("".join(lines))

    def _made(self, lines: str) -> str:
        return _checked(os.fsdecode(self._local("mktree", stdin=lines.encode()).out.strip()))


def _kind(line: tuple[str, ...], completed: CompletedGit) -> PushKind | None:
    if not line:
        return PushKind.UNKNOWN
    flag, _, reason = line[:3]
    if flag in _LANDED:
        return PushKind.LANDED if completed.is_good else PushKind.UNKNOWN
    if reason.startswith("[rejected]"):
        return PushKind.STALE
    if any(words in reason for words in _RACES):
        return None
    return PushKind.REFUSED if reason.startswith("[remote rejected]") else PushKind.UNKNOWN


def _checked(commit: str) -> str:
    """Return *commit*, which is a whole id: an empty one in a refspec would delete the ref."""
    if not OBJECT_ID.fullmatch(commit):
        raise ReconcileError(
            f"git names {shown(commit)!r} where an object id is meant", hint="`git version`: 2.38 or newer"
        )
    return commit
