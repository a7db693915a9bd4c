"""The console blocks of the docs: what is typed, and what is shown.

A block looks like this; a line of dots stands for lines that are left out, ``…`` within a line for anything there::

    ```console
    $ reconcile validate
    Validated 19 schedules of 4 tenants
    ...
    ```

``$?`` at the end of a command (``# exits 2``) says its exit code, where that is not 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_EXITS = re.compile(r"\s+# exits ([0-9]+)$")


@dataclass(frozen=True)
class Typed:
    """A command of a block, the exit code and the output that the block claims."""

    command: str
    exit_code: int
    shown: str
    line: int


def blocks(document: Path) -> list[list[Typed]]:
    """Return the console blocks of a document."""
    text = document.read_text(encoding="utf-8")
    return [_typed(match[1], text.count("\n", 0, match.start()) + 2) for match in _BLOCK.finditer(text)]


def _typed(block: str, first: int) -> list[Typed]:
    found: list[Typed] = []
    for number, line in enumerate(block.splitlines(), start=first):
        if line.startswith("$ "):
            exits = _EXITS.search(line)
            command = _EXITS.sub("", line)[2:]
            found.append(Typed(command, int(exits[1]) if exits else 0, "", number))
        else:
            last = found[-1]
            found[-1] = Typed(last.command, last.exit_code, f"{last.shown}{line}\n", last.line)
    return found


def matches(shown: str, real: str) -> bool:
    """Return whether *real* output is what a block shows; one that shows nothing claims nothing.

    >>> matches("a\\n...\\nd …\\n", "a\\nb\\nc\\nd e\\n"), matches("a\\n", "b\\n")
    (True, False)
    """
    if not shown.strip():
        return True
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.rstrip().split("…"))) + "[ ]*\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern + "\n*", real) is not None
