"""When jobs fire, in milliseconds: the cron engine with the twin's zone, and what many jobs share worked out once."""

from __future__ import annotations

from datetime import tzinfo

from reconcile.cron import Expression, next_fire, parse
from reconcile.errors import CronSyntaxError
from reconcile.twin.clock import from_ms, to_ms

_REMEMBERED = 200_000


class NeverFiresError(Exception):
    """Quartz takes the expression, and its scheduler refuses the trigger: no fire is left."""


class Crons:
    """The fires of cron texts in *zone*."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._expressions: dict[str, Expression] = {}
        self._next: dict[tuple[str, int], int | None] = {}
        self._walked: dict[tuple[str, int, int], list[int]] = {}

    def check(self, text: str, now_ms: int) -> None:
        """Return when *text* is a cron that Quartz schedules at *now_ms*.

        Raises:
            CronSyntaxError: Quartz refuses the text.
            NeverFiresError: it has no fire after *now_ms*.
        """
        expression = parse(text, max_year=from_ms(now_ms, self._zone).year + 100)
        if next_fire(expression, from_ms(now_ms, self._zone)) is None:
            raise NeverFiresError(text)

    def next_ms(self, text: str, after_ms: int) -> int | None:
        """Return the first fire later than *after_ms*; None when there is none, or *text* is not a cron."""
        key = (text, after_ms)
        if key in self._next:
            return self._next[key]
        if len(self._next) >= _REMEMBERED:
            self._next.clear()
        expression = self._expression(text)
        fire = None if expression is None else next_fire(expression, from_ms(after_ms, self._zone))
        found = self._next[key] = None if fire is None else to_ms(fire)
        return found

    def fires_ms(self, text: str, first_ms: int, until_ms: int) -> list[int]:
        """Return the fire *first_ms* and those that follow it up to and including *until_ms*, in order."""
        following = self.next_ms(text, first_ms)
        if following is None or following > until_ms:
            return [first_ms]
        key = (text, first_ms, until_ms)
        known = self._walked.get(key)
        if known is not None:
            return known
        if len(self._walked) >= 64:
            self._walked.clear()
        found = [first_ms]
        while following is not None and following <= until_ms:
            found.append(following)
            following = self._following(text, following)
        self._walked[key] = found
        return found

    def _following(self, text: str, after_ms: int) -> int | None:
        """The next fire, not remembered: a walk asks for each only once."""
        expression = self._expression(text)
        assert expression is not None, "what has fired has an expression"
        fire = next_fire(expression, from_ms(after_ms, self._zone))
        return None if fire is None else to_ms(fire)

    def _expression(self, text: str) -> Expression | None:
        """What *text* means; None for what a change behind Git's back wrote that Quartz would refuse."""
        if text not in self._expressions:
            try:
                self._expressions[text] = parse(text)
            except CronSyntaxError:
                return None
        return self._expressions[text]
