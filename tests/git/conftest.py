"""A repository in a folder with a blank and a Chinese character, whatever git is set up for on this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconcile.git import program
from reconcile.git.clean_check import not_as_committed
from reconcile.git.repository import find
from reconcile.git.worktree import WorkTree

IDENTITY = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def run_git(folder, *arguments):
    """Run git in *folder*, and return what it says, without blanks around it."""
    done = subprocess.run(["git", *arguments], cwd=folder, env=os.environ | IDENTITY, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def unclean(folder, tree=None, *, wanted=bool, allow=frozenset()):
    """Return what differs from the current commit, of what *tree* has read; without one, of all that is there."""
    if tree is None:
        tree = WorkTree(folder)
        for path in tree.paths():
            tree.read(path)
    repository = find(folder, allow).with_submodules(tree.repositories())
    return not_as_committed(repository, tree, "HEAD", wanted=wanted)


@pytest.fixture(autouse=True)
def unconfigured(tmp_path, monkeypatch):
    """Leave out the configuration of this machine and its user, and a repository that the tests may be run from."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def git(tmp_path):
    """Return a new repository's folder, and what runs git in it."""
    folder = tmp_path / "a 仓库"
    (folder / "schedules").mkdir(parents=True)
    run_git(folder, "init", "--quiet", "--initial-branch=main")
    return folder, lambda *arguments: run_git(folder, *arguments)


@pytest.fixture
def other_git(tmp_path, monkeypatch):
    """Return what puts a shell script in the place of git, and returns the folder that it is in."""

    def install(script) -> Path:
        place = tmp_path / "bin"
        place.mkdir()
        (place / "git").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (place / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
        return place

    return install


@pytest.fixture
def impatient(monkeypatch):
    """Give up at once what does not answer."""
    monkeypatch.setattr(program, "ASK_SECONDS", 0.2)
    monkeypatch.setattr(program, "ACT_SECONDS", 0.2)
