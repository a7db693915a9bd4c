"""Runs the git program so that it never waits for a person and never hangs.

`repository` decides on which repository it works, and which settings of its configuration are used.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass

from reconcile.errors import ReconcileError
from reconcile.git.configuration import VARIABLE
from reconcile.secrets import safe_line

ASK_SECONDS = 20
ACT_SECONDS = 60

_NO_PROGRAM, _NOT_RUN = 127, 126  # as a shell says it
_GRACE_SECONDS = 2
_GIT = "git"  # that of the user's PATH
_LARGEST_ANSWER = 129  # of git itself: a usage error; a shell says 128 + N for a program that signal N ended

# A folder that only looks like a repository is not one (git 2.38): a branch may hold such a folder.
_QUIET = ("-c", "safe.bareRepository=explicit", "--no-pager", "--no-optional-locks")

# What leads git to another repository: `git rev-parse --local-env-vars`, less the GIT_CONFIG_… that hold credentials.
_POINTING = frozenset(
    [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    ]
)

_MOST_LINES, _LONGEST_LINE = 20, 4000  # of a server's text, which may be of any size
_TELLING = ("fatal:", "error:", "remote:", "! ", "ssh:")

_OWNER_HINT = (
    "the repository belongs to another user: if you trust it, `git config --global --add safe.directory` with its path"
)
_ACCESS_HINT = (
    "the credentials that git uses here must be allowed to read and write refs/reconcile/*; those in the repository's "
    f"own configuration are used with {VARIABLE}=credentials, those that name no host only for its own remotes"
)
# A part of git's message in its C locale, in small letters, and what to do; the first that fits is used.
_HINTS = (
    ("git cannot be run: no such file", "install git, or add the folder of the program to PATH"),
    ("git does not answer for", "see what this .git is: mend the repository, or remove what is none"),
    ("not a git repository: ", "see where this .git leads: mend the repository or its work tree, or remove the file"),
    ("git did not end within", "see whether a disk, a network or a program that git runs hangs"),
    ("argument list too long", "see `git config --list --local`: too many settings name programs"),
    ("dubious ownership", _OWNER_HINT),
    ("unsafe repository", _OWNER_HINT),
    ("promisor remote", "this clone is a partial one: clone without --filter"),
    ("could not read username", _ACCESS_HINT),
    ("could not read password", _ACCESS_HINT),
    ("authentication failed", _ACCESS_HINT),
    ("permission denied (publickey", _ACCESS_HINT),
    ("' not allowed", "if you trust this transport: `git config --global protocol.NAME.allow always`, with its name"),
    ("error: 403", _ACCESS_HINT),
    ("cannot lock ref", "another run may be writing it, or it is broken: try again, and else delete the ref"),
    ("[remote rejected]", "the server refuses refs/reconcile/*: see its rules, and what its hooks say"),
    ("could not resolve host", "see the address of the remote with `git remote -v`, and the network"),
    ("does not appear to be a git repository", "see `git remote -v` for the names and addresses of remotes"),
    ("permission denied", "see the permissions of the repository's .git folder"),
    ("read-only file system", "the repository's .git folder must be writable"),
    ("unable to create", "see the permissions of the .git folder, and whether another git is at work or left a lock"),
)
_HINT = "`git fsck` says whether the repository is whole; try the same with git itself"


@dataclass(frozen=True, slots=True)
class CompletedGit:
    """A run of git that has ended: its exit code and its output."""

    code: int
    out: bytes
    err: bytes

    @property
    def is_good(self) -> bool:
        """Whether git succeeded."""
        return self.code == 0

    @property
    def is_outside(self) -> bool:
        """Whether there is no work tree: outside Git, in a bare repository, or without the git program."""
        return self.code == _NO_PROGRAM or any(
            words in self.err for words in (b"not a git repository (or any", b"must be run in a work tree")
        )

    def failure(self, what: str) -> ReconcileError:
        """Return the error with the message *what*, git's own words, and a hint."""
        message = self.err.decode("utf-8", "replace")
        small = message.lower()
        hint = next((hint for words, hint in _HINTS if words in small), _HINT)
        return ReconcileError(f"{what}: {_shown_message(message) or f'git ended with {self.code}'}", hint=hint)


def bare_environment() -> dict[str, str]:
    """Return the environment for calls that read or move a ref: no `GIT_*` variables, no network.

    Git fetches no missing file of a partial clone either, and takes no object for another (`git replace`).
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return environment | {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1"}


def user_environment() -> dict[str, str]:
    """Return the environment for calls as the user, without variables that lead git to another repository."""
    return {name: value for name, value in os.environ.items() if name not in _POINTING}


def configured(environment: dict[str, str], given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return *environment* with the settings *given* after its own; no argument list shows them."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    more: dict[str, str] = {}
    for number, (key, value) in enumerate(given, first):
        more |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment | more | {"GIT_CONFIG_COUNT": str(first + len(more) // 2)}


def run(arguments: tuple[str, ...], environment: dict[str, str], *, stdin: bytes = b"", seconds: float) -> CompletedGit:
    """Run git in its own session: without a terminal, and ended together with the programs that it started.

    Raises:
        ReconcileError: git did not end within *seconds*, or was killed: that it said nothing is no answer.
    """
    environment = environment | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        # A file, because ssh may leave a master process that keeps a pipe open.
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603 - fixed words, and values that git cannot take for options
                [_GIT, *_QUIET, *arguments],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
            with process:
                out = _output(process, stdin, seconds)
            _refuse_no_answer(process.returncode)
            errors.seek(0)
            return CompletedGit(process.returncode, out, errors.read())
    except OSError as error:
        # Too many arguments, processes or open files do not mean that there is no git.
        code = _NO_PROGRAM if error.errno == errno.ENOENT and error.filename == _GIT else _NOT_RUN
        return CompletedGit(code, b"", f"fatal: git cannot be run: {error.strerror}".encode())


def _refuse_no_answer(code: int) -> None:
    """Raise `ReconcileError` where *code* is none of git's own: a "no" comes only from git itself."""
    if 0 <= code <= _LARGEST_ANSWER and code not in (_NO_PROGRAM, _NOT_RUN):
        return
    what = f"git was ended by signal {-code}" if code < 0 else f"git ended with {code}, which is no answer of git"
    hint = "see whether memory ran out, who ended it, and which git is first in PATH; then try again"
    raise ReconcileError(what, hint=hint)


def _output(process: subprocess.Popen[bytes], stdin: bytes, seconds: float) -> bytes:
    try:
        return process.communicate(stdin, timeout=seconds)[0]
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            hint = "see whether a disk, a network or a program that git runs hangs"
            raise ReconcileError(f"git did not end within {seconds} seconds", hint=hint) from error
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and the programs that it started; SIGTERM first, so that git removes its locks."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)


def _shown_message(text: str) -> str:
    """Return the telling lines of git's message on one line, without credentials and control characters."""
    lines = [line.strip()[:_LONGEST_LINE] for line in text.replace("\r", "\n").split("\n")]
    telling = [line for line in lines if line.startswith(_TELLING)] or [*filter(None, lines)]
    return safe_line("; ".join(telling[:_MOST_LINES]))
