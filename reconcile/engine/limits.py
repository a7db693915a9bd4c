"""Limits: how many saves of each kind one apply may make without an override."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconcile.engine.judges import Objection, Situation
from reconcile.model.change import Change
from reconcile.model.plan import Plan
from reconcile.model.verdicts import Action

_CHANGES_LIVE = frozenset({Action.UPDATE, Action.RENAME, Action.PARK, Action.ENABLE})
Saves = tuple[Change, ...]


def too_many_changes(saves: Saves, _: Plan, situation: Situation) -> Iterator[Objection]:
    """Object to more updates, renames and parkings than `max_changes`."""
    count = sum(change.action in _CHANGES_LIVE for change in saves)
    yield from _beyond(situation.limits.max_changes, count, "changed (updates, renames, parks)", saves)


def too_many_creates(saves: Saves, _: Plan, situation: Situation) -> Iterator[Objection]:
    """Object to more creations than `max_creates`."""
    count = sum(change.action is Action.CREATE for change in saves)
    yield from _beyond(situation.limits.max_creates, count, "created", saves)


def too_many_parked(saves: Saves, _: Plan, situation: Situation) -> Iterator[Objection]:
    """Object to more parkings than `max_parked`."""
    count = sum(change.action is Action.PARK for change in saves)
    yield from _beyond(situation.limits.max_parked, count, "parked", saves)


def too_large_share(saves: Saves, plan: Plan, situation: Situation) -> Iterator[Objection]:
    """Object for each tenant of whose live schedules more than `max_change_percent` would change."""
    limits = situation.limits
    if limits.max_change_percent is None:
        return
    counts = Counter(change.key.tenant for change in saves if change.action in _CHANGES_LIVE)
    for tenant, count in sorted(counts.items()):
        population = plan.populations.get(tenant, 0)
        if population < limits.min_population or count * 100 <= limits.max_change_percent * population:
            continue
        yield Objection(
            f"{count} of {population} live schedules of tenant {tenant} would change ({count * 100 // population} %); "
            f"the limit is {limits.max_change_percent:g} %",
            count=len(saves),
            tenant=tenant,
        )


def _beyond(limit: int | None, count: int, words: str, saves: Saves) -> Iterator[Objection]:
    if limit is not None and count > limit:
        yield Objection(f"{count} schedules would be {words}; the limit is {limit}", count=len(saves))
