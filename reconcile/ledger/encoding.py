"""Values of `model.ledger_records` ⇄ columns of the tables. A column that holds more than one value holds JSON.

What is written is drawn from the fields of the value, in their order: the columns are called as they are, and so are
the members of the JSON objects. Chinese stays readable in a database shell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Row

from reconcile.model.drift_note import DriftNote
from reconcile.model.field_values import field_values, with_fields
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, LastDeclaration, ValueInForce
from reconcile.model.ledger_records import ChangeRecord, Ending, Hold, RunKind, RunRecord, RunStart, Settled
from reconcile.model.live import Live, LiveRow, Rows, Unreadable
from reconcile.model.outcome import Result
from reconcile.model.rules import rule_called
from reconcile.model.schedule import State
from reconcile.model.verdicts import Action, Verdict
from reconcile.times import instant

Json: TypeAlias = Any
Columns: TypeAlias = dict[str, Any]


def json_text(value: Json) -> str:
    """Return *value* as JSON that any database holds: control characters and lone surrogates are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(value, separators=(",", ":")) if _has_surrogate(text) else text


def storable(text: str) -> str:
    r"""Return *text* without what no text column holds: U+FFFD stands for NUL and for lone surrogates.

    >>> storable("\0订单")
    '\ufffd订单'
    """
    if "\0" in text or _has_surrogate(text):
        return "".join(
            "\ufffd" if character == "\0" or "\ud800" <= character <= "\udfff" else character for character in text
        )
    return text


def rows_value(rows: Rows) -> Json:
    """Return rows as JSON values."""
    return [field_values(row) for row in rows]


def rows_of(value: Json) -> Rows:
    """Return what `rows_value` was made from."""
    return tuple(with_fields(LiveRow, row) for row in value)


def live_value(live: Live | None) -> Json:
    """Return what was read as a JSON value: a list of rows, an object for what could not be read, null for nothing."""
    if isinstance(live, Unreadable):
        return field_values(live)
    return None if live is None else rows_value(live)


def live_of(value: Json) -> Live | None:
    """Return what `live_value` was made from."""
    if isinstance(value, Mapping):
        return with_fields(Unreadable, {**value, "rule": rule_called(value["rule"])})
    return None if value is None else rows_of(value)


def applied_value(applied: Applied | None) -> Json:
    """Return last applied as a JSON value, without the declaration: the table of last applied holds that."""
    if applied is None:
        return None
    value = field_values(applied)
    del value["declared"]
    return value


def applied_of(value: Json) -> Applied | None:
    """Return what `applied_value` was made from."""
    return None if value is None else with_fields(Applied, {**value, "job_ids": tuple(value["job_ids"])})


def applied_columns(key: Key, applied: Applied) -> Columns:
    """Return what the table of last applied holds of *key*."""
    declared = None if applied.declared is None else field_values(applied.declared)
    return {**key._asdict(), **field_values(applied), "declared": declared}


def applied_in(row: Row[Any]) -> Applied:
    """Return last applied, as *row* holds it."""
    declared = row.declared
    if declared is not None:
        declared = with_fields(LastDeclaration, {**declared, "state": State(declared["state"])})
    return with_fields(Applied, {**row._mapping, "job_ids": tuple(row.job_ids), "declared": declared})


def in_force_value(values: Iterable[ValueInForce]) -> Json:
    """Return the values that a key had as a JSON value."""
    return [{**field_values(one), "since": one.since.astimezone(UTC).isoformat()} for one in values]


def in_force_of(value: Json) -> tuple[ValueInForce, ...]:
    """Return what `in_force_value` was made from; nothing for what an older program wrote."""
    return tuple(
        with_fields(ValueInForce, {**one, "state": State(one["state"]), "since": instant(one["since"])})
        for one in value or ()
    )


def run_columns(record: RunRecord) -> Columns:
    """Return what the table of runs holds of *record*."""
    columns = field_values(record)
    return {**field_values(columns.pop("start")), **columns}


def run_in(row: Row[Any]) -> RunRecord:
    """Return the run that *row* holds."""
    start = with_fields(RunStart, {**row._mapping, "kind": RunKind(row.kind), "overrides": tuple(row.overrides)})
    ending = None if row.ending is None else Ending(row.ending)
    return with_fields(RunRecord, {**row._mapping, "start": start, "ending": ending})


def change_columns(record: ChangeRecord) -> Columns:
    """Return what the table of changes holds of *record*."""
    return _with_key(record) | {
        "before": rows_value(record.before),
        "applied": applied_value(record.applied),
        "after": live_value(record.after),
    }


def change_in(row: Row[Any]) -> ChangeRecord:
    """Return the change that *row* holds."""
    decoded = {
        "key": key_in(row),
        "action": Action(row.action),
        "state": State(row.state),
        "before": rows_of(row.before),
        "applied": applied_of(row.applied),
        "result": None if row.result is None else Result(row.result),
        "after": live_of(row.after),
        "settled": None if row.settled is None else Settled(row.settled),
    }
    return with_fields(ChangeRecord, {**row._mapping, **decoded})


def hold_columns(hold: Hold) -> Columns:
    """Return what the table of holds holds of *hold*."""
    return _with_key(hold)


def hold_in(row: Row[Any]) -> Hold:
    """Return the hold that *row* holds."""
    return with_fields(Hold, {**row._mapping, "key": key_in(row), "state": State(row.state)})


def note_columns(note: DriftNote) -> Columns:
    """Return what the table of what drift checks noted holds of *note*."""
    return _with_key(note) | {"live": rows_value(note.live)}


def note_of(values: Mapping[str, Any]) -> DriftNote:
    """Return what `note_columns` was made from.

    Raises:
        ValueError: it was made from something else.
    """
    try:
        key, live = Key(values["tenant"], values["code"]), rows_of(values["live"])
        found = DriftNote(key, Verdict(values["verdict"]), live, values["first_seen"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{error} in a note") from None
    texts = [*key, *(text for row in live for text in (row.job_id, row.cron, row.status))]
    is_note = all(isinstance(text, str) for text in texts) and isinstance(found.first_seen, datetime)
    # Every zone has such an instant on its calendar.
    if not is_note or not MINYEAR < found.first_seen.year < MAXYEAR:
        raise ValueError("a note holds something else")
    return found


def key_in(row: Row[Any]) -> Key:
    """Return the key that *row* is about."""
    return Key(row.tenant, row.code)


def _with_key(value: ChangeRecord | Hold | DriftNote) -> Columns:
    columns = field_values(value)
    return {**columns.pop("key")._asdict(), **columns}


def _has_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
