"""The schemas of documents about the ledger: runs, the status of environments, changes of a ledger."""

from __future__ import annotations

from reconcile.model.ledger_records import Ending, RunKind, RunState, Settled
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
        "run": text("The run's id.", A_RUN),
        "serial": count(
            "Its place among the runs and releases of its ledger, from 1: of two runs the higher one came later.",
            7,
        ),
        "kind": choice("The kind of run.", RunKind, "apply"),
        "started_at": text("When it began, UTC.", _INSTANT),
        "ended_at": text_or_null("When it ended, UTC; null while it runs, or when it was killed.", _INSTANT),
        "ending": choice(
            "How it ended; `finished`: everything is done and verified. Null when `ended_at` is null.",
            [*Ending, None],
            "finished",
        ),
        "state": choice(
            "Whether it goes on. `running`: it holds the lock; `unrecorded`: it ended without a record, and the next "
            "apply settles it; `settled`: a later run did.",
            RunState,
            "ended",
        ),
        "settled_by": text_or_null(
            "The run that settled it: it ended without a record, and this run read what became of its saves.", None
        ),
        "actor": text("The actor.", "li.wei"),
        "revision": text_or_null("The commit of the declarations.", None),
        "plan_digest": text_or_null("The digest of its plan.", None),
        "desired_digest": text_or_null("The digest of the declarations.", None),
        **OF_RUN,
        "summary": {
            "description": "How many changes had each result.",
            "type": "object",
            "additionalProperties": {"type": "integer", "minimum": 0},
            "examples": [{"verified": 3}],
        },
    }
)
_CHANGE_RECORD = {
    **KEY,
    "action": choice("The intended action.", Action, "update"),
    "cron": text("The intended cron.", A_CRON),
    "name": text("The intended name.", A_NAME),
    "state": choice("The intended state.", State, "active"),
    "before": listed("The live rows before the save.", ref("plan#row"), []),
    "result": choice("The result; null when no outcome was recorded.", [*Result, None], "verified"),
    "reason": text("The reason, as an id.", "saved"),
    "message": text("The reason, as a sentence.", "saved, and read back as desired"),
    "saves": count("How many save calls may have reached the service.", 1),
    "settled": choice("What a later run found by reading; null when none did.", [*Settled, None], None),
    "open": flag("Whether the outcome is still unknown.", False),
}
_LOCK = record(
    {
        "id": text("The id for `reconcile unlock`.", "5f1c9a"),
        "run": text("The run that holds it.", A_RUN),
        "actor": text("The actor of that run.", "li.wei"),
        "since": text("Since when, UTC.", _INSTANT),
        "renewed_at": text("When its holder renewed it last, by the holder's own clock, UTC.", _INSTANT),
    }
)
_HOLD = record(
    {
        **KEY,
        "cron": text("The declared cron, which is held back.", A_CRON),
        "name": text("The declared name.", A_NAME),
        "run": text("The rollback.", A_RUN),
        "reason": text("The reason that was given.", "orders came twice"),
        "placed_at": text("Since when, UTC.", _INSTANT),
    }
)
_A_RUN_RECORD = example(_RUN_RECORD, overrides=[])

RUNS = document(
    "runs",
    "Runs",
    "The runs of a ledger: `reconcile runs`, `reconcile runs show`.",
    {
        "runs": listed("The runs, newest first.", ref("runs#run"), [_A_RUN_RECORD]),
        "changes": {
            "description": "What one run did to each schedule; null in a list of runs.",
            "type": ["array", "null"],
            "items": ref("runs#change"),
            "examples": [[example(record(_CHANGE_RECORD))], None],
        },
    },
    {"run": _RUN_RECORD, "change": record(_CHANGE_RECORD), "lock": _LOCK, "hold": _HOLD},
    desired_digest=NOTHING_DECLARED,
    complete=EVERYTHING_READ,
)

_OPEN = record({"run": text("The run that began the save.", A_RUN), **_CHANGE_RECORD})
_AN_OPEN_CHANGE = example(_OPEN, result=None, reason="", message="", saves=0, open=True)
_LINEAGE = record(
    {
        "id": text("A random id that the ledger got when it was made.", "5f1c9a0e5f1c9a0e5f1c9a0e5f1c9a0e"),
        "serial": count("The serial of the last run that it recorded.", 7),
        "parents": listed("The ledgers that it was made from, each as ID@SERIAL.", {"type": "string"}, []),
    }
)
_STANDING = record(
    {
        "environment": text("The environment.", "prod"),
        "last_applied": ref("plan#last_applied", "ledger"),
        "revision": text_or_null("The last commit that was applied as a whole; null when none is known.", None),
        "ledger": text_or_null(
            "The address of its ledger, without secrets; null without a ledger.", ".git/reconcile/shop/ledger.db"
        ),
        "lineage": ref_or_null(
            "status#lineage", "Which ledger it is; null before its first run.", example(_LINEAGE), None
        ),
        "keys": count("How many schedules are in last applied.", 42),
        "runs": listed("Its last runs, newest first.", ref("runs#run"), [_A_RUN_RECORD]),
        "runs_since": count("How many runs may have saved something since that commit was applied."),
        "holds": listed("The holds of rollbacks.", ref("runs#hold"), [example(_HOLD)]),
        "open": listed("Saves whose outcome is unknown.", ref("status#open"), [_AN_OPEN_CHANGE]),
        "lock": ref_or_null("runs#lock", "The lock of the current apply; null when it is free.", example(_LOCK), None),
    }
)

STATUS = document(
    "status",
    "A status",
    "The status of environments, without asking their services: `reconcile status`.",
    {
        "environments": listed(
            "The environments, sorted.",
            ref("status#standing"),
            [example(_STANDING, lineage=None, runs=[], holds=[], open=[], lock=None)],
        ),
    },
    {"standing": _STANDING, "open": _OPEN, "lineage": _LINEAGE},
    environment=null("Null: the document is about several."),
    desired_digest=NOTHING_DECLARED,
    complete=EVERYTHING_READ,
)

LEDGER = document(
    "ledger",
    "A change of a ledger",
    "A change by hand: `reconcile ledger begin`, `rebuild`, `accept` and `take`, `release`, `unlock`.",
    {
        "action": choice("What was done.", ("begin", "rebuild", "accept", "take", "release", "unlock"), "release"),
        "message": text("The result.", "1 hold lifted."),
        "keys": listed("The schedules that it affected.", record(KEY), [example(record(KEY))]),
        "lock": ref_or_null("runs#lock", "The lock that was freed.", example(_LOCK), None),
    },
    desired_digest=NOTHING_DECLARED,
    complete=EVERYTHING_READ,
)
