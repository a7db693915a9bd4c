"""From a difference to a plan: which keys will be saved, which need a person, and the digest that binds a review."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from reconcile.engine.diff import Sides
from reconcile.engine.guard import Judging, refusals
from reconcile.engine.overrides import ENABLE_INACTIVE, INCLUDE_RENAMES, PARK_REMOVED, Allowances
from reconcile.model.change import Change
from reconcile.model.field_values import field_values
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.live import Live, Unreadable
from reconcile.model.plan import Attention, Plan
from reconcile.model.rules import ScheduleRule
from reconcile.model.schedule import DeclaredAt, Doubt, Removed, Schedule, State
from reconcile.model.selection import EVERYTHING, Selection
from reconcile.model.verdicts import Action, Condition
from reconcile.model.workspace import SaveMode, ServiceSettings

NAMES_UNKNOWN = "the service does not tell live job names: each save writes the declared name over one that is unknown"
UPSERT_UNKNOWN = "not known whether saving over a job updates it or adds another: the first update goes alone"


def make_plan(
    environment: str,
    sides: Sides,
    *,
    judging: Judging = Judging(),
    selection: Selection = EVERYTHING,
    findings: tuple[Finding, ...] = (),
) -> Plan:
    """Return the plan that makes live equal to desired, with the refusals that *judging* finds.

    The desired side is what *selection* means. It never fails: what cannot be read or must not be saved is in the plan,
    and says so.
    """
    difference, last_applied = sides.difference(), sides.last_applied
    to_save: list[Change] = []
    needs_attention: list[Change] = []
    for change in difference.changes:
        (to_save if _is_saved(change, judging.allowances) else needs_attention).append(change)
    tenants = {change.key.tenant for change in to_save}
    if last_applied.source is LastAppliedSource.NONE:
        findings = (*findings, *_nothing_live(sides.desired, sides.live))
    plan = Plan(
        environment=environment,
        changes=tuple(to_save),
        attention=tuple(_attention(change) for change in needs_attention),
        unchanged=difference.unchanged,
        populations={tenant: count for tenant, count in sorted(difference.populations.items()) if tenant in tenants},
        digest="",
        desired_digest=desired_digest(environment, sides.desired),
        selection=selection,
        last_applied=last_applied.source,
        findings=findings,
        assumptions=(*last_applied.assumptions, *_assumptions(to_save, judging.situation.service)),
    )
    refused = refusals(plan, judging)
    return replace(plan, digest=plan_digest(plan), refusals=refused)


def _is_saved(change: Change, allowances: Allowances) -> bool:
    """Return whether a save is to be made. Some need an override, and attention without it."""
    match change.action:
        case None:
            return False
        case Action.ENABLE:
            return ENABLE_INACTIVE in allowances
        case Action.RENAME:
            return INCLUDE_RENAMES in allowances
        case Action.PARK if isinstance(change.desired.origin, Removed):
            return change.desired.origin.doubt is None and PARK_REMOVED in allowances
    return True


def _nothing_live(desired: Mapping[Key, Schedule], live: Mapping[Key, Live]) -> Iterator[Finding]:
    """Yield a finding for each tenant all of whose schedules are absent: without last applied, it may be new."""
    for tenant, keys in groupby(sorted(desired), key=lambda key: key.tenant):
        active = [key for key in keys if desired[key].state is State.ACTIVE]
        if active and all(live.get(key) == () for key in active):
            counted = "its only schedule" if len(active) == 1 else f"none of its {len(active)} schedules"
            state = f"{counted} is {'absent' if len(active) == 1 else 'live'}"
            yield Finding(
                ScheduleRule.NOTHING_LIVE,
                f"tenant {tenant}: {state}, and no last applied says whether that is new",
                hint="if the tenant is not new, look at its code, and at what became of its jobs",
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
        line = f"{key.tenant}\t{key.code}\t{schedule.cron_to_save}\t{schedule.name}\t{schedule.state}\n"
        digest.update(line.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _change_content(change: Change) -> list[object]:
    desired = change.desired
    applied = None if change.applied is None else [change.applied.cron, change.applied.name]
    content = [desired.cron_to_save, desired.cron, desired.declared_cron, desired.name, desired.state, desired.protect]
    if not isinstance(desired.origin, DeclaredAt):
        content.append(desired.origin.word)
    return [*change.key, content, applied, _live_content(change.live)]


def _live_content(live: Live) -> list[object]:
    if isinstance(live, Unreadable):
        return ["unreadable", live.rule]
    return [list(field_values(row).values()) for row in live]


def _attention(change: Change) -> Attention:
    message, hint = _words(change)
    origin = change.desired.origin
    rule = str(origin.doubt.rule) if isinstance(origin, Removed) and origin.doubt is not None else None
    return Attention(change.key, change.verdict, change.conditions, change.live, message, hint, rule)


def _words(change: Change) -> tuple[str, str | None]:
    if isinstance(change.live, Unreadable):
        return change.live.message, change.live.hint
    if Condition.DUPLICATE in change.conditions:
        jobs = ", ".join(row.job_id for row in change.live)
        return (
            f"{len(change.live)} live jobs hold this code ({jobs}): each fires, and a save would reach an unknown one",
            "the service has no delete: remove all but one there, then plan again",
        )
    if isinstance(change.desired.origin, Removed):
        crons = ", ".join(row.cron for row in change.live)
        if change.desired.origin.doubt is not None:
            return _doubt_words(change.desired.origin.doubt, crons)
        return (
            f"no file declares it any more, and its job is still live ({crons})",
            f"declare it again, or park the job with {PARK_REMOVED.option}",
        )
    if change.action is Action.RENAME:
        return (
            f"only its name differs: {change.known_name!r} was applied last, {change.desired.name!r} is declared",
            f"to write the name, run plan and apply with {INCLUDE_RENAMES.option}",
        )
    statuses = ", ".join(repr(row.status) for row in change.live)
    enable = f"to make it active by saving it again, run plan and apply with {ENABLE_INACTIVE.option}"
    if any(row.may_be_active for row in change.live):
        enable = f"if that means active, add it to service.active_status in reconcile.yaml; else, {enable}"
    return (
        f"declared active, but the live job is inactive (status {statuses}): it fires as declared once it is active",
        enable,
    )


def _doubt_words(doubt: Doubt, crons: str) -> tuple[str, str]:
    if doubt.rule is ScheduleRule.OUTSIDE_PATHS:
        why = "declares it, which this environment does not read"
        hint = "add the file to the environment's `paths`, or move it back; to let the job go, delete the key there too"
    else:
        why = "declares it or may do so, which Git tracks and is not on disk"
        hint = "check it out: see `git status` and `git submodule status`; to let it go, delete it in a commit"
    return f"{doubt.rule}: {doubt.place} {why}; its job is still live ({crons})", hint


def _assumptions(changes: list[Change], service: ServiceSettings) -> Iterator[str]:
    if any(change.action is not Action.CREATE for change in changes):
        yield NAMES_UNKNOWN
        if service.save is SaveMode.UNKNOWN:
            yield UPSERT_UNKNOWN
