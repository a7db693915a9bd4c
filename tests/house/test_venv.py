"""`.ci/venv`, by which `make` finds its Python: the one that is named or none, and another one only when it is new."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """An empty checkout in a folder with a blank, and the programs of a machine without Python."""
    (tmp_path / "bin").mkdir()
    for program in ("sh", "mkdir", "cp", "touch", "rm"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))
    (tmp_path / "a checkout").mkdir()
    return tmp_path / "a checkout"


def install(checkout, name, answer):
    """Let a Python called *name* answer so what is asked of it; its venvs hold a copy of itself."""
    program = checkout.parent / "bin" / name
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = -m ]; then rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python"; else\n'
        f"{answer}\nfi\n",
        encoding="utf-8",
    )
    program.chmod(0o755)


def made(checkout, named=""):
    """Return the exit code, what is said, and who the Python of .venv says it is."""
    variables = {"PATH": str(checkout.parent / "bin")}
    done = subprocess.run(
        [ROOT / ".ci" / "venv", named], cwd=checkout, env=variables, capture_output=True, text=True, check=False
    )
    python = checkout / ".venv" / "bin" / "python"
    is_there = python.exists() and (checkout / ".venv" / "made").exists()
    who = subprocess.run([python], capture_output=True, text=True, check=True).stdout if is_there else None
    return done.returncode, done.stdout + done.stderr, who


BROKEN = {
    "does-not-start": (
        'echo "pyenv: python3.12: command not found" >&2; exit 127',
        "pyenv: python3.12: command not found",
    ),
    "is-old": ("echo 'it is Python 3.10' >&2; exit 1", "it is Python 3.10"),
    "has-no-venv": ("echo 'it has no venv' >&2; exit 1", "it has no venv"),
}


@pytest.mark.parametrize("answer, why", BROKEN.values(), ids=BROKEN)
def test_a_python_that_is_named_and_does_not_fit_is_an_error_and_no_other_is_taken(checkout, answer, why):
    install(checkout, "python3", "echo three")
    install(checkout, "python3.12", answer)
    code, said, who = made(checkout, "python3.12")
    assert (code, who) == (1, None)
    assert said.startswith(f"PYTHON=python3.12 cannot be used: {why}\n")


def test_a_python_that_is_named_and_not_there_is_an_error(checkout):
    install(checkout, "python3", "echo three")
    code, said, who = made(checkout, "python9")
    assert (code, who) == (1, None)
    assert said.startswith("PYTHON=python9 cannot be used: ")
    assert "not found" in said


def test_of_the_pythons_that_are_there_the_first_that_fits_is_taken(checkout):
    install(checkout, "python3", "exit 1")
    install(checkout, "python3.13", "exit 127")
    install(checkout, "python3.12", "echo twelve")
    install(checkout, "python3.11", "echo eleven")
    assert made(checkout) == (0, "", "twelve\n")


def test_where_no_python_fits_it_says_so(checkout):
    install(checkout, "python3", "exit 1")
    code, said, who = made(checkout)
    assert (code, who) == (1, None)
    assert said.startswith("no Python >= 3.11 with venv is here")


def test_it_is_made_anew_only_when_another_python_is_named(checkout):
    install(checkout, "python3.11", "echo eleven")
    install(checkout, "python3.12", "echo twelve")
    made(checkout, "python3.11")
    note = checkout / ".venv" / "note"
    note.touch()
    assert made(checkout, "python3.11") == made(checkout) == (0, "", "eleven\n")
    assert note.exists()
    assert made(checkout, "python3.12") == (0, "", "twelve\n")
    assert not note.exists()


def test_what_was_not_made_to_its_end_is_made_anew(checkout):
    install(checkout, "python3.11", "echo eleven")
    made(checkout, "python3.11")
    (checkout / ".venv" / "made").unlink()
    assert made(checkout, "python3.11") == (0, "", "eleven\n")
