"""README and docs: every command they show is run, every table is as the code has it, every link leads somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import pytest

from reconcile.commands.decorators import command
from reconcile.report.formats import COMMON_FORMATS
from reconcile.twin.in_process import running_twin
from tests.docs import tables
from tests.docs.consoles import Typed, blocks, matches

ROOT = Path(__file__).parents[2]
DOCUMENTS = tables.documents()
SHOWING = [document for document in DOCUMENTS if blocks(document)]
YAML = re.compile(r"^```yaml\n# (schedules/\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
NOW = re.compile(r"^<!-- now: (\S+) -->$", re.MULTILINE)
PYTHON = re.compile(r"^```python\n# (test_\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STARTS_A_TWIN = re.compile(r"reconcile twin(?! ctl|.* --help)")
STEERS_A_TWIN = re.compile(r"(reconcile twin ctl \w+)")
RUN_ID = re.compile(r"\b[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}\b")
LISTS_RUNS = re.compile(r"reconcile runs(?! show)")
DOCUMENTED_URL = "http://127.0.0.1:8001"


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


class Stage:
    """A folder as a reader has it who writes the files that a document shows, and an empty twin for a service."""

    def __init__(self, folder: Path, url: str, warm: Path) -> None:
        self.folder = folder
        self._url = url
        self._twin: subprocess.Popen[str] | None = None
        self._runs: dict[str, str] = {}
        programs = folder / "programs"
        programs.mkdir()
        program = programs / "reconcile"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconcile "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        self._variables = {
            "PATH": f"{warm}:{os.environ['PATH']}",
            "HOME": str(folder),
            "SCHEDULER_TOKEN": "secret-of-the-docs",
            "LC_ALL": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        }

    def at(self, document: Path) -> None:
        """Let the program run at the time of which *document* says that it is now."""
        said = NOW.search(document.read_text(encoding="utf-8"))
        if said is not None:
            self._variables["SOURCE_DATE_EPOCH"] = str(int(datetime.fromisoformat(said[1]).timestamp()))

    def run(self, typed: Typed) -> tuple[int, str]:
        """Return exit code and output (both streams, as a terminal shows them) of a command.

        The ids of runs are those that the document shows, once it has listed them with `reconcile runs`. A command that
        starts a twin goes on, on a free port, and is the service of the commands that follow.
        """
        command = typed.command
        if STARTS_A_TWIN.match(command):
            return 0, self._started(command)
        for documented, real in self._runs.items():
            command = command.replace(documented, real)
        command = STEERS_A_TWIN.sub(rf"\1 --url {self._url}", command)
        done = subprocess.run(
            ["sh", "-c", command.replace(DOCUMENTED_URL, self._url)],
            cwd=self.folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        if LISTS_RUNS.match(command):
            self._runs |= zip(RUN_ID.findall(typed.shown), RUN_ID.findall(done.stdout), strict=False)
        output = done.stdout.replace(self._url, DOCUMENTED_URL)
        for documented, real in self._runs.items():
            output = output.replace(real, documented)
        return done.returncode, output

    def write_files(self, document: Path) -> int:
        """Write the files that *document* shows, and return how many they are; one that shows none has the examples."""
        found = YAML.findall(document.read_text(encoding="utf-8"))
        for name, text in found:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # With the line that names the file: places in the outputs count it.
            path.write_text(f"# {name}\n{text}", encoding="utf-8")
        if not found:
            shutil.copytree(ROOT / "schedules", self.folder / "schedules")
        self._point_at(self.folder / "schedules" / "reconcile.yaml")
        return len(found)

    def close(self) -> None:
        """Stop the twin that a command has started."""
        if self._twin is not None:
            self._twin.terminate()
            self._twin.communicate(timeout=60)
            assert self._twin.returncode == 0

    def _started(self, command: str) -> str:
        """The line of a twin that is started by *command*."""
        self.close()
        self._twin = subprocess.Popen(
            ["sh", "-c", f"exec {command} --port 0"],
            cwd=self.folder,
            env=self._variables | {"PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}"},  # it is sent signals
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        line = self._twin.stdout.readline()
        before, self._url = self._url, re.search(r"http://\S+", line)[0]
        self._point_at(self.folder / "schedules" / "reconcile.yaml", before)
        return line.replace(self._url, DOCUMENTED_URL)

    def _point_at(self, path: Path, before: str = DOCUMENTED_URL) -> None:
        path.write_text(path.read_text(encoding="utf-8").replace(before, self._url), encoding="utf-8")


@pytest.fixture
def stage(tmp_path: Path, warm: Path) -> Iterator[Stage]:
    with running_twin(timezone="Asia/Shanghai") as twin:
        one = Stage(tmp_path, twin.url, warm)
        yield one
        one.close()


# The README and the demo every time; what takes seconds, in CI.
EVERYDAY = ("README.md", "cron.md", "demo.md")
EACH = [pytest.param(one, id=name_of(one), marks=() if one.name in EVERYDAY else pytest.mark.slow) for one in SHOWING]


@pytest.mark.parametrize("document", EACH)
def test_what_a_document_shows_is_what_happens(stage, document):
    stage.write_files(document)
    stage.at(document)
    for typed in (typed for block in blocks(document) for typed in block):
        if typed.command == "make test":  # `.ci/run` runs this very command
            continue
        code, output = stage.run(typed)
        assert (code, matches(typed.shown, output)) == (typed.exit_code, True), (
            f"{name_of(document)}:{typed.line}: $ {typed.command}\n"
            f"--- shown\n{typed.shown}--- real (exit {code})\n{output}"
        )


@pytest.mark.parametrize("words", [words for words, _ in tables.commands_by_words()])
def test_every_command_is_shown_at_work(words):
    typed = [one.command for document in SHOWING for block in blocks(document) for one in block]
    assert any(re.search(rf"\breconcile {words}\b", command) for command in typed), f"no page shows reconcile {words}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_tables_of_a_document_are_as_the_code_has_them(document):
    text = document.read_text(encoding="utf-8")
    old = [name for region, name in tables.regions(text) if tables.filled(region) != region]
    assert old == [], f"{name_of(document)}: these tables are not what the code says: run make docs"


def test_every_table_that_is_read_from_the_code_stands_in_a_document():
    shown = {name for document in DOCUMENTS for _, name in tables.regions(document.read_text(encoding="utf-8"))}
    missing = tables.TABLES.keys() - shown
    assert missing == set(), "no document holds <!-- table: NAME --> for these"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_to_a_file_leads_to_one(document):
    text = document.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_files_that_a_document_shows_are_valid_together(stage, document):
    if stage.write_files(document):
        code, output = stage.run(Typed("reconcile validate", 0, "", 0))
        assert (code, output.endswith("\n\nNo findings.\n")) == (0, True), output


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_tests_that_a_document_shows_pass(document, tmp_path):
    found = PYTHON.findall(document.read_text(encoding="utf-8"))
    for name, text in found:
        (tmp_path / name).write_text(text, encoding="utf-8")
    if found:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_a_command_whose_formats_are_its_own_is_shown_with_them():
    one = click.command("odd")(command(formats=(*COMMON_FORMATS, "sarif"))(lambda *_: None))
    shown = "\n".join(tables.sections("odd", one))
    assert r"| `--format` [text\|json\|markdown\|sarif] | What stdout shows. |" in shown
    assert "`--dir`" not in shown
