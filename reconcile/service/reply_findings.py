"""Findings about replies that are not as documented, though every key of them could be read.

A service shows an oddity in each of its replies, so one finding stands for all of a kind: it names the first, in the
order of keys or of tenants, and says how many there were.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TypeAlias

from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.rules import ReplyRule
from reconcile.service.messages import Operation
from reconcile.text import counted


@dataclass(frozen=True, slots=True)
class ErrorBesideData:
    """A reply of *operation* to *tenant* had data, and an error beside it."""

    operation: Operation
    tenant: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class RepeatedRow:
    """A reply had the same row of *key* more than once."""

    key: Key


ReplyFinding: TypeAlias = ErrorBesideData | RepeatedRow


class ReplyFindings:
    """The findings about the replies to one client; safe from any thread."""

    def __init__(self) -> None:
        self._errors: dict[Operation, dict[str, ErrorBesideData]] = {}
        self._repeated: set[Key] = set()
        self._taken: set[object] = set()
        self._lock = threading.Lock()

    def add(self, finding: ReplyFinding) -> None:
        """Add *finding*."""
        with self._lock:
            if isinstance(finding, RepeatedRow):
                self._repeated.add(finding.key)
                return
            tenants = self._errors.setdefault(finding.operation, {})
            known = tenants.get(finding.tenant)
            if known is None or finding.message < known.message:
                tenants[finding.tenant] = finding

    def take(self) -> tuple[Finding, ...]:
        """Return one finding for each operation with errors, and one for repeated rows. A kind that was returned is not
        returned again, whatever is added to it."""
        with self._lock:
            findings = [
                _error_finding(self._errors[one]) for one in Operation if one in self._errors.keys() - self._taken
            ]
            if self._repeated and RepeatedRow not in self._taken:
                findings.append(_repeated_finding(self._repeated))
            self._taken |= {*self._errors, *([RepeatedRow] if self._repeated else [])}
            return tuple(findings)


def _error_finding(tenants: dict[str, ErrorBesideData]) -> Finding:
    first = tenants[min(tenants)]
    others = f"; so to {counted(len(tenants) - 1, 'other tenant')}" if len(tenants) > 1 else ""
    return Finding(ReplyRule.ERROR_BESIDE_DATA, f"{first.message}{others}", hint=first.hint)


def _repeated_finding(keys: set[Key]) -> Finding:
    first = min(keys)
    others = f" and for {counted(len(keys) - 1, 'other key')}" if len(keys) > 1 else ""
    message = f"the service answers with the same row more than once for {first}{others}: it was taken for one job"
    return Finding(ReplyRule.ROW_TWICE, message, key=first)
