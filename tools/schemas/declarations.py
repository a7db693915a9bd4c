"""The schemas of tenant files and set files."""

from __future__ import annotations

from reconcile.model.schedule import Schedule, State
from tools.schemas.blocks import (
    ID,
    Node,
    choice,
    default_of,
    flag,
    listed,
    mapping,
    ref,
    schema,
    setting,
    settings,
    text,
    words,
)

_A_CODE = "1085431505565651039"
_CORE_CODE = "1202494946997833818"

_FIELDS: dict[str, Node] = {
    "code": ref(
        "tenant#code",
        _A_CODE,
        description="The behaviour code (bizcode) that the service knows the schedule by: a quoted string, always.",
    ),
    "name": words("The job name (jobname): 1 to 200 characters on one line.", 200, "订单同步"),
    "cron": words(
        "When it fires: a Quartz cron expression of six or seven fields, in the environment's time zone. Quote it.",
        400,
        "0 */30 8-19 ? * * *",
    ),
    "state": choice(
        "Whether the schedule fires. A parked one is saved with a cron that fires once, in 2099, because the service "
        "can neither delete nor disable.",
        State,
        "parked",
        default=str(default_of(Schedule, "state")),
    ),
    "owner": words("Who is responsible for this schedule: a team, a person, a mailbox.", 200, "orders-team"),
    "description": text("Why this schedule exists. It may have several lines.", "why this runs", maxLength=4000),
    "labels": {
        "description": "Labels to select by (`--label tier=gold`). An override replaces all of them.",
        "type": "object",
        "propertyNames": ref("tenant#label_name"),
        "maxProperties": 64,
        "additionalProperties": text("The value of a label.", "gold", maxLength=200),
        "examples": [{"tier": "gold"}],
    },
    "protect": setting(
        Schedule, "protect", flag, "Any change of this schedule on the service needs `--allow-protected`.", True
    ),
}
_BY_DEFAULT = ("state", "owner", "description", "labels", "protect")

TENANT = schema(
    "A tenant file",
    "The schedules of one tenant. A tenant may have several files.",
    mapping(
        {
            "tenant": ref("tenant#id", "acme", description="The tenant code, sent in the header tecode."),
            "include": listed(
                "Sets that this tenant takes over. An entry of `schedules` with the same code overrides field by "
                "field.",
                ref("tenant#id", "core", description="The name of a set."),
                ["core"],
                uniqueItems=True,
            ),
            "exclude": listed(
                "Codes of included sets that this tenant does not take over.",
                ref("tenant#code", _CORE_CODE, description="A code of an included set."),
                [_CORE_CODE],
                uniqueItems=True,
            ),
            "defaults": ref("tenant#defaults"),
            "schedules": listed(
                "The entries. An entry whose code is in an included set needs only the fields that differ.",
                ref("tenant#entry"),
                [{"code": _A_CODE, "name": "订单同步", "cron": "0 */30 8-19 ? * * *"}],
            ),
        },
        "tenant",
    ),
    {
        "id": text("A tenant code, set name or behaviour code.", **ID),
        "code": ref("tenant#id"),
        "label_name": {"type": "string", **ID},
        "fields": {"type": "object", "additionalProperties": False, "properties": _FIELDS},
        "defaults": settings(
            "Default values for the entries of this file, and for entries of included sets whose set has no value.",
            {name: ref(f"tenant#fields/properties/{name}") for name in _BY_DEFAULT},
            {"owner": "orders-team"},
        ),
        "entry": {**ref("tenant#fields"), "required": ["code"]},
    },
    file="tenant",
)

SET = schema(
    "A set file",
    "Schedules that several tenants share: each takes the set over with `include`.",
    mapping(
        {
            "set": ref("tenant#id", "core", description="The name that tenants include the set by."),
            "defaults": ref("tenant#defaults"),
            "schedules": listed(
                "The entries, each complete.",
                {**ref("tenant#fields"), "required": ["code", "name", "cron"]},
                [{"code": _CORE_CODE, "name": "对账单生成", "cron": "0 0 6 ? * MON-FRI"}],
            ),
        },
        "set",
        "schedules",
    ),
    {},
    file="set",
)
