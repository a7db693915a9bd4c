"""Parts that several documents share: their first and last members, rows, changes, findings, refusals."""

from __future__ import annotations

from reconcile.errors import ServiceError
from reconcile.model.last_applied import TWO_WAY, LastAppliedSource
from reconcile.model.rules import FileRule, ReplyRule, ScheduleRule, Severity
from reconcile.model.schedule import BeforeRun, Removed, State
from reconcile.model.verdicts import Action, Condition, SavedField, Verdict
from reconcile.report.document_head import FORMAT_VERSION
from reconcile.report.json_documents import error_entry
from tools.schemas.blocks import (
    Node,
    choice,
    constant,
    count,
    example,
    flag,
    listed,
    null,
    record,
    ref,
    ref_or_null,
    schema,
    text,
    text_or_null,
)

A_DIGEST = "0f" * 32
A_RUN = "20261125T013500Z-a1b2c3"
A_CRON = "0 */30 8-19 ? * * *"
A_CODE = "1085431505565651039"
A_NAME = "订单同步"
A_FILE = "schedules/tenants/acme.yaml"

KEY = {"tenant": text("The tenant code.", "acme"), "code": text("The behaviour code.", A_CODE)}

OF_RUN = {
    "overrides": listed("The options that lifted guards, as typed.", {"type": "string"}, ["--allow-changes 12"]),
    "of_run": text_or_null("The run that a rollback is about.", None),
}

ROW = record(
    {
        "job_id": text("The service's jobinfoid.", "1254310917276311552"),
        "cron": text("The service's own cron text.", A_CRON),
        "status": text("The service's own status text.", "enable"),
        "active": flag("Whether the environment's active_status contains the status.", True),
    }
)
A_ROW = example(ROW)

UNREADABLE = record(
    {
        "rule": text("A stable id of the reason.", str(ReplyRule.SERVICE_ERROR)),
        "message": text("What happened.", "HTTP 503 to a status query of tenant acme"),
        "hint": text_or_null("What to do.", "raise timeout"),
    }
)

APPLIED = record(
    {
        "cron": text("The cron last applied.", "0 0 6 * * ?"),
        "name": text("The name last applied.", A_NAME),
        "run": text_or_null("The run that applied it; null where Git is the source.", A_RUN),
        "revision": text_or_null(
            "The commit that was applied; null when it is not known.", "7b0f3f1f0f5c6b1d2b9f3f0c4d5e6f7a8b9c0d1e"
        ),
    }
)

DESIRED = record(
    {
        "cron": text("What a save writes.", "0 */15 8-19 ? * * *"),
        "declared_cron": text("The cron in the file: it differs from `cron` if it has an H.", "H H 6 * * ?"),
        "name": text("The job's name.", A_NAME),
        "state": choice("Whether it fires.", State, "active"),
        "protect": flag("Whether any change needs --allow-protected.", False),
        "resolved_cron": text(
            "The schedule's own cron; only present when it is parked: then `cron` is the parking cron.",
            "0 */15 8-19 ? * * *",
        ),
        "owner": text("Who is responsible for it.", "orders-team"),
        "description": text("Why it runs.", "orders leave the building twice an hour"),
        "labels": {
            "description": "Labels to select by.",
            "type": "object",
            "additionalProperties": {"type": "string"},
            "examples": [{"tier": "gold"}],
        },
        "origin": choice(
            "Only present if the values are not from a file of the environment: `removed`, no file declares the "
            "schedule any more; `outside-paths`, only a file that the environment does not read does; `missing`, a "
            "tracked file that is not on disk does, or may do so; `rollback`, they were live before a run.",
            [Removed.WORD, ScheduleRule.OUTSIDE_PATHS.value, ScheduleRule.MISSING.value, BeforeRun.word],
            Removed.WORD,
        ),
        "removed_from": text(
            "The file that declared it last; only present where `origin` is `removed` and the file is known.", A_FILE
        ),
    },
    optional=("resolved_cron", "owner", "description", "labels", "origin", "removed_from"),
)

_FILE_AND_LINE = {
    "file": text("Path, relative to the repository's root.", A_FILE),
    "line": count("Line, from 1.", 7, minimum=1),
}
SOURCE = record(_FILE_AND_LINE)
PLACE = record(
    {
        **_FILE_AND_LINE,
        "column": count("Column, from 1.", 11, minimum=1),
        "width": count("Number of characters.", 21),
    }
)

LIVE = {
    "live": {
        "description": "The rows in the service: empty when the key is absent; null when it could not be read.",
        "type": ["array", "null"],
        "items": ref("plan#row"),
        "examples": [[A_ROW]],
    },
    "unreadable": ref(
        "plan#unreadable",
        example(UNREADABLE, hint=None),
        description="Why the key could not be read; only present when `live` is null.",
    ),
}

_VERDICT = choice("How desired, last applied and live differ.", Verdict, "drifted")
_CONDITIONS = listed(
    "What is unusual about the live side; empty when nothing is.",
    {"enum": [str(each) for each in Condition]},
    ["inactive"],
)

CHANGE_PROPERTIES: dict[str, Node] = {
    **KEY,
    "action": choice("What a save does; null when none is possible or needed.", [*Action, None], "update"),
    "verdict": _VERDICT,
    "conditions": _CONDITIONS,
    **LIVE,
    "applied": ref_or_null(
        "plan#applied", "What was last applied; null when that is not known.", example(APPLIED, revision=None)
    ),
    "desired": ref(
        "plan#desired", example(DESIRED, declared_cron="0 */15 8-19 ? * * *"), description="What Git wants."
    ),
    "fields": listed(
        "The declared fields that a save changes, as far as the service shows them.",
        {"enum": [str(each) for each in SavedField]},
        ["cron"],
    ),
    "blocked_by": listed("The rules that refuse this change; empty when none does.", {"type": "string"}, ["inactive"]),
    "source": ref_or_null(
        "plan#source", "Where the schedule is declared; null when no file declares it.", example(SOURCE)
    ),
}
CHANGE = record(CHANGE_PROPERTIES, optional=("unreadable",))
A_CHANGE = example(CHANGE, verdict="never-applied", conditions=[], applied=None, blocked_by=[])

ATTENTION = record(
    {
        **KEY,
        "verdict": _VERDICT,
        "conditions": _CONDITIONS,
        **LIVE,
        "message": text("What needs attention.", "declared active, but the live job is inactive"),
        "hint": text_or_null("What to do.", "run with --enable-inactive"),
        "rule": text(
            "Only present where the reason has an id: `outside-paths` or `missing`, why an orphan does not count as "
            "removed from Git.",
            "outside-paths",
        ),
    },
    optional=("unreadable", "rule"),
)

REFUSAL = record(
    {
        "rule": text("A stable id of the guard.", "max-changes"),
        "message": text("Why it refuses.", "31 saves are more than max_changes (20)"),
        "hint": text("What to do, in one clause.", "run with --allow-changes 31"),
        "setting": text_or_null("The setting that holds the limit.", "limits.max_changes"),
        "override": text_or_null("The option that lifts it for one run.", "--allow-changes 31"),
        "tenant": text_or_null("The tenant that is refused.", "acme"),
        "code": text_or_null("The code that is refused; null when the whole apply is.", A_CODE),
    }
)

_PLACE = ref_or_null("plan#place", "The place in a file; null when there is none.", example(PLACE))

FINDING = record(
    {
        "rule": text("A stable id of what was found.", str(FileRule.QUOTE_THIS)),
        "severity": choice("How bad it is.", Severity, "error"),
        "message": text("What was found.", "the code 42 must be quoted"),
        "place": _PLACE,
        "hint": text_or_null("What to do.", 'write "42"'),
        "line_text": text_or_null("The line of that place.", "  - code: 42"),
        "tenant": text_or_null("The tenant it is about.", "acme"),
        "code": text_or_null("The code it is about.", A_CODE),
    }
)

ERROR = record(
    {
        "kind": text("What kind of error it is.", str(error_entry(ServiceError(""))["kind"])),
        "message": text("What is wrong, and the value.", "no connection to http://127.0.0.1:8001"),
        "hint": text_or_null("What to do.", "is the service up?"),
        "place": _PLACE,
    }
)

_ATTENTIONS = [
    example(
        ATTENTION,
        code="1202494946997833818",
        verdict="in-sync",
        conditions=["inactive"],
        live=[{**A_ROW, "status": "disable", "active": False}],
    )
]
_REFUSALS = [example(REFUSAL, tenant=None, code=None)]
_FINDINGS = [example(FINDING, tenant=None, code=None)]

# What other documents refer to in the schema of a plan.
DEFINITIONS: dict[str, Node] = {
    "row": ROW,
    "unreadable": UNREADABLE,
    "applied": APPLIED,
    "desired": DESIRED,
    "source": SOURCE,
    "place": PLACE,
    "change": CHANGE,
    "attention": ATTENTION,
    "refusal": REFUSAL,
    "finding": FINDING,
    "error": ERROR,
    "format_version": text(
        "The version of this format: readers refuse another major version.",
        FORMAT_VERSION,
        pattern=f"^{FORMAT_VERSION.partition('.')[0]}\\.[0-9]+$",
    ),
    "environment": text("The environment of the workspace.", "prod"),
    "digest": text("SHA-256 of what would be done.", A_DIGEST, pattern="^[0-9a-f]{64}$"),
    "tool_version": text("The version of reconcile that wrote this.", "0.1.0"),
    "generated_at": text("When this was written: UTC, whole seconds.", "2026-01-05T08:00:00Z"),
    "git_revision": text_or_null(
        "The commit that was read; null outside Git.", "4f0b1d8a4f0b1d8a4f0b1d8a4f0b1d8a4f0b1d8a"
    ),
    "last_applied": choice(
        "The source of last applied: `ledger` if it knows at least one schedule, or takes one over; else `none`.",
        LastAppliedSource,
        "none",
    ),
    "findings": listed("What was found, sorted by place.", ref("plan#finding"), _FINDINGS),
    "refusals": listed("What guards refuse.", ref("plan#refusal"), _REFUSALS),
    "attentions": listed(
        "Keys that are not saved but need the attention of a person, sorted by key.",
        ref("plan#attention"),
        _ATTENTIONS,
    ),
    "errors": listed("What stopped the run; empty when nothing did.", ref("plan#error"), []),
    "assumptions": listed(
        "What the run assumes, because the service does not say it.",
        {"type": "string"},
        [TWO_WAY],
    ),
}

_DESIRED_DIGEST = "SHA-256 of environment, keys and desired values"
ENVIRONMENT = ref("plan#environment", "prod")
DIGEST = ref("plan#digest", A_DIGEST)
DESIRED_DIGEST = ref("plan#digest", A_DIGEST, description=f"{_DESIRED_DIGEST}.")
ENVIRONMENT_OR_NULL = ref_or_null("plan#environment", "The environment; null when none was chosen.", "prod")
NO_DIGEST = null("Null: the document plans nothing.")
DESIRED_DIGEST_OR_NULL = ref_or_null("plan#digest", f"{_DESIRED_DIGEST}; null when there are none.", A_DIGEST)
NOTHING_DECLARED = null("Null: the document has no declarations.")
ALL_READ = flag("Whether every selected key could be read.", True)
EVERYTHING_READ = flag("Whether everything could be read.", True)
LAST_APPLIED = ref("plan#last_applied", "none")
REFUSALS = ref("plan#refusals", _REFUSALS)
ATTENTIONS = ref("plan#attentions", _ATTENTIONS)


def document(
    kind: str,
    title: str,
    description: str,
    body: dict[str, Node],
    definitions: dict[str, Node] | None = None,
    *,
    environment: Node = ENVIRONMENT,
    digest: Node = NO_DIGEST,
    desired_digest: Node = DESIRED_DIGEST_OR_NULL,
    complete: Node = ALL_READ,
) -> Node:
    """Return the schema of the documents of *kind*: the members that all documents have, around *body*."""
    properties = {
        "format_version": ref("plan#format_version", FORMAT_VERSION),
        "kind": constant("What kind of document this is.", kind),
        "environment": environment,
        "digest": digest,
        "desired_digest": desired_digest,
        "tool_version": ref("plan#tool_version", "0.1.0"),
        "generated_at": ref("plan#generated_at", "2026-01-05T08:00:00Z"),
        "git_revision": ref("plan#git_revision", None),
        "complete": complete,
        **body,
        "findings": ref("plan#findings", _FINDINGS),
        "errors": ref("plan#errors", []),
        "assumptions": ref("plan#assumptions", []),
    }
    optional = [name for name in ("unreadable",) if name in body]
    return schema(title, description, record(properties, optional=optional), definitions or {}, file=kind)
