"""A plan: the ordered changes that would make live equal to desired, and what needs a person's attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from reconcile.model.change import Change
from reconcile.model.finding import Finding, Refusal
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.live import Live
from reconcile.model.selection import EVERYTHING, Selection
from reconcile.model.verdicts import Action, Condition, Verdict


@dataclass(frozen=True, slots=True)
class Attention:
    """A key at which nothing will be saved, and that needs a person to look at it."""

    key: Key
    verdict: Verdict
    conditions: tuple[Condition, ...]
    live: Live
    message: str
    hint: str | None = None
    rule: str | None = None
    """The id of the reason, where it has one: why an orphan does not count as removed from Git."""

    @property
    def is_blocked(self) -> bool:
        """Return whether the key cannot be brought to what Git wants until a person has acted.

        Of an orphan Git wants nothing.
        """
        return Condition.DUPLICATE in self.conditions and self.verdict is not Verdict.ORPHAN


@dataclass(frozen=True, slots=True)
class Summary:
    """How many keys: by action for those that would be saved, and the rest by why not."""

    create: int
    update: int
    rename: int
    park: int
    enable: int
    unchanged: int
    blocked: int
    unreadable: int

    @property
    def saves(self) -> int:
        """Return how many saves would be made."""
        return self.create + self.update + self.rename + self.park + self.enable


@dataclass(frozen=True)
class Plan:
    """What an apply would do in *environment*. *changes* and *attention* are sorted by key.

    *unchanged* counts the keys with nothing to save and nothing to say; *populations* the live keys of each tenant that
    has changes. *selection* says which schedules it is about. *refusals* are those that hold under the overrides given
    when it was made; apply computes its own.
    *digest* covers the environment, populations, changes and attention with the live rows seen; *desired_digest* the
    environment, keys and desired values of the whole selection.
    """

    environment: str
    changes: tuple[Change, ...]
    attention: tuple[Attention, ...]
    unchanged: int
    populations: Mapping[str, int]
    digest: str
    desired_digest: str
    selection: Selection = EVERYTHING
    last_applied: LastAppliedSource = LastAppliedSource.NONE
    refusals: tuple[Refusal, ...] = ()
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Return whether every selected key could be read."""
        return not any(attention.verdict is Verdict.UNREADABLE for attention in self.attention)

    @cached_property
    def blocked_keys(self) -> frozenset[Key]:
        """Return the keys that cannot be brought to what Git wants without an override or a person."""
        refused = {refusal.key for refusal in self.refusals if refusal.key is not None}
        return frozenset(refused | {attention.key for attention in self.attention if attention.is_blocked})

    @cached_property
    def to_save(self) -> frozenset[Key]:
        """Return the keys that an apply would save: none where the plan is refused as a whole."""
        if any(refusal.key is None for refusal in self.refusals):
            return frozenset()
        return frozenset(change.key for change in self.changes) - self.blocked_keys

    @cached_property
    def summary(self) -> Summary:
        """Return the counts."""
        counts = dict.fromkeys(Action, 0)
        for change in self.changes:
            if change.action is not None and change.key not in self.blocked_keys:
                counts[change.action] += 1
        unreadable = sum(attention.verdict is Verdict.UNREADABLE for attention in self.attention)
        return Summary(
            **{action.value: count for action, count in counts.items()},
            unchanged=self.unchanged,
            blocked=len(self.blocked_keys),
            unreadable=unreadable,
        )
