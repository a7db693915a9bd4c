"""What was noted while the service was talked to: nothing that keeps a key from being read, and worth knowing.

A habit of a service shows in each of its replies. So one finding tells of all: of the first, in the order of keys or of
tenants, and of how many there were.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from reconcile.model.finding import Finding, Severity
from reconcile.model.keys import Key
from reconcile.service.messages import Operation
from reconcile.text import counted


@dataclass(frozen=True, slots=True)
class ErrorBesideData:
    """A reply of *operation* to *tenant* held data, and an error beside it."""

    operation: Operation
    tenant: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class RowTwice:
    """A reply held the same row of *key* more than once."""

    key: Key


class Notes:
    """What was noted so far, over one client; safe from any thread."""

    def __init__(self) -> None:
        self._errors: dict[Operation, dict[str, ErrorBesideData]] = {}
        self._twice: set[Key] = set()
        self._taken: set[object] = set()
        self._lock = threading.Lock()

    def add(self, note: ErrorBesideData | RowTwice) -> None:
        """Take in *note*."""
        with self._lock:
            if isinstance(note, RowTwice):
                self._twice.add(note.key)
                return
            tenants = self._errors.setdefault(note.operation, {})
            known = tenants.get(note.tenant)
            if known is None or note.message < known.message:
                tenants[note.tenant] = note

    def take(self) -> tuple[Finding, ...]:
        """Return what was noted, each kind once: a finding for each operation with errors, and one for rows that came
        twice. What was taken is not returned again, whatever else is noted of that kind."""
        with self._lock:
            made = [_error_finding(self._errors[one]) for one in Operation if one in self._errors.keys() - self._taken]
            if self._twice and RowTwice not in self._taken:
                made.append(_twice_finding(self._twice))
            self._taken |= {*self._errors, *([RowTwice] if self._twice else [])}
            return tuple(made)


def _error_finding(tenants: dict[str, ErrorBesideData]) -> Finding:
    first = tenants[min(tenants)]
    others = f"; so to {counted(len(tenants) - 1, 'other tenant')}" if len(tenants) > 1 else ""
    return Finding("error-beside-data", Severity.NOTE, f"{first.message}{others}", hint=first.hint)


def _twice_finding(keys: set[Key]) -> Finding:
    first = min(keys)
    others = f" and for {counted(len(keys) - 1, 'other key')}" if len(keys) > 1 else ""
    message = f"the service answers with the same row more than once for {first}{others}: it was taken for one job"
    return Finding("row-twice", Severity.NOTE, message, key=first)
