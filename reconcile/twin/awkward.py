"""How awkward the twin is: one flag for each habit of a real service that a client must live with. All off by default.

Each flag is a field that carries its own `Habit`: what kind of value it takes and what it does. The options of the
command line, the checks of what is changed at run time, and the table of the docs are read from there.
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


class Kind(Enum):
    """What a flag takes. Spans of time are in seconds, shares between 0 and 1."""

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
    """One flag: its name, what it takes (*words*: one of these), and what it does."""

    name: str
    kind: Kind
    says: str
    words: tuple[str, ...]
    default: object

    @property
    def option(self) -> str:
        """The flag as an option of the command line."""
        return f"--{self.name.replace('_', '-')}"


def _flag(default: Any, kind: Kind, says: str, *words: str) -> Any:
    return field(default=default, metadata={"kind": kind, "says": says, "words": words})


@dataclass(frozen=True)
class Awkward:
    """The awkward habits that are switched on."""

    save: str = _flag("upsert", Kind.WORD, "What a save over a code does to its job.", "upsert", "append", "replace")
    max_codes: int | None = _flag(None, Kind.COUNT, "Take at most so many codes a query.")
    too_many: str = _flag("refuse", Kind.WORD, "Refuse a query beyond that, or cut its list silently.", "refuse", "cut")
    unknown_code: str = _flag(
        "omit",
        Kind.WORD,
        "How a code without a job is answered; with null or no resp_data where none of the codes has one.",
        "omit",
        "null-row",
        "null-data",
        "no-data",
        "error",
    )
    normalise_cron: bool = _flag(False, Kind.SWITCH, "Store crons in capitals, single-spaced and with a year.")
    save_enables: bool = _flag(False, Kind.SWITCH, "A save switches a disabled job on.")
    inactive_word: str = _flag("disable", Kind.TEXT, "The jobstatus of a disabled job.")
    group_job_id: str = _flag(
        "same", Kind.WORD, "Acknowledge a save with the jobinfoid, or with another id.", "same", "other"
    )
    ids: str = _flag("text", Kind.WORD, "Write ids as texts, or as JSON integers, as a Long is.", "text", "number")
    jobstatus: str = _flag(
        "word", Kind.WORD, "Write jobstatus as a word, as 1 and 0, or as true and false.", "word", "number", "boolean"
    )
    repeat_rows: str = _flag(
        "never", Kind.WORD, "Answer a query with each row twice; or with another cron.", "never", "same", "other-cron"
    )
    spoilt_code: str | None = _flag(None, Kind.TEXT, "Answer a query with a row of this code that holds a null.")
    spoilt_field: str = _flag(
        "cronexpression",
        Kind.WORD,
        "What is null in that row.",
        "cronexpression",
        "jobinfoid",
        "jobstatus",
        "bizcode",
    )
    charset: str | None = _flag(None, Kind.TEXT, "Answer in this charset, and declare it; an unknown one is declared.")
    beside: str | None = _flag(
        None, Kind.TEXT, "Put this beside the resp_data of each answer: a JSON object of members, or an error_code."
    )
    errors: str = _flag(
        "envelope",
        Kind.WORD,
        "Errors are HTTP 200 with resp_code and no data, 200 with error_code beside empty data, or 4xx and 5xx.",
        "envelope",
        "beside",
        "status",
    )
    tenant_unknown: str | None = _flag(None, Kind.TEXT, "Answer this tenant with the error that there is none.")
    latency: float = _flag(0.0, Kind.SPAN, "Wait so long before each answer.")
    rate: float | None = _flag(None, Kind.RATE, "Serve so many requests, then answer 429 with Retry-After.")
    tenant_down: str | None = _flag(None, Kind.TEXT, "Answer 503 to this tenant.")
    required_header: str | None = _flag(
        None, Kind.TEXT, "Answer 401 without this header, 'Name: value' or only 'Name'."
    )
    retention: float | None = _flag(None, Kind.SPAN, "Keep journal rows for so long.")
    clock_skew: float = _flag(0.0, Kind.SHIFT, "Add this to the times that the journal shows; may be negative.")
    operations: tuple[str, ...] = _flag(
        OPERATIONS, Kind.OPERATIONS, "The operations that meet the faults below, separated by commas."
    )
    fail_before: float = _flag(0.0, Kind.SHARE, "Fail this share of requests before the work.")
    fail_after: float = _flag(0.0, Kind.SHARE, "Do the work, then close without a reply.")
    late_work: float = _flag(0.0, Kind.SHARE, "Close without a reply, and do the work --late-by after.")
    late_by: float = _flag(2.0, Kind.SPAN, "How late that work is done.")
    slow: float = _flag(0.0, Kind.SHARE, "Do the work, and answer --slow-by after.")
    slow_by: float = _flag(5.0, Kind.SPAN, "How late that answer comes.")
    half_body: float = _flag(0.0, Kind.SHARE, "Do the work, and close after half the body.")
    html: float = _flag(0.0, Kind.SHARE, "Do the work, and answer 502 with a page of HTML.")
    reset: float = _flag(0.0, Kind.SHARE, "Do the work, and reset the connection amid the body.")
    random_seed: int = _flag(
        0, Kind.NUMBER, "What is drawn by chance, faults and failing runs, is drawn again alike from this seed."
    )

    @property
    def draws(self) -> bool:
        """Whether any request may meet a fault by chance."""
        return any(getattr(self, name) for name in SHARES)

    def as_json(self) -> dict[str, object]:
        """Return the flags as a JSON object: name to value."""
        return {**asdict(self), "operations": list(self.operations)}

    def changed(self, flags: Mapping[str, object]) -> Awkward:
        """Return these flags with *flags*, as read from JSON, in place of the ones of the same names.

        Raises:
            SettingError: a name is unknown, a value does not fit its flag, or the shares add up to more than 1.
        """
        unknown = sorted(set(flags) - set(HABITS))
        if unknown:
            raise SettingError(f"the twin has no flag {unknown[0]!r}", hint=f"the flags are {', '.join(HABITS)}")
        after = replace(self, **{name: _fitting(HABITS[name], value) for name, value in flags.items()})  # type: ignore[arg-type]
        if sum(getattr(after, name) for name in SHARES) > 1:
            raise SettingError("the shares of requests that meet a fault add up to more than 1")
        return after


HABITS: Mapping[str, Habit] = {
    one.name: Habit(one.name, default=one.default, **one.metadata) for one in fields(Awkward)
}
SHARES = tuple(name for name, habit in HABITS.items() if habit.kind is Kind.SHARE)


def _fitting(habit: Habit, value: object) -> object:
    """*value*, when it is one that the flag of *habit* may have; null switches a flag off that has no other off."""
    if value is None and habit.default is None:
        return None
    if habit.kind is Kind.OPERATIONS:
        return _operations(value)
    if habit.kind is Kind.WORD:
        if value not in habit.words:
            raise SettingError(f"{habit.name} is {value!r}, and must be one of {', '.join(habit.words)}")
        return value
    if habit.kind is Kind.SWITCH or habit.kind is Kind.TEXT:
        wanted = bool if habit.kind is Kind.SWITCH else str
        if not isinstance(value, wanted) or value == "":
            raise SettingError(f"{habit.name} is {value!r}, and must be {_KINDS[habit.kind]}")
        return value
    return _number(habit, value)


_KINDS = {
    Kind.SWITCH: "true or false",
    Kind.TEXT: "a text",
    Kind.COUNT: "a whole number from 1",
    Kind.NUMBER: "a whole number",
    Kind.SHARE: "a number between 0 and 1",
    Kind.RATE: "a number of requests per second, more than 0",
    Kind.SPAN: "a number of seconds, from 0 to a hundred years of them",
    Kind.SHIFT: "a number of seconds, at most a hundred years of them",
}


def _number(habit: Habit, value: object) -> float:
    kind = habit.kind
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole and (kind in {Kind.COUNT, Kind.NUMBER} or not isinstance(value, float) or not isfinite(value)):
        raise SettingError(f"{habit.name} is {value!r}, and must be {_KINDS[kind]}")
    assert isinstance(value, (int, float))
    fits = {
        Kind.COUNT: value >= 1,
        Kind.NUMBER: True,
        Kind.SHARE: 0 <= value <= 1,
        Kind.RATE: 1e-6 <= value <= 1e9,
        Kind.SPAN: 0 <= value <= _LONGEST_SECONDS,
        Kind.SHIFT: abs(value) <= _LONGEST_SECONDS,
    }
    if not fits[kind]:
        raise SettingError(f"{habit.name} is {value!r}, and must be {_KINDS[kind]}")
    return value if kind in {Kind.COUNT, Kind.NUMBER} else float(value)


def _operations(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, (list, tuple)) else str(value).split(",")
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise SettingError(f"operations names {unknown[0]!r}, and may name {', '.join(OPERATIONS)}")
    return tuple(str(name) for name in names)
