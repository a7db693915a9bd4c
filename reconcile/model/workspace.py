"""The workspace: which environments there are, how their service speaks, and what an apply may do to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from reconcile.model.rules import Rule, Severity


class UnknownCodeMode(StrEnum):
    """How the service answers for a code that has no job."""

    OMITTED = "omitted"
    NULL_ROW = "null-row"
    NULL_DATA = "null-data"
    STATUS = "status"
    RESP_CODE = "resp_code"


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """`service.unknown_code`: the mode, and for `status` and `resp_code` which one (as text)."""

    mode: UnknownCodeMode = UnknownCodeMode.OMITTED
    value: str = ""


class SaveMode(StrEnum):
    """`service.save`: what a save of a code that has a job does."""

    UNKNOWN = "unknown"
    UPSERT = "upsert"
    APPEND = "append"
    REPLACE = "replace"


class SaveEnables(StrEnum):
    """`service.save_enables`: whether a save over an inactive job makes it active."""

    UNKNOWN = "unknown"
    TRUE = "true"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The `service:` block: what this service does where the API does not tell."""

    query_path: str = "/task/quartz/queryjobstatus"
    job_path: str = "/task/quartz/bizcronjob"
    unknown_code: UnknownCode = UnknownCode()
    save: SaveMode = SaveMode.UNKNOWN
    save_enables: SaveEnables = SaveEnables.UNKNOWN
    active_status: tuple[str, ...] = ("enable",)
    success_status: tuple[str, ...] = ("success",)
    success_codes: tuple[str, ...] = ("success", "ok", "成功")
    quartz: str = "2.3"


MAX_FIRES_PER_DAY = 2000
"""Once a minute (1440) passes, every 30 seconds (2880) does not."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The `limits:` block; None means no limit. *max_change_percent* binds from *min_population* live keys on.

    *max_fires_per_day* keeps nothing from being saved: more than that is a finding about one schedule.
    """

    max_changes: int | None = 500
    max_change_percent: float | None = 50
    min_population: int = 20
    max_creates: int | None = None
    max_parked: int | None = 20
    max_fires_per_day: int | None = MAX_FIRES_PER_DAY


class OnDrift(StrEnum):
    """`on_drift`: what an apply does with a schedule that was changed by hand."""

    REVERT = "revert"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class WeekMoment:
    """A moment of every week, on the wall clock. *weekday* counts from 0, Monday."""

    weekday: int
    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time without applies, for *reason*: one of *between*, *weekly* and *near_fire* is there.

    *between* are two wall-clock times, *weekly* two moments of the week, in *timezone* (None: the environment's); the
    second is not included. *near_fire*: no schedule is touched within so long of one of its fires, before or after.
    *environments* are glob patterns.
    """

    reason: str
    environments: tuple[str, ...] = ("*",)
    timezone: str | None = None
    between: tuple[datetime, datetime] | None = None
    weekly: tuple[WeekMoment, WeekMoment] | None = None
    near_fire: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment. *url* and *headers* are as written: only commands that talk to the service resolve ``${VAR}``.

    *rate* is requests per second, None for no limit; *paths* and *tenants* are glob patterns. *ledger* is as written,
    *lineage* is that of a ledger in Git; None: as the workspace has it.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    paths: tuple[str, ...] = ("tenants/**/*.yaml", "tenants/**/*.yml", "sets/**/*.yaml", "sets/**/*.yml")
    tenants: tuple[str, ...] = ("*",)
    batch_size: int = 100
    concurrency: int = 8
    rate: float | None = None
    timeout: timedelta = timedelta(seconds=10)
    ca_bundle: str | None = None
    client_cert: str | None = None
    ledger: str | None = None
    lineage: str | None = None
    service: ServiceSettings = ServiceSettings()


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace file. *directory* is the folder that holds it, as given on the command line. *ledger* is as written,
    *lineage* is that of a ledger in Git.

    *rules* are the severities of rules that are not to have their own; None: the rule is off.
    """

    id: str
    directory: str
    default_environment: str | None
    environments: Mapping[str, Environment]
    limits: Limits = Limits()
    ledger: str | None = None
    lineage: str | None = None
    on_drift: OnDrift = OnDrift.REVERT
    freezes: tuple[Freeze, ...] = ()
    rules: Mapping[Rule, Severity | None] = field(default_factory=dict)
