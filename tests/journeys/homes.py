"""A repository with the declarations, whose ledger is in one of its homes: another clone, and backups of the ledger."""

from __future__ import annotations

import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from tests import postgres

TABLES = ("runs", "changes", "applied", "holds", "ledgers")


def git(folder: Path, *arguments: str) -> str:
    """Run git in *folder*, and return its output."""
    who = ("-c", "user.name=li", "-c", "user.email=li@example.com")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Home(ABC):
    """The home of the ledger of the repository in *folder*, which has a remote."""

    name: ClassVar[str]
    setting: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remote = folder / "remote.git"

    def begin(self) -> None:
        """Commit and push the declarations."""
        git(self.folder, "init", "--quiet", "--bare", "remote.git")
        git(self.folder, "init", "--quiet", "--initial-branch=main")
        git(self.folder, "remote", "add", "origin", f"file://{self.remote}")
        self.commit()

    def commit(self) -> None:
        """Commit and push what is in the folder of the declarations."""
        git(self.folder, "add", "--all", "schedules")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", "x")
        git(self.folder, "push", "--quiet", "origin", "main")

    def other(self) -> str:
        """Return the folder of the declarations in another place where pipelines run: a clone of its own."""
        git(self.folder, "clone", "--quiet", "--branch=main", f"file://{self.remote}", "other")
        return str(self.folder / "other" / "schedules")

    @abstractmethod
    def back_up(self) -> None:
        """Make a backup of the ledger."""

    @abstractmethod
    def restore(self) -> None:
        """Bring the backup back."""


class FileHome(Home):
    """A file in the common git directory: the other place is a second work tree."""

    name = "file"
    setting = "file"

    def other(self) -> str:
        git(self.folder, "worktree", "add", "--quiet", "--detach", "other")
        return str(self.folder / "other" / "schedules")

    def back_up(self) -> None:
        shutil.copytree(self.folder / ".git" / "reconcile", self.folder / "backup")

    def restore(self) -> None:
        shutil.rmtree(self.folder / ".git" / "reconcile")
        shutil.copytree(self.folder / "backup", self.folder / ".git" / "reconcile")


class PostgresHome(Home):
    """A database at *setting*."""

    name = "postgresql"

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.setting = url

    def back_up(self) -> None:
        for table in TABLES:
            postgres.execute(self.setting, f"CREATE TABLE kept_{table} AS SELECT * FROM reconcile_{table}")

    def restore(self) -> None:
        postgres.execute(self.setting, f"TRUNCATE {', '.join(f'reconcile_{table}' for table in TABLES)}")
        for table in TABLES:
            postgres.execute(self.setting, f"INSERT INTO reconcile_{table} SELECT * FROM kept_{table}")


class GitHome(Home):
    """A ref of the remote."""

    name = "git"
    setting = "git"
    ref = "refs/reconcile/ledger/test/test"

    def back_up(self) -> None:
        git(self.remote, "update-ref", "refs/kept", git(self.remote, "rev-parse", self.ref))

    def restore(self) -> None:
        git(self.remote, "update-ref", self.ref, "refs/kept")


# A file every day; in the other homes, where a journey takes seconds, in CI.
HOMES = ("file", *(pytest.param(one, marks=pytest.mark.slow) for one in ("postgresql", "git")))


@contextmanager
def home_of(name: str, folder: Path, server: str) -> Iterator[Home]:
    """Give the home *name* of a repository in *folder*; *server* is the address of a PostgreSQL server."""
    if name == "postgresql":
        with postgres.database(server) as url:
            yield PostgresHome(folder, url)
    else:
        yield FileHome(folder) if name == "file" else GitHome(folder)
