"""From a difference to a plan: which keys will be saved, which need a person, and the digest that binds a review."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from reconcile.engine.diff import diff
from reconcile.engine.guard import Allowances, refusals
from reconcile.model.change import Change
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.plan import Attention, Plan
from reconcile.model.schedule import Schedule
from reconcile.model.states import Action, Condition, Live, Unreadable
from reconcile.model.workspace import Limits, SaveMode, ServiceSettings

TWO_WAY = "no last applied: two-way, no orphans, no lock"
NAMES_UNKNOWN = "the service does not tell live job names: each save writes the declared name over one that is unknown"
UPSERT_UNKNOWN = "not known whether saving over a job updates it or adds another: the first update goes alone"


def make_plan(
    environment: str,
    desired: Mapping[Key, Schedule],
    live: Mapping[Key, Live],
    *,
    limits: Limits = Limits(),
    service: ServiceSettings = ServiceSettings(),
    allowances: Allowances = Allowances(),
    findings: tuple[Finding, ...] = (),
) -> Plan:
    """Return the plan that makes *live* equal to *desired*, with the refusals that hold under *allowances*.

    It never fails: what cannot be read or must not be saved is in it, and says so.
    """
    difference = diff(desired, live)
    wanted: list[Change] = []
    left: list[Change] = []
    for change in difference.changes:
        saves = change.action is not None and (change.action is not Action.ENABLE or allowances.enable_inactive)
        (wanted if saves else left).append(change)
    tenants = {change.key.tenant for change in wanted}
    plan = Plan(
        environment=environment,
        changes=tuple(wanted),
        attention=tuple(_attention(change) for change in left),
        unchanged=difference.unchanged,
        populations={tenant: count for tenant, count in sorted(difference.populations.items()) if tenant in tenants},
        digest="",
        desired_digest=desired_digest(environment, desired),
        findings=findings,
        assumptions=_assumptions(wanted, service),
    )
    return replace(
        plan,
        digest=plan_digest(plan),
        refusals=refusals(plan, limits=limits, service=service, allowances=allowances),
    )


def plan_digest(plan: Plan) -> str:
    """Return the digest of what *plan* would do: environment, populations, changes and attention, live rows included.

    Time, tool version, revision, places and the meaning of a cron are left out. SHA-256, in hexadecimal.
    """
    content = {
        "environment": plan.environment,
        "populations": dict(plan.populations),
        "changes": [_change_content(change) for change in plan.changes],
        "attention": [
            [*attention.key, attention.verdict, list(attention.conditions), _live_content(attention.live)]
            for attention in plan.attention
        ],
    }
    text = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def desired_digest(environment: str, desired: Mapping[Key, Schedule]) -> str:
    """Return the SHA-256, in hexadecimal, of what is declared: environment, keys and desired values."""
    digest = hashlib.sha256(f"{environment}\n".encode())
    for key in sorted(desired):
        schedule = desired[key]
        # No value can hold a control character, so the separators are unambiguous.
        line = f"{key.tenant}\t{key.code}\t{schedule.wanted_cron}\t{schedule.name}\t{schedule.state}\n"
        digest.update(line.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _change_content(change: Change) -> list[object]:
    desired = change.desired
    applied = None if change.applied is None else [change.applied.cron, change.applied.name]
    wanted = [desired.wanted_cron, desired.cron, desired.declared_cron, desired.name, desired.state, desired.protect]
    return [*change.key, wanted, applied, _live_content(change.live)]


def _live_content(live: Live) -> list[object]:
    if isinstance(live, Unreadable):
        return ["unreadable", live.rule]
    return [[row.job_id, row.cron, row.status, row.active] for row in live]


def _attention(change: Change) -> Attention:
    message, hint = _words(change)
    return Attention(change.key, change.verdict, change.conditions, change.live, message, hint)


def _words(change: Change) -> tuple[str, str | None]:
    if isinstance(change.live, Unreadable):
        return change.live.message, change.live.hint
    if Condition.DUPLICATE in change.conditions:
        jobs = ", ".join(row.job_id for row in change.live)
        return (
            f"{len(change.live)} live jobs hold this code ({jobs}): each fires, and a save would reach an unknown one",
            "the service has no delete: remove all but one there, then plan again",
        )
    statuses = ", ".join(repr(row.status) for row in change.live)
    return (
        f"declared active, but the live job is inactive (status {statuses}): it fires as declared once it is active",
        "to make it active by saving it again, run plan and apply with --enable-inactive",
    )


def _assumptions(changes: list[Change], service: ServiceSettings) -> tuple[str, ...]:
    said = [TWO_WAY]
    moves = any(change.action is not Action.CREATE for change in changes)
    if moves:
        said.append(NAMES_UNKNOWN)
    if moves and service.save is SaveMode.UNKNOWN:
        said.append(UPSERT_UNKNOWN)
    return tuple(said)
