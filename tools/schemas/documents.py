"""The schemas of output documents; each adds its own members to those that all documents have."""

from __future__ import annotations

from reconcile.cron.fields import FIELDS
from reconcile.model.ledger_records import RunKind
from reconcile.model.outcome import Result
from reconcile.model.rules import Severity
from reconcile.model.verdicts import Action
from tools.schemas.blocks import (
    Node,
    choice,
    constant,
    count,
    counts,
    example,
    flag,
    listed,
    null,
    record,
    ref,
    ref_or_null,
    text,
    text_or_null,
)
from tools.schemas.parts import (
    A_CHANGE,
    A_CODE,
    A_ROW,
    A_RUN,
    ATTENTIONS,
    CHANGE_PROPERTIES,
    DEFINITIONS,
    DESIRED_DIGEST,
    DIGEST,
    ENVIRONMENT_OR_NULL,
    KEY,
    LAST_APPLIED,
    LIVE,
    OF_RUN,
    REFUSALS,
    document,
)

_MADE = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.RENAME: "to rename",
    Action.PARK: "to park",
    Action.ENABLE: "to enable",
}
_ENDED = {
    Result.VERIFIED: "saved and read back as desired",
    Result.MISMATCHED: "saved, but the service shows something else",
    Result.REFUSED: "a guard or a stale plan refused them",
    Result.FAILED: "surely not saved",
    Result.SKIPPED: "not begun",
    Result.UNKNOWN: "may have been saved; the next run reads them",
}
_STRINGS: Node = {"type": "string"}
_WHOLE: Node = {"type": "integer", "minimum": 0}

_SELECTION = record(
    {
        "tenants": listed("Patterns of tenants.", _STRINGS, ["shop-*"]),
        "codes": listed("Behaviour codes.", _STRINGS, [A_CODE]),
        "labels": listed("Labels; a schedule must have all of them.", _STRINGS, ["tier=gold"]),
    }
)

PLAN = document(
    "plan",
    "A plan",
    "The result of `reconcile plan`: what `reconcile apply` would do.",
    {
        "last_applied": LAST_APPLIED,
        "selection": {
            "description": "The selected schedules; three empty lists select all.",
            **_SELECTION,
            "examples": [{"tenants": ["acme"], "codes": [], "labels": []}],
        },
        "summary": counts(
            "How many keys.",
            {
                **{str(each): _MADE[each] for each in Action},
                "unchanged": "nothing to save",
                "blocked": "kept from being saved",
                "unreadable": "not read",
            },
        ),
        "populations": {
            "description": "How many live keys each tenant with changes has: the basis of the percentage limit.",
            "type": "object",
            "additionalProperties": _WHOLE,
            "examples": [{"acme": 40}],
        },
        "changes": listed("What would be saved, sorted by key.", ref("plan#change"), [A_CHANGE]),
        "attention": ATTENTIONS,
        "refusals": REFUSALS,
    },
    DEFINITIONS,
    digest=DIGEST,
    desired_digest=DESIRED_DIGEST,
)

_DRIFT_KEY = record(
    {
        **CHANGE_PROPERTIES,
        "moved": flag("Whether the live side was changed, and not by an apply.", True),
        "first_seen": text_or_null(
            "When a drift check first saw a key that moved as it is now, UTC; null where that is not remembered.",
            "2026-11-25T02:00:00Z",
        ),
        "held_by": text_or_null("The rollback run whose hold still applies; else null.", A_RUN),
    },
    optional=("unreadable",),
)

DRIFT = document(
    "drift",
    "A drift check",
    "Whether live is still as declared: `reconcile drift`.",
    {
        "last_applied": LAST_APPLIED,
        "summary": {
            "description": "How many keys.",
            **record(
                {
                    "moved": count("How many moved."),
                    "unchanged": count("How many are not listed."),
                    "verdicts": {
                        "description": "How many of each verdict, among the keys listed.",
                        "type": "object",
                        "additionalProperties": {"type": "integer"},
                        "examples": [{"drifted": 1}],
                    },
                }
            ),
            "examples": [{"moved": 1, "unchanged": 97, "verdicts": {"drifted": 1}}],
        },
        "keys": listed(
            "The keys that differ or need attention, sorted.",
            ref("drift#key"),
            [A_CHANGE | {"action": None, "moved": True, "first_seen": None, "held_by": None}],
        ),
    },
    {"key": _DRIFT_KEY},
)

_OUTCOME = record(
    {
        "result": choice("How the change ended.", Result, "verified"),
        "reason": text("A stable id of the reason.", "saved"),
        "message": text("The reason, as a sentence.", "saved, and read back as desired"),
        "hint": text_or_null("What to do.", "look at the service"),
        "saves": count("How many save calls may have reached the service.", 1),
        "live": LIVE["live"] | {"description": "The rows that were read last; null when nothing was read."},
        "unreadable": LIVE["unreadable"],
        "in_doubt": flag("Whether a save got no trustworthy reply: it may land late.", False),
    },
    optional=("unreadable",),
)
_AN_OUTCOME = example(_OUTCOME, hint=None)
_START = record(
    {
        "id": text("The run's id, for `runs show` and `rollback`.", A_RUN),
        "kind": choice("The kind of run.", (RunKind.APPLY, RunKind.ROLLBACK), "apply"),
        "actor": text("The actor.", "li.wei"),
        **OF_RUN,
    }
)

RUN = document(
    "run",
    "A run",
    "The outcome of each change of one `reconcile apply` or `reconcile rollback`.",
    {
        "last_applied": LAST_APPLIED,
        "interrupted": flag("Whether a signal stopped the run.", False),
        "recorded": flag("Whether the ledger recorded everything; if not, the next run settles the rest.", True),
        "run": ref_or_null(
            "run#start",
            "The run in the ledger; null for a run without a ledger.",
            example(_START, overrides=[]),
            None,
        ),
        "summary": counts(
            "How many keys, by result.",
            {**{str(each): _ENDED[each] for each in Result}, "unchanged": "nothing to save"},
        ),
        "changes": listed(
            "Each change of the plan with its outcome, sorted by key.",
            ref("run#run_change"),
            [A_CHANGE | {"outcome": _AN_OUTCOME}],
        ),
        "attention": ATTENTIONS,
        "refusals": REFUSALS,
    },
    {
        "outcome": _OUTCOME,
        "run_change": record(
            {
                **CHANGE_PROPERTIES,
                "outcome": ref("run#outcome", _AN_OUTCOME, description="The outcome."),
            },
            optional=("unreadable",),
        ),
        "start": _START,
    },
    digest=DIGEST,
    desired_digest=DESIRED_DIGEST,
)

_EXECUTION = record(
    {
        "trigger_id": text("The service's triggerid.", "1254310917276311553"),
        **{
            name: text_or_null(f"{when}: ISO 8601, UTC; null where the service gave none.", "2026-01-05T08:00:00+00:00")
            for name, when in (
                ("fired_at", "When it was fired"),
                ("started_at", "When it began"),
                ("updated_at", "When it ended, about"),
            )
        },
        "run_status": text("The service's exestatus.", "success"),
        "succeeded": flag("Whether the environment's success_status contains it.", True),
        "trigger_status": text("The service's triggerstatus.", "success"),
        "run_type": text("The service's runtype.", "trigger"),
        "message": text("The service's exedes.", "java.net.SocketTimeoutException: timeout"),
    }
)
_AN_EXECUTION = example(_EXECUTION, updated_at="2026-01-05T08:00:01+00:00", message="")
_JOB = record(
    {
        "job_id": text("The service's jobinfoid.", A_ROW["job_id"]),
        "page": count("Which page this is, from 1.", 1),
        "page_size": count("How many rows a page holds.", 10),
        "pages": count("How many pages there are.", 1),
        "total": count("How many rows there are.", 3),
        "executions": listed("The runs, newest first.", ref("history#execution"), [_AN_EXECUTION]),
    }
)

HISTORY = document(
    "history",
    "A history",
    "What the jobs of one schedule did: `reconcile history`.",
    {
        **KEY,
        **LIVE,
        "ids_from": choice(
            "Where the job ids come from: where no job is live, those that the ledger knows.",
            ("live", "ledger"),
            "live",
        ),
        "jobs": listed(
            "One page of the history of each live job, else of each that the ledger knows, newest first.",
            ref("history#job"),
            [example(_JOB, total=1)],
        ),
    },
    {"execution": _EXECUTION, "job": _JOB},
)

_FIRE = record(
    {
        "local": text(
            "When it fires, on the clock of `timezone`: ISO 8601 with its offset.", "2026-01-06T02:00:00+08:00"
        ),
        "utc": text("The same instant in UTC: ISO 8601.", "2026-01-05T18:00:00+00:00"),
    }
)
_A_FIRE = example(_FIRE)
_FIELD = record(
    {
        "name": choice("What Quartz calls the field.", [field.name for field in FIELDS], "hour"),
        "text": text("The field as written, in upper case; a year that was not written is *.", "8-19"),
        "meaning": text("The description of the field alone, in the language asked for.", "8 through 19"),
    }
)
_WORDS = "When it fires, as a sentence in the language asked for."
_PER_DAY = "fires on a day on which it fires and no clock changes."
_COMPARISON = record(
    {
        "cron": text("The other expression, in plain Quartz.", "0 0 3 * * ?"),
        "words": text(_WORDS, "At 03:00, every day"),
        "same": flag("Whether both fire at the same times in all years.", False),
        "fires_per_day": count(f"How often the other {_PER_DAY}", 1),
        "only_here": listed("The first fires of `cron` that the other lacks.", ref("explanation#fire"), [_A_FIRE]),
        "only_there": listed("The first fires of the other that `cron` lacks.", ref("explanation#fire"), [_A_FIRE]),
    }
)
_AT_THREE = {"local": "2026-01-06T03:00:00+08:00", "utc": "2026-01-05T19:00:00+00:00"}

EXPLANATION = document(
    "explanation",
    "An explanation",
    "What a cron expression means: `reconcile explain`.",
    {
        "cron": text("The expression, in plain Quartz.", "0 36 2 * * ?"),
        "declared_cron": text("The expression as given: it may hold H, which `cron` has resolved.", "0 H 2 * * ?"),
        "words": text(_WORDS, "At 02:00, every day"),
        "fields": listed(
            "The seven fields, as Quartz reads them.",
            ref("explanation#field"),
            [example(_FIELD, text="2", meaning="2")],
        ),
        "timezone": text("The zone on whose clock it fires.", "Asia/Shanghai"),
        "never_fires": flag("Whether it never fires, in any year.", False),
        "fires_per_day": count(f"How often it {_PER_DAY}", 1),
        "fires": listed("The next fires, later than `generated_at`.", ref("explanation#fire"), [_A_FIRE]),
        "hazard": text_or_null(
            "Why it must never reach a service although Quartz accepts it; null when it is harmless.", None
        ),
        "against": ref_or_null(
            "explanation#comparison",
            "The other expression; null without a comparison.",
            example(_COMPARISON, only_there=[_AT_THREE]),
        ),
    },
    {"fire": _FIRE, "field": _FIELD, "comparison": _COMPARISON},
    environment=null("Null: an expression has no environment."),
    desired_digest=null("Null: nothing is desired."),
    complete=constant("Always true: nothing is read.", True),
)

_FOUND = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.NOTE: "notes"}

FINDINGS = document(
    "findings",
    "Findings",
    "The findings of `reconcile validate`.",
    {
        "summary": counts(
            "How many.",
            {
                **{str(each): _FOUND[each] for each in Severity},
                "schedules": "schedules read",
                "tenants": "tenants read",
            },
        )
    },
    environment=ENVIRONMENT_OR_NULL,
)

ERROR = document(
    "error",
    "An error",
    "The document of a command that failed.",
    {"refusals": REFUSALS},
    environment=ENVIRONMENT_OR_NULL,
    complete=constant("Always false: the command failed.", False),
)
