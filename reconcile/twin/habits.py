"""The twin's awkward habits: what real services do that a client must bear. All are off by default.

Each habit is a field of `Habits` that carries its own `Habit`: the type of its value, and what it does. The options of
the command line, the checks of changes at run time, and the table of the docs are made from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum
from math import isfinite
from typing import Any

from reconcile.errors import SettingError

OPERATIONS = ("query", "history", "save")

# A hundred years: beyond it the times that a journal shows would leave the calendar.
_LONGEST_SECONDS = 36_525 * 86_400.0


class ValueType(Enum):
    """The type of a habit's value. Spans of time are in seconds, shares between 0 and 1."""

    SWITCH = "bool"
    WORD = "word"
    TEXT = "str"
    COUNT = "int"
    NUMBER = "whole number"
    SHARE = "share"
    RATE = "rate"
    SPAN = "span"
    SHIFT = "shift"
    OPERATIONS = "operations"


@dataclass(frozen=True)
class Habit:
    """One habit: its name, the type of its value (*words*: one of these), and what it does."""

    name: str
    value_type: ValueType
    description: str
    words: tuple[str, ...]
    default: object

    @property
    def option(self) -> str:
        """The habit as an option of the command line."""
        return f"--{self.name.replace('_', '-')}"


def _habit(default: Any, value_type: ValueType, description: str, *words: str) -> Any:
    return field(default=default, metadata={"value_type": value_type, "description": description, "words": words})


@dataclass(frozen=True)
class Habits:
    """The value of each habit."""

    save: str = _habit(
        "upsert", ValueType.WORD, "What a save over a code does to its job.", "upsert", "append", "replace"
    )
    max_codes: int | None = _habit(None, ValueType.COUNT, "Take at most so many codes a query.")
    too_many: str = _habit(
        "refuse", ValueType.WORD, "Refuse a query beyond that, or cut its list silently.", "refuse", "cut"
    )
    unknown_code: str = _habit(
        "omit",
        ValueType.WORD,
        "How a code without a job is answered; with null or no resp_data where none of the codes has one.",
        "omit",
        "null-row",
        "null-data",
        "no-data",
        "error",
    )
    normalise_cron: bool = _habit(False, ValueType.SWITCH, "Store crons in capitals, single-spaced and with a year.")
    save_enables: bool = _habit(False, ValueType.SWITCH, "A save switches a disabled job on.")
    inactive_word: str = _habit("disable", ValueType.TEXT, "The jobstatus of a disabled job.")
    group_job_id: str = _habit(
        "same", ValueType.WORD, "Acknowledge a save with the jobinfoid, or with another id.", "same", "other"
    )
    ids: str = _habit(
        "text", ValueType.WORD, "Write ids as texts, or as JSON integers, as a Long is.", "text", "number"
    )
    jobstatus: str = _habit(
        "word",
        ValueType.WORD,
        "Write jobstatus as a word, as 1 and 0, or as true and false.",
        "word",
        "number",
        "boolean",
    )
    repeat_rows: str = _habit(
        "never",
        ValueType.WORD,
        "Answer a query with each row twice; or with another cron.",
        "never",
        "same",
        "other-cron",
    )
    spoilt_code: str | None = _habit(None, ValueType.TEXT, "Answer a query with a row of this code that holds a null.")
    spoilt_field: str = _habit(
        "cronexpression",
        ValueType.WORD,
        "What is null in that row.",
        "cronexpression",
        "jobinfoid",
        "jobstatus",
        "bizcode",
    )
    charset: str | None = _habit(
        None, ValueType.TEXT, "Answer in this charset, and declare it; an unknown one is declared."
    )
    beside: str | None = _habit(
        None,
        ValueType.TEXT,
        "Put this beside the resp_data of each answer: a JSON object of members, or an error_code.",
    )
    errors: str = _habit(
        "envelope",
        ValueType.WORD,
        "Errors are HTTP 200 with resp_code and no data, 200 with error_code beside empty data, or 4xx and 5xx.",
        "envelope",
        "beside",
        "status",
    )
    tenant_unknown: str | None = _habit(None, ValueType.TEXT, "Answer this tenant with the error that there is none.")
    latency: float = _habit(0.0, ValueType.SPAN, "Wait so long before each answer.")
    rate: float | None = _habit(None, ValueType.RATE, "Serve so many requests, then answer 429 with Retry-After.")
    tenant_down: str | None = _habit(None, ValueType.TEXT, "Answer 503 to this tenant.")
    required_header: str | None = _habit(
        None, ValueType.TEXT, "Answer 401 without this header, 'Name: value' or only 'Name'."
    )
    retention: float | None = _habit(None, ValueType.SPAN, "Keep journal rows for so long.")
    clock_skew: float = _habit(
        0.0,
        ValueType.SHIFT,
        "Add this to the times that the journal shows, and to the Date of replies; may be negative.",
    )
    operations: tuple[str, ...] = _habit(
        OPERATIONS, ValueType.OPERATIONS, "The operations that meet the faults below, separated by commas."
    )
    fail_before: float = _habit(0.0, ValueType.SHARE, "Fail this share of requests before the work.")
    fail_after: float = _habit(0.0, ValueType.SHARE, "Do the work, then close without a reply.")
    late_work: float = _habit(0.0, ValueType.SHARE, "Close without a reply, and do the work --late-by after.")
    late_by: float = _habit(2.0, ValueType.SPAN, "How late that work is done.")
    slow: float = _habit(0.0, ValueType.SHARE, "Do the work, and answer --slow-by after.")
    slow_by: float = _habit(5.0, ValueType.SPAN, "How late that answer comes.")
    half_body: float = _habit(0.0, ValueType.SHARE, "Do the work, and close after half the body.")
    html: float = _habit(0.0, ValueType.SHARE, "Do the work, and answer 502 with a page of HTML.")
    reset: float = _habit(0.0, ValueType.SHARE, "Do the work, and reset the connection amid the body.")
    random_seed: int = _habit(
        0, ValueType.NUMBER, "What is drawn by chance, faults and failing runs, is drawn again alike from this seed."
    )

    @property
    def draws(self) -> bool:
        """Whether any request may meet a fault by chance."""
        return any(getattr(self, name) for name in SHARES)

    def as_json(self) -> dict[str, object]:
        """Return the habits as a JSON object: name to value."""
        return {**asdict(self), "operations": list(self.operations)}

    def changed(self, values: Mapping[str, object]) -> Habits:
        """Return these habits with the *values*, as read from JSON, of those that they name.

        Raises:
            SettingError: a name is unknown, a value does not fit its habit, or the shares add up to more than 1.
        """
        unknown = sorted(set(values) - set(HABITS))
        if unknown:
            raise SettingError(f"the twin has no habit {unknown[0]!r}", hint=f"the habits are {', '.join(HABITS)}")
        after = replace(self, **{name: _fitting(HABITS[name], value) for name, value in values.items()})  # type: ignore[arg-type]
        if sum(getattr(after, name) for name in SHARES) > 1:
            raise SettingError("the shares of requests that meet a fault add up to more than 1")
        return after


HABITS: Mapping[str, Habit] = {one.name: Habit(one.name, default=one.default, **one.metadata) for one in fields(Habits)}
SHARES = tuple(name for name, habit in HABITS.items() if habit.value_type is ValueType.SHARE)


def _fitting(habit: Habit, value: object) -> object:
    """Return *value* if *habit* may have it; null switches a habit off whose default is null."""
    if value is None and habit.default is None:
        return None
    if habit.value_type is ValueType.OPERATIONS:
        return _operations(value)
    if habit.value_type is ValueType.WORD:
        if value not in habit.words:
            raise SettingError(f"{habit.name} is {value!r}, and must be one of {', '.join(habit.words)}")
        return value
    if habit.value_type is ValueType.SWITCH or habit.value_type is ValueType.TEXT:
        expected = bool if habit.value_type is ValueType.SWITCH else str
        if not isinstance(value, expected) or value == "":
            raise SettingError(f"{habit.name} is {value!r}, and must be {_EXPECTED[habit.value_type]}")
        return value
    return _number(habit, value)


_EXPECTED = {
    ValueType.SWITCH: "true or false",
    ValueType.TEXT: "a text",
    ValueType.COUNT: "a whole number from 1",
    ValueType.NUMBER: "a whole number",
    ValueType.SHARE: "a number between 0 and 1",
    ValueType.RATE: "a number of requests per second, more than 0",
    ValueType.SPAN: "a number of seconds, from 0 to a hundred years of them",
    ValueType.SHIFT: "a number of seconds, at most a hundred years of them",
}


def _number(habit: Habit, value: object) -> float:
    value_type = habit.value_type
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole and (
        value_type in {ValueType.COUNT, ValueType.NUMBER} or not isinstance(value, float) or not isfinite(value)
    ):
        raise SettingError(f"{habit.name} is {value!r}, and must be {_EXPECTED[value_type]}")
    assert isinstance(value, (int, float))
    fits = {
        ValueType.COUNT: value >= 1,
        ValueType.NUMBER: True,
        ValueType.SHARE: 0 <= value <= 1,
        ValueType.RATE: 1e-6 <= value <= 1e9,
        ValueType.SPAN: 0 <= value <= _LONGEST_SECONDS,
        ValueType.SHIFT: abs(value) <= _LONGEST_SECONDS,
    }
    if not fits[value_type]:
        raise SettingError(f"{habit.name} is {value!r}, and must be {_EXPECTED[value_type]}")
    return value if value_type in {ValueType.COUNT, ValueType.NUMBER} else float(value)


def _operations(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, (list, tuple)) else str(value).split(",")
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise SettingError(f"operations names {unknown[0]!r}, and may name {', '.join(OPERATIONS)}")
    return tuple(str(name) for name in names)
