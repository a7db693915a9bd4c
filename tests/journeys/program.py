"""The program as a user calls it: within this process where it can be, as one of its own where it must."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconcile.cli import CommandRun
from reconcile.declare.schema_check import schema_problems

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "HOME": os.environ.get("HOME", "/"),
    # Programs that a test starts are measured too, where the tests are.
    **{name: value for name, value in os.environ.items() if name.startswith("COV")},
}


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The document on stdout: the whole of it, which fits the schema of its kind."""
        found: dict[str, Any] = json.loads(self.out)
        assert not [(one.at.path, one.message) for one in schema_problems(found["kind"], found, "stdout")]
        return found


class Program:
    """Runs the program in *folder*."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        monkeypatch.chdir(folder)

    def __call__(self, *arguments: str, **variables: str) -> Ended:
        self._capsys.readouterr()
        run = CommandRun(list(arguments), ENVIRONMENT | variables)
        code = run.exit_code()
        output = self._capsys.readouterr()
        return Ended(code, output.out, output.err)

    def json(self, *arguments: str, **variables: str) -> tuple[int, dict[str, Any]]:
        """Run with ``--format json`` and return the exit code and the document."""
        ended = self(*arguments, "--format", "json", **variables)
        return ended.code, ended.document

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """Start a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "reconcile", *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **more,
        )
