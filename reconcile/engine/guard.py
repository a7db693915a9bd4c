"""Guards: what an apply may not do unless somebody says so on the command line.

A refusal without a key binds the whole apply (a limit: something is off at large); one with a key binds that key alone
(somebody paused the job, the schedule is protected), and the rest goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconcile.model.change import Change
from reconcile.model.finding import Refusal
from reconcile.model.plan import Plan
from reconcile.model.states import Action, Condition
from reconcile.model.workspace import Limits, SaveEnables, SaveMode, ServiceSettings

_MOVES = frozenset({Action.UPDATE, Action.RENAME, Action.PARK, Action.ENABLE})


@dataclass(frozen=True, slots=True)
class Allowances:
    """What one run may do beyond the limits. Each comes from the command line, never from the environment.

    *changes* lifts every count and share for a run of at most so many changes.
    """

    changes: int | None = None
    inactive: bool = False
    enable_inactive: bool = False
    protected: bool = False


def refusals(
    plan: Plan, *, limits: Limits, service: ServiceSettings, allowances: Allowances = Allowances()
) -> tuple[Refusal, ...]:
    """Return why *plan*, or single keys of it, must not be applied; empty means that all of it may.

    The limits count what would really be saved: keys that are refused one by one are left out.
    """
    single = tuple(_of_keys(plan.changes, service=service, allowances=allowances))
    refused = {refusal.key for refusal in single}
    saves = tuple(change for change in plan.changes if change.key not in refused)
    if allowances.changes is not None and len(saves) <= allowances.changes:
        return single
    override = f"--allow-changes {len(saves)}"
    return (*_of_counts(saves, limits, override), *_of_shares(saves, plan, limits, override), *single)


def _of_keys(changes: Iterable[Change], *, service: ServiceSettings, allowances: Allowances) -> Iterator[Refusal]:
    for change in changes:
        refusal = (
            _of_service(change, service)
            or _of_protection(change, allowances)
            or _of_inactivity(change, service, allowances)
        )
        if refusal is not None:
            yield refusal


def _of_service(change: Change, service: ServiceSettings) -> Refusal | None:
    if service.save is SaveMode.APPEND and change.action is not Action.CREATE:
        message = f"{change.key}: saving over a job adds a second one on this service (service.save is append)"
        return Refusal("save-appends", message, setting="service.save", tenant=change.key.tenant, key=change.key)
    return None


def _of_protection(change: Change, allowances: Allowances) -> Refusal | None:
    if change.desired.protect and not allowances.protected:
        message = (
            f"{change.key}: the schedule is protected (protect: true at {change.desired.file}:{change.desired.line})"
        )
        return Refusal("protected", message, override="--allow-protected", tenant=change.key.tenant, key=change.key)
    return None


def _of_inactivity(change: Change, service: ServiceSettings, allowances: Allowances) -> Refusal | None:
    if Condition.INACTIVE not in change.conditions:
        return None
    tenant, key = change.key.tenant, change.key
    status = change.row.status if change.row is not None else ""
    if change.action is not Action.ENABLE:
        if allowances.inactive:
            return None
        message = f"{key}: the job is inactive (status {status!r}): somebody paused it, and saving may start it again"
        return Refusal("inactive", message, override="--allow-inactive", tenant=tenant, key=key)
    if service.save_enables is SaveEnables.FALSE:
        message = f"{key}: saving does not make an inactive job active on this service (service.save_enables is false)"
        return Refusal("save-does-not-enable", message, setting="service.save_enables", tenant=tenant, key=key)
    if allowances.enable_inactive:
        return None
    message = f"{key}: the job is inactive (status {status!r}): somebody paused it"
    return Refusal("inactive", message, override="--enable-inactive", tenant=tenant, key=key)


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
