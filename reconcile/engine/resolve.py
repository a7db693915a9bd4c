"""Declarations → desired: what Git wants of every key, with sets, overrides and defaults resolved.

The first that says a field wins::

    the tenant's entry
      ← the entry of an included set with the same code
        ← defaults of the set's file
          ← defaults of the tenant's file: of that with the entry, else of that with the include

``labels`` is one field: it is replaced as a whole. What several files declare for one tenant belongs together, and the
order of files decides nothing. Findings are collected; what has one is not resolved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from reconcile.engine.crons import Crons, Outlook
from reconcile.engine.declarations import DeclarationFile, Declarations, Fields
from reconcile.engine.entries import Entry, Included, Sets, by_code, included, sets_of
from reconcile.engine.ignores import silence
from reconcile.engine.problems import Pointer, Problem, in_order, located
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.reading import reading_of
from reconcile.model.rules import FileRule, Rule, Severity, WorkspaceRule
from reconcile.model.schedule import DeclaredAt, Schedule, State
from reconcile.model.workspace import MAX_FIRES_PER_DAY, Environment
from reconcile.source import Span
from reconcile.times import time_zone

_STATES = {state.value: state for state in State}
_NO_LABELS: Mapping[str, str] = {}
_NO_SEVERITIES: Mapping[Rule, Severity | None] = {}


@dataclass(frozen=True, slots=True)
class Resolution:
    """What Git wants in one environment. *desired* is sorted by key; *tenants*, sorted, are those it has.

    *used_ignores* are the places of the comments that silenced a finding.
    """

    desired: Mapping[Key, Schedule]
    findings: tuple[Finding, ...]
    tenants: tuple[str, ...]
    used_ignores: frozenset[Span] = frozenset()


def resolve(
    declarations: Declarations,
    environment: Environment,
    *,
    now: datetime | None = None,
    severities: Mapping[Rule, Severity | None] = _NO_SEVERITIES,
    max_fires_per_day: int | None = MAX_FIRES_PER_DAY,
) -> Resolution:
    """Return what *declarations* want in *environment*, and everything that is wrong with them. Never raises for it.

    With *now*, aware, crons are also checked by the rules; *severities* replace those of the rules, and more fires
    than *max_fires_per_day* are too many.
    """
    zone, reading = time_zone(environment.timezone), reading_of(environment, now)
    outlook = Outlook(zone, reading, now, severities, max_fires_per_day)
    return _resolve(declarations, environment, Crons(outlook))


def _resolve(declarations: Declarations, environment: Environment, crons: Crons) -> Resolution:
    problems: list[Problem] = []
    sets = sets_of(declarations, crons, problems)
    desired: dict[Key, Schedule] = {}
    names = _by_tenant(declarations)
    tenants = {name: None for name in names if _has(environment, name)}
    for name, own in names.items():
        schedules = tuple(_schedules(name, own, sets, crons, problems))
        if name in tenants:
            desired.update((schedule.key, schedule) for schedule in schedules)
    for file in declarations.tenants:
        if not file.name:
            by_code([file], file.path, crons, problems)
    problems.extend(_idle_patterns(environment, names, declarations.workspace_file))
    silenced = silence(problems, (*declarations.tenants, *declarations.sets), is_suspicious=crons.is_suspicious)
    findings = in_order((*located(silenced.problems, declarations.locate), *silenced.findings))
    return Resolution(desired, findings, tuple(tenants), silenced.used)


def _by_tenant(declarations: Declarations) -> dict[str, list[DeclarationFile]]:
    """Return the files of each tenant, tenants and files sorted, without those that name no tenant."""
    names: dict[str, list[DeclarationFile]] = defaultdict(list)
    for file in sorted(declarations.tenants, key=lambda file: (file.name, file.path)):
        if file.name:
            names[file.name].append(file)
    return names


def _has(environment: Environment, tenant: str) -> bool:
    return any(fnmatchcase(tenant, pattern) for pattern in environment.tenants)


def _idle_patterns(environment: Environment, tenants: Collection[str], file: str) -> Iterator[Problem]:
    """Yield the tenant patterns of *environment* that cover no tenant; `*` may."""
    for position, pattern in enumerate(environment.tenants):
        if pattern != "*" and not any(fnmatchcase(tenant, pattern) for tenant in tenants):
            at = Pointer(file, ("environments", environment.name, "tenants", position))
            hint = "patterns are compared with tenant codes, not file names"
            yield Problem(WorkspaceRule.COVERS_NOTHING, f"tenants: {pattern} covers no tenant", at, hint=hint)


def _schedules(
    tenant: str, files: Sequence[DeclarationFile], sets: Sets, crons: Crons, problems: list[Problem]
) -> Iterator[Schedule]:
    """Yield the schedules of *tenant*, sorted by code."""
    own = by_code(files, tenant, crons, problems)
    shared = included(tenant, files, sets, problems)
    are_sets_known = sets.is_whole or not any(file.include for file in files)
    for code in sorted(own.keys() | shared.keys()):
        # Where there is an entry of the tenant's own, a reader looks for the schedule there, else in the set.
        base = shared.get(code)
        entry = own[code] if code in own else shared[code].entry
        if entry.is_broken or (base is not None and base.entry.is_broken):
            continue
        fields = _fields(entry, base)
        if "name" not in fields or "cron" not in fields:
            if are_sets_known:
                problems.extend(_missing(entry, fields))
        elif crons.is_fine(fields["cron"]):
            key, home = Key(tenant, code), entry if base is None or "cron" in entry.fields else base.entry
            problems.extend(crons.hashed_problems(fields["cron"], key, home.at("cron")))
            yield _schedule(key, fields, entry, crons)


def _fields(entry: Entry, base: Included | None) -> Fields:
    """Return the fields of a schedule, each from the first of the module's four that has it."""
    if base is None:
        return {**entry.file.defaults, **entry.fields} if entry.file.defaults else entry.fields
    home = base.includer if entry is base.entry else entry.file
    return {**home.defaults, **base.entry.file.defaults, **base.entry.fields, **entry.fields}


def _missing(entry: Entry, fields: Fields) -> Iterator[Problem]:
    for name in ("name", "cron"):
        if name not in fields:
            hint = f"add `{name}:`; only an entry whose code an included set has may leave it out"
            yield Problem(FileRule.MISSING_KEY, f"{name} is missing", entry.at(), hint=hint)


def _schedule(key: Key, fields: Fields, entry: Entry, crons: Crons) -> Schedule:
    """Return the schedule that *fields* describe; *entry* is where a reader looks for it."""
    cron = fields["cron"]
    return Schedule(
        key,
        fields["name"],
        crons.resolved(cron, key),
        cron,
        DeclaredAt(entry.file.path, entry.file.lines[entry.position]),
        _STATES[fields.get("state", "active")],
        fields.get("owner"),
        fields.get("description"),
        fields.get("labels", _NO_LABELS),
        fields.get("protect", False),
    )
