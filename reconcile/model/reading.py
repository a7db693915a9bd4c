"""How a service reads a cron: with which version of Quartz, up to which year. Only `cron` and this module parse.

The same text fires on other days in another version: `15W,20W` is `15W` in 2.3 and both days in 2.5. So each question
about when a cron fires, or whether it is a cron, names the reading that it is about (a house test holds that)::

    reading_of(environment, now)     the service of an environment
    reading_at(now, quartz=…)        a version that is named, as by `explain`; the twin is a service of its own
    EVERY_READING                    no service is known: what is said must hold in each of them
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconcile.cron import MAX_YEAR, CronSyntaxError, Expression, parse
from reconcile.model.workspace import Environment
from reconcile.times import in_zone

QUARTZ_VERSIONS = ("2.3", "2.5")

_YEARS_AHEAD = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads crons as Quartz *quartz* does, where *last_year* is the last one that fires."""

    quartz: str = QUARTZ_VERSIONS[0]
    last_year: int = MAX_YEAR

    def parse(self, text: str) -> Expression:
        """Return what *text* means.

        Raises:
            CronSyntaxError: Quartz refuses it; it carries the place and a hint.
        """
        return parse(text, max_year=self.last_year, quartz=self.quartz)

    def expression(self, text: str) -> Expression | None:
        """Return what *text* means; None for what Quartz refuses: a live text may be anything.

        >>> Reading().expression("every night") is None
        True
        """
        try:
            return self.parse(text)
        except CronSyntaxError:
            return None


DEFAULT_READING = Reading()
"""The reading of an environment without a `service:` block."""

EVERY_READING = tuple(Reading(quartz) for quartz in QUARTZ_VERSIONS)
"""For a value that knows neither its service nor the time, such as a change of a plan file."""


def reading_of(environment: Environment, now: datetime | None = None) -> Reading:
    """Return how the service of *environment* reads crons at the aware *now*; None: whatever the time."""
    quartz = environment.service.quartz
    return Reading(quartz) if now is None else reading_at(in_zone(now, environment.timezone), quartz=quartz)


def reading_at(now: datetime, *, quartz: str = QUARTZ_VERSIONS[0]) -> Reading:
    """Return how Quartz *quartz* reads crons when it was started in the year of *now*: 100 years later nothing fires.

    >>> reading_at(datetime(2030, 6, 1)).last_year
    2130
    """
    return Reading(quartz, now.year + _YEARS_AHEAD)
