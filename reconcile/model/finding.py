"""Findings: what is wrong, or worth knowing, about declarations and the live side. They are collected, not raised.

What stops a run because of them is an exception that carries them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.errors import ReconcileError
from reconcile.exits import Exit
from reconcile.model.keys import Key
from reconcile.model.rules import OF_THE_RULE, Rule, Severity
from reconcile.source import Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. *rule* says of which kind it is; *message* names the value; *hint* says what to do.

    *line_text* is the source line that *place* points into, without its line break, when it could be read. *severity*
    is the rule's own unless it is given.
    """

    rule: Rule
    message: str
    place: Span | None = None
    hint: str | None = None
    line_text: str | None = None
    key: Key | None = None
    severity: Severity = OF_THE_RULE

    def __post_init__(self) -> None:
        """Take the rule's severity where none is given."""
        object.__setattr__(self, "severity", self.severity or self.rule.severity)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a guard refuses: with *key*, that key alone; without, the whole apply.

    *message* does not repeat *key*: a report puts it in front where nothing else names it. *setting* names the setting
    that holds the limit, *override* the option that lifts it for one run.
    """

    rule: str
    message: str
    setting: str | None = None
    override: str | None = None
    tenant: str | None = None
    key: Key | None = None
    remedy: str | None = None
    """What to do about it, where that is neither a setting nor an option."""

    @property
    def hint(self) -> str:
        """Return what to do about it, in one clause."""
        if self.remedy is not None:
            return self.remedy
        ways = []
        if self.setting:
            ways.append(f"change {self.setting} in reconcile.yaml")
        if self.override:
            ways.append(f"run with {self.override}")
        return "if this is meant, " + ", or ".join(ways) if ways else "look at the live side first"


class DeclarationError(ReconcileError):
    """Declarations have errors; *findings* holds every one of them."""

    def __init__(self, message: str, *, findings: tuple[Finding, ...], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.findings = findings


class RefusedError(ReconcileError):
    """A guard refused before anything was saved; *refusals* holds each reason."""

    exit_code = Exit.REFUSED

    def __init__(self, message: str, *, refusals: tuple[Refusal, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.refusals = refusals
