"""A copy of the tree, in which a recipe is walked and whose own program is what runs there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.recipes.instances import Place

ROOT = Path(__file__).parents[2]
# What a test found wrong, and what could not even be imported; all else is a mistake of the recipe itself.
TESTS_FAILED = (1, 2)


class Tree:
    """A copy of the checkout, with what is not committed yet. It is made once and mended before each walk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        self._names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]

    def mend(self) -> None:
        """Make every file what it is in the checkout, and remove what a walk has added."""
        known = {self.folder / name for name in self._names}
        for path in [*self.folder.rglob("*")]:
            if path.is_file() and path not in known and "__pycache__" not in path.parts:
                path.unlink()
        for name in self._names:
            original, copied = ROOT / name, self.folder / name
            if not copied.exists() or copied.stat().st_mtime_ns != original.stat().st_mtime_ns:
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(original, copied)

    def apply(self, title: str, places: Iterable[Place]) -> None:
        """Do what the instance of the recipe *title* does at *places*."""
        for place in places:
            path = self.folder / place.path
            content = path.read_text(encoding="utf-8") if path.exists() else ""
            for edit in place.edits:
                assert content.count(edit.anchor or "\0") == (edit.anchor is not None), (
                    f"{title}: {place.path} does not hold this once (see tests/recipes/instances.py): {edit.anchor!r}"
                )
                content = edit.applied(content)
            path.write_text(content, encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=variables | {"PYTHONPATH": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run this Python in the copy."""
        return self.run(sys.executable, *arguments)

    def make(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a ``make …`` of the page with this Python: the copy has no environment of its own."""
        program, *arguments = shlex.split(command)
        assert program == "make", command
        return self.run(program, "-o", ".venv/complete", f"VENV_PYTHON={sys.executable}", *arguments)

    def test(self, tests: Iterable[str], *options: str) -> subprocess.CompletedProcess[str]:
        """Run *tests*, all but those in a browser."""
        everyone = ("-q", "-p", "no:cacheprovider", "-m", "not browser")
        return self.python("-m", "pytest", *everyone, *options, *tests)
