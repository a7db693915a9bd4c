"""Cron texts of declarations: each distinct text is looked at once."""

from __future__ import annotations

import re

from reconcile import cron
from reconcile.engine.documents import Pointer, Problem
from reconcile.engine.signs import ascii_of, full_width_signs, shown
from reconcile.errors import CronSyntaxError

# H as a value or before a range, step or offset; not the H of a month or weekday (MARCH is no Quartz name, THU is).
_H = re.compile(r"(?<![A-Za-z])H(?![A-Za-z])")


class Crons:
    """Remembers what is wrong with each cron text."""

    def __init__(self) -> None:
        self._troubles: dict[str, Problem | None] = {}

    def is_fine(self, text: str) -> bool:
        """Return whether the service's Quartz would accept *text*."""
        if text not in self._troubles:
            self._troubles[text] = _trouble(text)
        return self._troubles[text] is None

    def problem(self, text: str, at: Pointer) -> Problem:
        """Return what is wrong with *text*, which is not fine, written at *at*."""
        trouble = self._troubles[text]
        assert trouble is not None
        where = at._replace(offset=trouble.at.offset, width=trouble.at.width)
        return Problem(trouble.rule, trouble.message, where, hint=trouble.hint)


def _trouble(text: str) -> Problem | None:
    """Return what is wrong with *text*, at characters of it."""
    for start, width in full_width_signs(text):
        message = (
            f"cron: {shown(text[start : start + width])!r} are signs of a Chinese keyboard, which Quartz does not know"
        )
        hint = f"with an ASCII keyboard: {ascii_of(text)}"
        return Problem("full-width-sign", message, Pointer("", offset=start, width=width), hint=hint)
    found = _H.search(text)
    if found:
        at = Pointer("", offset=found.start(), width=1)
        return Problem("not-built-yet", "cron: H is not resolved yet", at, hint="write a number for now")
    try:
        cron.parse(text)
    except CronSyntaxError as error:
        at = Pointer("", offset=error.column, width=max(1, error.width))
        return Problem("cron-syntax", f"cron: {error.message}", at, hint=error.hint or "see `reconcile explain`")
    return None
