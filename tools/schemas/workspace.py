"""The schema of the workspace file: its settings, with the defaults of the model."""

from __future__ import annotations

from functools import partial
from typing import Any

from reconcile.model.reading import QUARTZ_VERSIONS
from reconcile.model.rules import SILENCEABLE, Severity
from reconcile.model.workspace import (
    Environment,
    Limits,
    OnDrift,
    SaveEnables,
    SaveMode,
    ServiceSettings,
    UnknownCodeMode,
    Workspace,
)
from tools.schemas.blocks import (
    ID,
    Node,
    choice,
    default_of,
    listed,
    mapping,
    ref,
    schema,
    setting,
    settings,
    text,
    value,
    words,
)

_DURATION = {
    "pattern": "^[1-9][0-9]{0,5}[smhd]$",
    "patternErrorMessage": "a duration such as 10s, 5m, 2h or 1d, at most 365d, is meant",
}
_PATH = {"pattern": "^(/[0-9A-Za-z_.~-]+)+/?$", "patternErrorMessage": "a path such as /task/quartz is meant"}
_WALL_CLOCK = {
    "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]$",
    "patternErrorMessage": 'a date and time such as "2026-12-31T18:00" is meant, on the wall clock of its time zone',
}
_WEEK_MOMENT = "(MON|TUE|WED|THU|FRI|SAT|SUN) ([01][0-9]|2[0-3]):[0-5][0-9]"
_GLOB = "A glob pattern: `*`, `?`, `[…]`; `**` for any number of folders in `paths`."


def _limit(name: str, description: str, example: float, kind: str = "integer", **more: object) -> Node:
    """Return a limit that may be `none`."""
    default = default_of(Limits, name)
    return value(
        [kind, "string"],
        f"{description} `none` for no limit.",
        example,
        "none",
        **{"if": {"type": "string"}, "then": {"const": "none"}},
        minimum=0,
        **more,
        default="none" if default is None else default,
    )


LIMITS = {
    "max_changes": _limit("max_changes", "Updates, renames and parkings in one apply, overall.", 200),
    "max_change_percent": _limit(
        "max_change_percent",
        "The percentage of one tenant's live keys that may change, if it has at least `min_population`.",
        20,
        "number",
        maximum=100,
    ),
    "min_population": setting(
        Limits,
        "min_population",
        partial(value, "integer"),
        "`max_change_percent` applies to tenants with at least so many live keys.",
        10,
        minimum=0,
    ),
    "max_creates": _limit("max_creates", "Creations in one apply.", 100),
    "max_parked": _limit("max_parked", "Parkings in one apply.", 5),
    "max_fires_per_day": _limit(
        "max_fires_per_day",
        "Fires of one schedule in a day. More are a finding of the rule `too-many-fires`, and no reason to "
        "refuse a save.",
        100000,
    ),
}

_SEVERITIES = ("none", *map(str, reversed(Severity)))

RULE_SEVERITIES = {
    str(rule): choice(rule.meaning, _SEVERITIES, "none", default=str(rule.severity)) for rule in SILENCEABLE
}

_WITH_VALUE = (UnknownCodeMode.STATUS, UnknownCodeMode.RESP_CODE)
_UNKNOWN_CODE: Node = {
    "description": "The service's answer for a code without a job: no row (`omitted`), a row of nulls "
    "(`null-row`), no or "
    "null resp_data (`null-data`), an HTTP status, or a resp_code. Only exactly this answer, to a query for that code "
    "alone, means absent.",
    "type": ["string", "object"],
    "if": {"type": "string"},
    "then": {"enum": [str(each) for each in UnknownCodeMode if each not in _WITH_VALUE]},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "status": value("integer", "The HTTP status that means: no such code.", 404, minimum=100, maximum=599),
        "resp_code": value(
            ["string", "integer"],
            "The resp_code that means: no such code.",
            "E404",
            **{"if": {"type": "string"}, "then": {"minLength": 1, "maxLength": 64}},
        ),
    },
    "default": str(default_of(ServiceSettings, "unknown_code").mode),
    "examples": ["null-row", {"status": 404}],
}
_SAVE_ENABLES: Node = {
    "description": "Whether a save over an inactive job makes it active.",
    "type": ["string", "boolean"],
    "enum": [{"true": True, "false": False}.get(each, str(each)) for each in SaveEnables],
    "default": str(default_of(ServiceSettings, "save_enables")),
    "examples": [True],
}


def _several(kind: Any, name: str, description: str, item: Node, *examples: object) -> Node:
    return {
        "description": description,
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": item,
        "default": default_of(kind, name),
        "examples": list(examples),
    }


_service = partial(setting, ServiceSettings)
_STATUS_WORD = "A status word of the service."

SERVICE = {
    "query_path": _service(
        "query_path",
        text,
        "The path of status queries, appended to the base path of `url`.",
        "/task/quartz/queryjobstatus",
        **_PATH,
    ),
    "job_path": _service(
        "job_path",
        text,
        "The path of saves and of histories, appended to the base path of `url`.",
        "/task/quartz/bizcronjob",
        **_PATH,
    ),
    "unknown_code": _UNKNOWN_CODE,
    "save": _service(
        "save",
        choice,
        "What a save does if the code has a job. With `unknown`, the first update of a run goes alone and shows it. "
        "With `append`, updates are refused.",
        SaveMode,
        "upsert",
    ),
    "save_enables": _SAVE_ENABLES,
    "active_status": _several(
        ServiceSettings,
        "active_status",
        "Status words that mean active; all others are inactive.",
        words(_STATUS_WORD, 64, "enable"),
        ["enable", "normal"],
    ),
    "success_status": _several(
        ServiceSettings,
        "success_status",
        "Words of the history that mean a successful run.",
        words(_STATUS_WORD, 64, "success"),
        ["success", "ok"],
    ),
    "success_codes": _several(
        ServiceSettings,
        "success_codes",
        "Values beside resp_data that are not errors, in upper or lower case. Zeros, 200, null and an empty "
        "value never "
        "are errors.",
        words("A code or a text of the service, quoted.", 200, "success"),
        ["success", "ok", "成功", "查询成功"],
    ),
    "quartz": _service(
        "quartz", choice, "The Quartz version of the service, for reading crons.", QUARTZ_VERSIONS, "2.5"
    ),
}

_environment = partial(setting, Environment)

ENVIRONMENT: dict[str, Node] = {
    "url": words(
        "The address of the service with its base path, without credentials, query and fragment. May hold "
        "${VARIABLES}.",
        2000,
        "https://scheduler.example.com:8001/base",
    ),
    "headers": {
        "description": "Headers of every call; values may hold ${VARIABLES} from the environment of the command.",
        "type": "object",
        "maxProperties": 64,
        "propertyNames": {
            "type": "string",
            "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$",
            "patternErrorMessage": "a header name is meant: letters, digits and `-`",
        },
        "additionalProperties": text("The value of a header.", "Bearer ${SCHEDULER_TOKEN}", maxLength=8000),
        "examples": [{"Authorization": "Bearer ${SCHEDULER_TOKEN}"}],
    },
    "timezone": _environment(
        "timezone",
        text,
        "The time zone in which the service reads crons: an IANA name.",
        "Asia/Shanghai",
        minLength=1,
        maxLength=100,
    ),
    "paths": _several(
        Environment,
        "paths",
        "The files to read, relative to this file.",
        words(_GLOB, 200, "tenants/**/*.yaml"),
        ["tenants/**/*.yaml", "sets/*.yaml"],
    ),
    "tenants": _several(
        Environment, "tenants", "The tenants of this environment.", words(_GLOB, 200, "acme"), ["acme", "shop-*"]
    ),
    "batch_size": _environment(
        "batch_size",
        partial(value, "integer"),
        "How many codes a status query asks for.",
        50,
        minimum=1,
        maximum=10000,
    ),
    "concurrency": _environment(
        "concurrency",
        partial(value, "integer"),
        "How many calls may be open at a time; `--parallelism` overrides it.",
        16,
        minimum=1,
        maximum=256,
    ),
    "rate": text(
        "How many calls may be made in a second.",
        "50/s",
        pattern="^(0\\.[0-9]{0,3}[1-9]|[1-9][0-9]{0,5}(\\.[0-9]{1,3})?)/s$",
        patternErrorMessage="a rate such as 50/s is meant",
    ),
    "timeout": _environment("timeout", text, "How long one call may take.", "30s", **_DURATION),
    "ca_bundle": words("A file of certificates to trust instead of the system's.", 1000, "/etc/ssl/company-ca.pem"),
    "client_cert": words("A file with the client's certificate and key.", 1000, "/etc/ssl/reconcile.pem"),
    "ledger": ref("workspace#ledger"),
    "lineage": ref("workspace#lineage"),
    "service": settings(
        "How this service behaves where its API is not documented.",
        SERVICE,
        {"save": "upsert", "unknown_code": {"status": 404}},
    ),
}

_LEDGER = text(
    "The ledger, where applies are recorded: `file`, a SQLite file in the repository's git directory; the address of "
    "a PostgreSQL database, which may hold ${VARIABLES}; `git`, `git+REMOTE` or `git+URL`, for a ref of a Git "
    "repository; or `none`. If not set: `file`.",
    "postgresql://reconcile:${LEDGER_PASSWORD}@db.example.com/reconcile",
    "git",
    "none",
    pattern="^(file|none|git|git\\+[^\\x00-\\x20\\x7f]+|postgresql(\\+psycopg)?://[^\\x00-\\x1f\\x7f]+"
    "|\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}[^\\x00-\\x1f\\x7f]*)$",
    patternErrorMessage="write file (a SQLite file at its own place), postgresql://USER:${PASSWORD}@HOST/NAME, git, "
    "git+REMOTE, git+URL, a ${VARIABLE} that holds such an address, or none",
)

_LINEAGE = text(
    "Which ledger this is, as `status` says, and the first apply of one in Git. With it, a ledger that is not there, "
    "or is another one, is an error, and never a first run.",
    "a3f09c12d4e5b678",
    pattern="^[a-f][0-9a-f]{15}$",
    patternErrorMessage="the lineage that `status` says is meant, such as a3f09c12d4e5b678",
)

_FREEZE = {
    "reason": words("The reason, shown with each refusal.", 200, "year-end closing"),
    "from": text("When a one-off freeze begins.", "2026-12-31T00:00", **_WALL_CLOCK),
    "to": text("When it ends; not included.", "2027-01-03T08:00", **_WALL_CLOCK),
    "weekly": text(
        "A weekly freeze, from a day and time to another.",
        "FRI 18:00 - MON 08:00",
        pattern=f"^{_WEEK_MOMENT} - {_WEEK_MOMENT}$",
        patternErrorMessage='two moments of the week such as "FRI 18:00 - MON 08:00" are meant',
    ),
    "near_fire": text(
        "No schedule is saved within this time before or after one of its fires. A schedule that fires more than once "
        "in twice this time is exempt.",
        "10m",
        **_DURATION,
    ),
    "timezone": text(
        "The time zone of the freeze, an IANA name. Default: the zone of the environment.", "Asia/Shanghai"
    ),
    "environments": listed(
        "Patterns of environments. Default: all.",
        {"type": "string", "minLength": 1},
        ["prod"],
        minItems=1,
        uniqueItems=True,
    ),
}
_FREEZES = [
    {
        "reason": "year-end closing",
        "from": "2026-12-31T00:00",
        "to": "2027-01-03T08:00",
        "timezone": "Asia/Shanghai",
    },
    {"reason": "weekends", "weekly": "FRI 18:00 - MON 08:00"},
    {"reason": "not while it runs", "near_fire": "10m", "environments": ["prod"]},
]

WORKSPACE_PROPERTIES: dict[str, Node] = {
    "format_version": text("The version of this format, as text.", "1", const="1"),
    "workspace": text("The id of this workspace: keys owned by another one are left alone.", "orders", **ID),
    "default_environment": words("The environment without `--env`.", 64, "demo"),
    "environments": {
        "description": "The environments by name.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"type": "string", **ID},
        "additionalProperties": ref("workspace#environment"),
        "examples": [{"demo": {"url": "http://127.0.0.1:8001", "timezone": "Asia/Shanghai"}}],
    },
    "ledger": ref("workspace#ledger"),
    "lineage": ref("workspace#lineage"),
    "limits": settings(
        "What one apply may do without an override; `--allow-changes N` lifts every count and share up to N.",
        LIMITS,
        {"max_changes": 200},
    ),
    "on_drift": setting(
        Workspace,
        "on_drift",
        choice,
        "What an apply does with a schedule that was changed by hand: save it as declared (`revert`), or leave it "
        "until an apply has --accept-drift (`hold`).",
        OnDrift,
        "hold",
    ),
    "freezes": listed(
        "Times without applies. Each has a reason, and one of: `from` and `to`, `weekly`, `near_fire`.",
        ref("workspace#freeze"),
        _FREEZES,
    ),
    "rules": settings(
        "The severities of rules that differ from docs/rules.md; `none` switches a rule off.",
        RULE_SEVERITIES,
        {"wrapping-range": "none", "skipped-months": "error"},
    ),
}


WORKSPACE = schema(
    "A workspace file",
    "schedules/reconcile.yaml: the environments, how their services behave, and what an apply may do.",
    mapping(WORKSPACE_PROPERTIES, "format_version", "workspace", "environments"),
    {
        "environment": {"description": "One service and the tenants on it.", **mapping(ENVIRONMENT, "url")},
        "ledger": _LEDGER,
        "lineage": _LINEAGE,
        "freeze": mapping(_FREEZE, "reason"),
    },
    file="workspace",
)
