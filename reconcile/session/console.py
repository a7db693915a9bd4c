"""The console of a run, on stderr: messages, progress, questions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconcile.ports import Progress, no_progress
from reconcile.report.text_format import as_text
from reconcile.report.view import View
from reconcile.text import visible


@dataclass(frozen=True, slots=True)
class Console:
    """*write* writes to stderr; *is_terminal*: it can show a bar; *ask* asks a question, None without a terminal."""

    write: Callable[[str], None]
    is_terminal: bool = False
    ask: Callable[[str], str] | None = None

    def log(self, level: str, message: str, *, as_json: bool = False) -> None:
        """Write a message: one line for each of its lines, or one JSON object."""
        if as_json:
            self.write(json.dumps({"level": level, "message": message}, ensure_ascii=False) + "\n")
            return
        label = f"{level}: " if level in ("error", "warning") else ""
        self.write(
            "".join(f"{label if not at else ''}{visible(line)}\n" for at, line in enumerate(message.split("\n")))
        )

    def confirm(self, view: View) -> bool:
        """Show *view*, and return whether the person typed `yes`."""
        assert self.ask is not None, "there is a terminal to ask on"
        self.write(as_text(view))
        return self.ask("\nOnly `yes` applies this plan. Apply it? ").strip() == "yes"

    @contextlib.contextmanager
    def progress(self, title: str, total: int, *, is_shown: bool = True) -> Iterator[Progress]:
        """Show a bar on a terminal while the block runs."""
        if not self.is_terminal or not is_shown:
            yield no_progress
            return
        from rich.console import Console as Terminal
        from rich.progress import Progress as Bars

        with Bars(console=Terminal(stderr=True), transient=True) as bars:
            task = bars.add_task(title, total=total)
            yield lambda count: bars.advance(task, count)
