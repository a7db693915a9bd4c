"""`Term`: one piece of a field, the text between two commas, parsed exactly as Quartz does, with its sloppy forms.

Quartz's parser takes one character after the other and often ignores the rest. Each grammar rule below is Quartz's
rule. A term keeps the ignored text, so that a lint rule can report it. Source: QUARTZ_CRON.md, 3 to 5.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from reconcile.cron.fields import DAY_OF_MONTH, DAY_OF_WEEK, EVERY, MONTH, NO_VALUE, YEAR, Field

_INT_MAX = 2**31 - 1
# With more years than this in one range, Quartz's constructor runs out of memory.
_ENDLESS_YEARS = 1_000_000
_LAST_FORM = re.compile(r"L-[0-9]*W?")
_COMMON = re.compile(r"(\*(?=/)|[0-9]{1,2})(?:-([0-9]{1,2}))?(?:/([0-9]{1,2}))?")
_SIGNED = re.compile(r"[+-]?\d+")
_DIGITS = re.compile(r"[0-9]+")
_FURTHER_DIGITS = re.compile(r"\d[0-9]*")


class Form(StrEnum):
    """The form of a piece."""

    EVERY = "every"
    NONE = "none"
    VALUE = "value"
    RANGE = "range"
    STEP = "step"
    LAST = "last"
    NEAREST = "nearest"
    NTH = "nth"
    LAST_OF = "last-of"
    IGNORED = "ignored"


class Term(NamedTuple):
    """One piece. *text* is the piece in upper case, *column* is where it begins in its field, from 0.

    *first*, *last* and *step* are numbers of the field: `5` is VALUE first=5; `1-5/2` is RANGE 1, 5, 2; `*/5` and `3/5`
    are STEP (last None: to the field's end). LAST is day-of-month ``L`` (*step* days before it; *nearest_weekday* for
    ``LW``). NEAREST is ``15W``. NTH is ``6#3`` (*step* is the 3). LAST_OF is ``6L``. IGNORED is an ``L`` in a field
    where it adds nothing. ``5-9/0`` is VALUE 5; its *last* is still checked. *ignored* is the text that Quartz does not
    read. *magic*: 99 or 98 is written as a number. *named*: the value is written as a name, such as ``MON``.
    """

    form: Form
    text: str
    column: int
    first: int = 0
    last: int | None = None
    step: int = 1
    nearest_weekday: bool = False
    ignored: str = ""
    magic: bool = False
    named: bool = False


class ParsedField(NamedTuple):
    """One parsed field: its upper-case *text*, the *column* where it begins in the expression, and its terms.

    *has_no_value*: the field counts as ``?``.
    """

    field: Field
    text: str
    column: int
    terms: tuple[Term, ...]
    has_no_value: bool


class TermError(Exception):
    """Quartz refuses a piece, with Quartz's own message; *at* and *width* are characters of the piece."""

    def __init__(self, message: str, at: int = 0, width: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.width = width


def read_term(text: str, field: Field, column: int, max_year: int) -> Term:
    """term = name | "?" | every | last | number            Raises TermError as Quartz would."""
    common = read_common(text, field, column)
    if common is not None:
        return common
    first = text[0]
    if "A" <= first <= "Z" and text not in ("L", "LW") and not _LAST_FORM.fullmatch(text):
        term = _name(text, field, column)
    elif first == "?":
        term = _no_value(text, field, column)
    elif first in "*/":
        term = _every(text, field, column)
    elif first == "L":
        term = _last(text, field, column)
    elif "0" <= first <= "9":
        term = _number(text, field, column)
    else:
        raise TermError(f"Unexpected character: {first}")
    _check(term, field, max_year)
    return term


def read_common(text: str, field: Field, column: int) -> Term | None:
    """Return the term of a regular range or step, the common case; None for any other text."""
    match = _COMMON.fullmatch(text)
    if match is None or field is YEAR:
        return None
    begin, end, by = match.groups()
    first, step = field.first if begin == "*" else int(begin), int(by or 1)
    last, highest = int(end) if end else None, field.last or 0
    if not field.first <= first <= highest or not 1 <= step <= (field.largest_step or 0):
        return None
    if last is None:
        return Term(Form.STEP, text, column, first, None, step) if by else None
    return Term(Form.RANGE, text, column, first, last, step) if field.first <= last <= highest else None


def _name(text: str, field: Field, column: int) -> Term:
    """name = NAME | NAME "-" NAME | NAME "#" nth | NAME "L"            (day-of-week; month: the first two)"""
    first = _named(text, 0, field)
    following = text[3:4]
    if following == "-":
        last = _named(text, 4, field)
        return Term(Form.RANGE, text, column, first, last, ignored=text[7:], named=True)
    if field is DAY_OF_WEEK and following == "#":
        return Term(Form.NTH, text, column, first, step=_nth(text, 4), named=True)
    if field is DAY_OF_WEEK and following == "L":
        return Term(Form.LAST_OF, text, column, first, ignored=text[4:], named=True)
    return Term(Form.VALUE, text, column, first, ignored=text[3:], named=True)


def _named(text: str, at: int, field: Field) -> int:
    name = text[at : at + 3]
    if len(name) < 3:
        raise TermError(f"Illegal cron expression format (a name has three letters: {name!r})", at, max(1, len(name)))
    if field is not MONTH and field is not DAY_OF_WEEK:
        raise TermError(f"Illegal characters for this position: '{name}'", at, 3)
    if name not in field.names:
        kind = "Month" if field is MONTH else "Day-of-Week"
        raise TermError(f"Invalid {kind} value: '{name}'", at, 3)
    return field.names.index(name) + 1


def _nth(text: str, at: int) -> int:
    """nth = ["+"] digits            from 1 to 5, to the end of the piece"""
    number = _signed(text[at:])
    if number is None or not 1 <= number <= 5:
        raise TermError("A numeric value between 1 and 5 must follow the '#' option", at, max(1, len(text) - at))
    return number


def _no_value(text: str, field: Field, column: int) -> Term:
    """no value = "?" [any one character]            day-of-month and day-of-week"""
    if len(text) > 2:
        raise TermError(f"Illegal character after '?': {text[1]}", 1)
    if field is not DAY_OF_MONTH and field is not DAY_OF_WEEK:
        raise TermError("'?' can only be specified for Day-of-Month or Day-of-Week.")
    return Term(Form.NONE, text, column, ignored=text[1:])


def _every(text: str, field: Field, column: int) -> Term:
    """every = "*" [rubbish] | ["*"] "/" signed            a step of 0 or less means every"""
    if text == "/":
        raise TermError("'/' must be followed by an integer.")
    rest = text.removeprefix("*")
    if not rest.startswith("/"):
        return Term(Form.EVERY, text, column, ignored=rest)
    if rest == "/":
        raise TermError("Unexpected end of string.", len(text) - 1)
    at = len(text) - len(rest) + 1
    step = _signed(rest[1:])
    if step is None:
        raise TermError(f"Illegal cron expression format (not a number: {rest[1:]!r})", at, len(text) - at)
    _check_step(step, field, at, len(text) - at)
    if step <= 0:
        return Term(Form.EVERY, text, column, ignored=rest)
    return Term(Form.STEP, text, column, field.first, None, step)


def _last(text: str, field: Field, column: int) -> Term:
    """last = "L" | "LW" | "L-" digits ["W"]            outside the day fields it adds nothing"""
    if field is DAY_OF_WEEK:
        return Term(Form.VALUE, text, column, 7, ignored=text[1:])
    if field is not DAY_OF_MONTH:
        return Term(Form.IGNORED, text, column)
    offset = 0
    if text.startswith("L-"):
        if len(text) == 2:
            raise TermError("Illegal cron expression format (a number must follow 'L-')", 1)
        digits = text[2:].rstrip("W")
        offset = _bounded("0" + digits, 2)
        if offset > 30:
            raise TermError("Offset from last day must be <= 30", 2, len(digits))
    return Term(Form.LAST, text, column, step=offset, nearest_weekday=text.endswith("W"))


def _number(text: str, field: Field, column: int) -> Term:
    """number = digits [ "L" | "W" | "#" nth | "-" digits ["/" digits] | "/" digits | rubbish ]"""
    match = _DIGITS.match(text)
    assert match is not None, "the caller saw a digit"
    value, at = _bounded(match.group(), 0), match.end()
    following = text[at : at + 1]
    if following == "L":
        return _last_of(text, field, column, value, at)
    if following == "W":
        return _nearest(text, field, column, value, at)
    if following == "#":
        if field is not DAY_OF_WEEK:
            raise TermError(f"'#' option is not valid here. (pos={at})", at)
        return Term(Form.NTH, text, column, value, step=_nth(text, at + 1))
    if following == "-":
        return _range(text, column, value, at + 1)
    if following == "/":
        return _step(text, field, column, value, at + 1)
    return Term(Form.VALUE, text, column, value, ignored=text[at:])


def _last_of(text: str, field: Field, column: int, value: int, at: int) -> Term:
    """last of = digit "L"            day-of-week"""
    if field is not DAY_OF_WEEK:
        raise TermError(f"'L' option is not valid here. (pos={at})", at)
    if not 1 <= value <= 7:
        raise TermError(DAY_OF_WEEK.range_error, 0, at)
    return Term(Form.LAST_OF, text, column, value, ignored=text[at + 1 :])


def _nearest(text: str, field: Field, column: int, value: int, at: int) -> Term:
    """nearest = digits "W"            day-of-month"""
    if field is not DAY_OF_MONTH:
        raise TermError(f"'W' option is not valid here. (pos={at})", at)
    if value > 31:
        message = "The 'W' option does not make sense with values larger than 31 (max number of days in a month)"
        raise TermError(message, 0, at)
    return Term(Form.NEAREST, text, column, value, ignored=text[at + 1 :])


def _range(text: str, column: int, first: int, at: int) -> Term:
    """range = number "-" digits ["/" digits]            the rest is ignored; a step of 0 leaves the first number"""
    last, at = _digits(text, at)
    step = 1
    if text[at : at + 1] == "/":
        step, at = _digits(text, at + 1)
    if step == 0 and first != EVERY:
        # The last number has no effect, but is checked.
        return Term(Form.VALUE, text, column, first, last, ignored=text[text.index("-") :])
    step = max(step, 1)
    return Term(Form.RANGE, text, column, first, last, step, ignored=text[at:])


def _step(text: str, field: Field, column: int, first: int, at: int) -> Term:
    """step = number "/" digits            after two digits or more, the rest is ignored"""
    if at >= len(text):
        raise TermError("'/' must be followed by an integer.", at - 1)
    step, end = _digits(text, at)
    if end < len(text) and end - at == 1:
        raise TermError(f"Unexpected character '{text[end]}' after '/'", end)
    _check_step(step, field, at, end - at)
    if step == 0:
        return Term(Form.VALUE, text, column, first, ignored=text[at - 1 :])
    return Term(Form.STEP, text, column, first, None, step, ignored=text[end:])


def _digits(text: str, at: int) -> tuple[int, int]:
    """digits = any decimal digit { ASCII digit }            as Java reads one character, then the rest"""
    match = _FURTHER_DIGITS.match(text, at)
    if match is None:
        found = f"not a number: {text[at : at + 1]!r}" if at < len(text) else "a number is missing"
        raise TermError(f"Illegal cron expression format ({found})", min(at, len(text) - 1))
    return _bounded(match.group(), at), match.end()


def _bounded(digits: str, at: int) -> int:
    number = int(digits) if len(digits) < 20 else int(digits.lstrip("0")[:20] or "0")
    if number > _INT_MAX:
        raise TermError(f"Illegal cron expression format (a number too large: {digits[:20]})", at, len(digits))
    return number


def _signed(text: str) -> int | None:
    """Return Java's ``Integer.parseInt(text)``; None where it throws. It accepts decimal digits of any script."""
    if not _SIGNED.fullmatch(text) or len(text) > 400:
        return None
    number = int(text)
    return number if -_INT_MAX - 1 <= number <= _INT_MAX else None


def _check_step(step: int, field: Field, at: int, width: int) -> None:
    if field.largest_step is not None and step > field.largest_step:
        raise TermError(f"Increment > {field.step_word} : {step}", at, width)


def _check(term: Term, field: Field, max_year: int) -> None:
    """Check ranges only where Quartz does: not before ``L``, ``W`` and ``#``."""
    if term.form not in (Form.VALUE, Form.RANGE, Form.STEP) or (term.form is Form.STEP and term.text[0] in "*/"):
        return
    if field is YEAR:
        _check_years(term, max_year)
        return
    low = 1 if field.first == 1 else 0
    assert field.last is not None, "only a year has no last value"
    magic = term.first == EVERY or (term.first == NO_VALUE and field in (DAY_OF_MONTH, DAY_OF_WEEK))
    if not magic and (term.first < low or term.first > field.last or (term.last or 0) > field.last):
        raise TermError(field.range_error, 0, len(term.text))


def _check_years(term: Term, max_year: int) -> None:
    last = max_year if term.last is None else term.last
    first = YEAR.first if term.first == EVERY else term.first
    if term.form is not Form.VALUE and last < first:
        thrown = "java.lang.IllegalArgumentException: Start year must be less than stop year"
        raise TermError(f"Illegal cron expression format ({thrown})", 0, len(term.text))
    if term.form is Form.RANGE and (last - first) // term.step > _ENDLESS_YEARS:
        raise TermError("an endless range of years: Quartz runs out of memory on it", 0, len(term.text))


def resolve_magic(term: Term, field: Field) -> Term:
    """Return *term* with the numbers 99 and 98 as Quartz reads them: 99 as ``*``, and 98 in the day fields as ``?``."""
    if term.form not in (Form.VALUE, Form.RANGE, Form.STEP) or term.named or term.text[0] in "*/L":
        return term
    if term.first == EVERY:
        if term.form is Form.VALUE:
            return term._replace(form=Form.EVERY, magic=True)
        return term._replace(first=field.first, magic=True)
    if term.first == NO_VALUE and field in (DAY_OF_MONTH, DAY_OF_WEEK) and term.form is Form.VALUE:
        return term._replace(form=Form.NONE, magic=True)
    return term
