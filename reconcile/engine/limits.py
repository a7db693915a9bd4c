"""Limits: how many saves of which kind one apply may make before somebody has to say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconcile.model.change import Change
from reconcile.model.finding import Refusal
from reconcile.model.plan import Plan
from reconcile.model.states import Action
from reconcile.model.workspace import Limits

_MOVES = frozenset({Action.UPDATE, Action.RENAME, Action.PARK, Action.ENABLE})


def beyond_limits(saves: tuple[Change, ...], plan: Plan, limits: Limits) -> Iterator[Refusal]:
    """Yield a refusal of the whole apply for each limit that *saves*, those of *plan* that would be made, exceed."""
    override = f"--allow-changes {len(saves)}"
    yield from _of_counts(saves, limits, override)
    yield from _of_shares(saves, plan, limits, override)


def _of_counts(saves: tuple[Change, ...], limits: Limits, override: str) -> Iterator[Refusal]:
    actions = Counter(change.action for change in saves)
    counted = (
        (
            "max_changes",
            limits.max_changes,
            sum(actions[action] for action in _MOVES),
            "changed (updates, renames, parks)",
        ),
        ("max_creates", limits.max_creates, actions[Action.CREATE], "created"),
        ("max_parked", limits.max_parked, actions[Action.PARK], "parked"),
    )
    for name, limit, count, words in counted:
        if limit is not None and count > limit:
            message = f"{count} schedules would be {words}; the limit is {limit}"
            yield Refusal(name.replace("_", "-"), message, setting=f"limits.{name}", override=override)


def _of_shares(saves: tuple[Change, ...], plan: Plan, limits: Limits, override: str) -> Iterator[Refusal]:
    if limits.max_change_percent is None:
        return
    moves = Counter(change.key.tenant for change in saves if change.action in _MOVES)
    for tenant, count in sorted(moves.items()):
        population = plan.populations.get(tenant, 0)
        if population < limits.min_population or count * 100 <= limits.max_change_percent * population:
            continue
        message = (
            f"{count} of {population} live schedules of tenant {tenant} would change ({count * 100 // population} %); "
            f"the limit is {limits.max_change_percent:g} %"
        )
        yield Refusal(
            "max-change-percent", message, setting="limits.max_change_percent", override=override, tenant=tenant
        )
