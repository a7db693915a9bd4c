"""The journal of one job: a row for each fire, kept in arrays, because a week of 10,000 jobs is millions of rows."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

from reconcile.twin.clock import service_time


class Journal:
    """Rows in the order of their fires. Instants and run times are milliseconds; an empty text is a successful run."""

    __slots__ = ("_extras", "_fired", "_texts", "_took", "_triggers")

    def __init__(self) -> None:
        self._triggers = array("q")
        self._fired = array("q")
        self._took = array("q")
        self._texts: list[str] = []
        self._extras: dict[int, Mapping[str, object]] = {}

    def __len__(self) -> int:
        return len(self._fired)

    def extend(self, triggers: Sequence[int], fired: Sequence[int], took: Sequence[int], texts: Sequence[str]) -> None:
        """Append rows that are in order and not earlier than the last row."""
        self._triggers.extend(triggers)
        self._fired.extend(fired)
        self._took.extend(took)
        self._texts.extend(texts)

    def insert(self, trigger: int, fired: int, took: int, text: str, extra: Mapping[str, object] | None = None) -> None:
        """Insert a row at its place; *extra* are fields that a row written by hand shows in place of its own."""
        at = bisect_right(self._fired, fired)
        self._triggers.insert(at, trigger)
        self._fired.insert(at, fired)
        self._took.insert(at, took)
        self._texts.insert(at, text)
        if extra:
            self._extras[trigger] = extra

    def forget_before(self, ms: int) -> int:
        """Drop the rows of fires before *ms*, and return how many they were."""
        count = bisect_left(self._fired, ms)
        if count:
            for trigger in self._triggers[:count]:
                self._extras.pop(trigger, None)
            del self._triggers[:count], self._fired[:count], self._took[:count], self._texts[:count]
        return count

    def ended(self, now_ms: int) -> int:
        """Return how many of the rows, from the oldest, are of runs that have ended by *now_ms*."""
        count = len(self._fired)
        while count and self._fired[count - 1] + self._took[count - 1] > now_ms:
            count -= 1
        return count

    def newest(self) -> Iterator[tuple[int, int]]:
        """Yield fire and trigger of each row, newest first."""
        return zip(reversed(self._fired), reversed(self._triggers), strict=True)

    def rows(self) -> Iterator[tuple[int, int, int, str, Mapping[str, object]]]:
        """Yield trigger, fire, run time, text and the fields written by hand, oldest first."""
        for trigger, fired, took, text in zip(self._triggers, self._fired, self._took, self._texts, strict=True):
            yield trigger, fired, took, text, self._extras.get(trigger, {})

    def shown(self, at: int, job_id: str, skew_ms: int) -> dict[str, object]:
        """Return the row at place *at* (0 is the oldest) as the service shows it, its times moved by *skew_ms*."""
        trigger, fired, took = self._triggers[at], self._fired[at] + skew_ms, self._took[at]
        text = self._texts[at]
        row: dict[str, object] = {
            "triggerid": str(trigger),
            "jobinfoid": job_id,
            "exestarttime": service_time(fired),
            "exedes": text,
            "exestatus": "failure" if text else "success",
            "triggerstatus": "success",
            "exetotaltime": took,
            "dynamicid": blake2b(str(trigger).encode(), digest_size=16).hexdigest(),
            "triggertime": service_time(fired),
            "updatetime": service_time(fired + took),
            "runtype": "trigger",
        }
        row.update(self._extras.get(trigger, {}))
        return row
