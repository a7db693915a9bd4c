"""The documents of what a ledger remembers: runs, how environments stand, what was done to a ledger."""

from __future__ import annotations

from reconcile.model.ledger_records import Ending, RunKind, Settled
from reconcile.model.outcome import Result
from reconcile.model.schedule import State
from reconcile.model.verdicts import Action
from tools.schemas.blocks import (
    choice,
    count,
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
    A_CRON,
    A_NAME,
    A_RUN,
    EVERYTHING_READ,
    KEY,
    NOTHING_DECLARED,
    OF_RUN,
    document,
)

_INSTANT = "2026-11-25T01:35:00Z"

_RUN_RECORD = record(
    {
        "run": text("The run's id; it sorts by time.", A_RUN),
        "kind": choice("What it was for.", RunKind, "apply"),
        "started_at": text("When it began, UTC.", _INSTANT),
        "ended_at": text_or_null("When it ended, UTC; null while it goes on, or when it was killed.", _INSTANT),
        "ending": choice(
            "How it ended: `finished` is everything done and verified; null as `ended_at`.",
            [*Ending, None],
            "finished",
        ),
        "actor": text("Who it was by.", "li.wei"),
        "revision": text_or_null("The commit of the declarations.", None),
        "plan_digest": text_or_null("The digest of its plan.", None),
        "desired_digest": text_or_null("The digest of what was declared.", None),
        **OF_RUN,
        "summary": {
            "description": "How many changes ended how.",
            "type": "object",
            "additionalProperties": {"type": "integer", "minimum": 0},
            "examples": [{"verified": 3}],
        },
    }
)
_CHANGE_RECORD = {
    **KEY,
    "action": choice("What the save was to do.", Action, "update"),
    "cron": text("The cron that was to be saved.", A_CRON),
    "name": text("The name that was to be saved.", A_NAME),
    "state": choice("Whether it was to fire.", State, "active"),
    "before": listed("The rows seen live before.", ref("plan#row"), []),
    "result": choice("How it ended; null when no outcome was recorded.", [*Result, None], "verified"),
    "reason": text("Why, as an id.", "saved"),
    "message": text("Why, as a sentence.", "saved, and read back as desired"),
    "saves": count("How many save calls may have reached the service.", 1),
    "settled": choice("What a later run read of it; null when none did.", [*Settled, None], None),
    "open": flag("Whether nobody has read yet what became of it.", False),
}
_LOCK = record(
    {
        "id": text("What `reconcile unlock` takes.", "5f1c9a"),
        "run": text("The run that holds it.", A_RUN),
        "actor": text("Who it is by.", "li.wei"),
        "since": text("Since when, UTC.", _INSTANT),
        "expires_at": text_or_null(
            "When it ends unless renewed, UTC; null where it ends with its holder's connection.", _INSTANT
        ),
    }
)
_HOLD = record(
    {
        **KEY,
        "cron": text("What is declared, and held back.", A_CRON),
        "name": text("Its declared name.", A_NAME),
        "run": text("The rollback.", A_RUN),
        "reason": text("Why it was made.", "orders came twice"),
        "placed_at": text("Since when, UTC.", _INSTANT),
    }
)
_A_RUN_RECORD = example(_RUN_RECORD, overrides=[])

RUNS = document(
    "runs",
    "Runs",
    "What was applied: `reconcile runs`, `reconcile runs show`.",
    {
        "runs": listed("The runs, newest first.", ref("runs#run"), [_A_RUN_RECORD]),
        "changes": {
            "description": "What the one run did to each schedule; null in a list of runs.",
            "type": ["array", "null"],
            "items": ref("runs#change"),
            "examples": [[example(record(_CHANGE_RECORD))], None],
        },
    },
    {"run": _RUN_RECORD, "change": record(_CHANGE_RECORD), "lock": _LOCK, "hold": _HOLD},
    desired_digest=NOTHING_DECLARED,
    complete=EVERYTHING_READ,
)

_OPEN = record({"run": text("The run that began it.", A_RUN), **_CHANGE_RECORD})
_AN_OPEN_CHANGE = example(_OPEN, result=None, reason="", message="", saves=0, open=True)
_STANDING = record(
    {
        "environment": text("The environment.", "prod"),
        "last_applied": ref("plan#last_applied", "ledger"),
        "revision": text_or_null("The commit that was last applied as a whole; null when none is known.", None),
        "ledger": text_or_null(
            "Where its ledger is, without secrets; null where there is none.", ".reconcile/ledger.db"
        ),
        "keys": count("How many schedules are known as applied.", 42),
        "runs": listed("Its last runs, newest first.", ref("runs#run"), [_A_RUN_RECORD]),
        "runs_since": count("How many of its runs may have saved something since that commit was applied."),
        "holds": listed("What a rollback holds.", ref("runs#hold"), [example(_HOLD)]),
        "open": listed("Saves whose outcome is unknown.", ref("status#open"), [_AN_OPEN_CHANGE]),
        "lock": ref_or_null("runs#lock", "Who is applying just now; null when nobody is.", example(_LOCK), None),
    }
)

STATUS = document(
    "status",
    "A status",
    "How environments stand, without asking their services: `reconcile status`.",
    {
        "environments": listed(
            "The environments, sorted.",
            ref("status#standing"),
            [example(_STANDING, runs=[], holds=[], open=[], lock=None)],
        ),
    },
    {"standing": _STANDING, "open": _OPEN},
    environment=null("Null: it is about several."),
    desired_digest=NOTHING_DECLARED,
    complete=EVERYTHING_READ,
)

LEDGER = document(
    "ledger",
    "What was done to a ledger",
    "By hand: `reconcile ledger rebuild`, `release`, `unlock`.",
    {
        "action": choice("What was done.", ("rebuild", "release", "unlock"), "release"),
        "message": text("What came of it.", "1 hold lifted."),
        "keys": listed("The schedules that it was about.", record(KEY), [example(record(KEY))]),
        "lock": ref_or_null("runs#lock", "The lock that was freed.", example(_LOCK), None),
    },
    desired_digest=NOTHING_DECLARED,
    complete=EVERYTHING_READ,
)
