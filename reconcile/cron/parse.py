"""Parse a text into an expression, and refuse what Quartz refuses, in the same order.

Quartz upper-cases the text, splits it on runs of blanks and tabs only, and reads one field after the other. So it
reports the first fault from the left. Source: QUARTZ_CRON.md, 1 and 8.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reconcile.cron.days import is_empty
from reconcile.cron.expression import Expression
from reconcile.cron.fields import DAY_OF_MONTH, DAY_OF_WEEK, DAYS, FIELDS, MAX_YEAR, YEAR, Field
from reconcile.cron.terms import Form, ParsedField, Term, TermError, read_common, read_term, resolve_magic
from reconcile.errors import CronSyntaxError

_FIELD = re.compile(r"[^ \t]+")
_PIECE = re.compile(r"[^,]+")
_BLANKS = "".join(map(chr, range(0x21)))
_CACHED = 65_536

_BOTH_DAYS = "Support for specifying both a day-of-week AND a day-of-month parameter is not implemented."
_TWO_NONE = "'?' can only be specified for Day-of-Month -OR- Day-of-Week."


def _is_no_value(term: Term) -> bool:
    # `98#3`: Quartz does not check the number before `#`, and then takes 98 in the set of days for "no value".
    return term.form is Form.NONE or (term.form is Form.NTH and term.first == 98)


def _plain(field: Field) -> dict[str, tuple[tuple[Term], bool]]:
    texts = ["*", *map(str, range(field.first, (field.last or 0) + 1)), *field.names]
    if field in (DAY_OF_MONTH, DAY_OF_WEEK):
        texts += ["?", "L"]
    if field is DAY_OF_WEEK:
        texts += [f"{first}-{last}" for first in DAYS for last in DAYS]
    terms = [read_term(text, field, 0, MAX_YEAR) for text in texts]
    return {term.text: ((term,), _is_no_value(term)) for term in terms}


# Most fields are `*`, `?`, a number within range or names: these are parsed beforehand.
_PLAIN = tuple(map(_plain, FIELDS))
_EVERY_YEAR = _PLAIN[6]["*"]


LONGEST = 4_000
"""The longest text that is parsed, in characters. A declared cron has at most a tenth of it."""


def parse(text: str, *, max_year: int = MAX_YEAR, quartz: str = "2.3") -> Expression:
    """Return the expression in *text*, as Quartz *quartz* (``2.3`` or ``2.5``) reads it.

    *max_year* is the last year that fires. It also decides whether a few texts are valid: ``2200/5`` starts after 2126.
    Callers that have a clock pass this year + 100, as Quartz does.

    Raises:
        CronSyntaxError: Quartz refuses it; the error has the characters, the field's name and a hint. Or the text is
            longer than `LONGEST`, which Quartz may accept: a live cron of that length is compared as text.

    >>> str(parse("0 */30 8-19 ? * * *"))
    '0 */30 8-19 ? * * *'
    """
    if len(text) > LONGEST:
        message = f"{len(text)} characters are not read as a cron expression: at most {LONGEST} are"
        raise CronSyntaxError(message, text=text, column=LONGEST, width=len(text) - LONGEST)
    found = _parse(text, max_year, quartz)
    if isinstance(found, Expression):
        return found
    raise CronSyntaxError(**found)  # type: ignore[arg-type]


def same_fires(one: Expression | str, other: Expression | str) -> bool:
    """Return True only when both provably fire at the same times, up to the last year of each.

    A text that Quartz refuses is the same only as an identical text.

    >>> same_fires("0 0/30 * * * ?", "0 */30 * ? * * *")
    True
    """
    if one == other:
        return True
    try:
        left = parse(one) if isinstance(one, str) else one
        right = parse(other) if isinstance(other, str) else other
    except CronSyntaxError:
        return False
    return left.meaning == right.meaning


@lru_cache(maxsize=_CACHED)
def _parse(text: str, max_year: int, quartz: str) -> Expression | dict[str, object]:
    """The expression, or the arguments of its error: both are cached."""
    try:
        return _read(text, max_year, quartz)
    except _FaultError as fault:
        from reconcile.cron.syntax_hints import hint_for

        field = fault.field.name if fault.field is not None else None
        column = _written_column(text, fault.column)
        return {
            "message": fault.message,
            "text": text,
            "column": column,
            "width": _written_column(text, fault.column + fault.width - 1) - column + 1,
            "field": field,
            "hint": hint_for(text, fault.message, field),
        }


def _written_column(text: str, column: int) -> int:
    """Return the column in *text* for *column* in its upper case: they differ, since ``ß`` becomes two letters."""
    end = 0
    for index, character in enumerate(text):
        end += len(character.upper())
        if column < end:
            return index
    return max(0, len(text) - 1)


class _FaultError(Exception):
    """Quartz refuses the text; *column* and *width* are characters of the whole text."""

    def __init__(self, message: str, column: int, width: int = 1, field: Field | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.width = width
        self.field = field


def _read(text: str, max_year: int, quartz: str) -> Expression:
    """expression = second minute hour day-of-month month day-of-week [ year [ ignored ... ] ]"""
    upper = text.upper()
    words = _FIELD.findall(upper)
    fields, end = [], 0
    for field, known, word in zip(FIELDS, _PLAIN, words[:6], strict=False):
        column = upper.index(word, end)
        end = column + len(word)
        plain = known.get(word)
        if plain is None:
            fields.append(_field(field, word, column, max_year, quartz))
        else:
            fields.append(ParsedField(field, word, column, *plain))
    if len(fields) < 6:
        raise _FaultError("Unexpected end of expression.", len(upper.rstrip(_BLANKS)))
    month_days, week_days = fields[3], fields[5]
    if "?" in week_days.text:
        _check_two_none(month_days, week_days)
    surplus = ""
    if len(words) == 6:
        fields.append(ParsedField(YEAR, "*", len(upper), *_EVERY_YEAR))
    else:
        column = upper.index(words[6], end)
        if words[6] == "*":
            fields.append(ParsedField(YEAR, "*", column, *_EVERY_YEAR))
        else:
            fields.append(_field(YEAR, words[6], column, max_year, quartz))
        surplus = upper[column + len(words[6]) :].lstrip(" \t") if len(words) > 7 else ""
    if surplus and quartz != "2.3":
        place = len(upper) - len(surplus)
        raise _FaultError("Illegal cron expression format: more than 7 fields", place, len(surplus))
    if month_days.has_no_value == week_days.has_no_value:
        raise _FaultError(_BOTH_DAYS, week_days.column, len(week_days.text), DAY_OF_WEEK)
    return Expression(text, max_year, quartz, tuple(fields), surplus)


def _field(field: Field, word: str, column: int, max_year: int, quartz: str) -> ParsedField:
    text = word.strip(_BLANKS)
    if text != word:
        column += len(word) - len(word.lstrip(_BLANKS))
    found = _terms(field.index, text, max_year, quartz)
    if isinstance(found, TermError):
        raise _FaultError(found.message, column + found.at, found.width, field)
    terms, has_no_value = found
    return ParsedField(field, text, column, terms, has_no_value)


@lru_cache(maxsize=_CACHED)
def _terms(index: int, text: str, max_year: int, quartz: str) -> tuple[tuple[Term, ...], bool] | TermError:
    """field = piece { "," piece }            Empty pieces are dropped; the flag: it counts as ``?``."""
    field = FIELDS[index]
    common = read_common(text, field, 0)
    if common is not None:
        return (common,), False
    try:
        _check_lists(field, text, quartz)
    except TermError as refused:
        return refused
    terms = []
    for piece in _PIECE.finditer(text):
        try:
            term = read_term(piece.group(), field, piece.start(), max_year)
        except TermError as refused:
            return TermError(refused.message, piece.start() + refused.at, refused.width)
        if term.form is Form.IGNORED and quartz != "2.3":
            return TermError(f"'L' option is not valid here. (pos={piece.start() + 1})", piece.start())
        terms.append(resolve_magic(term, field))
    return tuple(terms), any(_is_no_value(term) for term in terms)


def _check_lists(field: Field, text: str, quartz: str) -> None:
    """Refuse a list that Quartz refuses before it reads the pieces."""
    has_last = "L" in text and len(text) > 1 and "," in text
    if has_last and field is DAY_OF_MONTH and quartz == "2.3":
        message = "Support for specifying 'L' and 'LW' with other days of the month is not implemented"
        raise TermError(message, 0, len(text))
    if has_last and field is DAY_OF_WEEK:
        message = "Support for specifying 'L' with other days of the week is not implemented"
        raise TermError(message, 0, len(text))
    if field is DAY_OF_WEEK and text.count("#") > 1:
        raise TermError('Support for specifying multiple "nth" days is not implemented.', 0, len(text))


def _check_two_none(month_days: ParsedField, week_days: ParsedField) -> None:
    """Refuse ``?`` in both day fields, as Quartz does: it checks only the largest value of day-of-month."""
    marks = [term for term in week_days.terms if term.form is Form.NONE and not term.magic]
    if not marks or any(term.form is Form.LAST for term in month_days.terms):
        return
    if is_empty(month_days.terms, DAY_OF_MONTH):
        raise _FaultError("Illegal cron expression format (day-of-month is empty)", month_days.column, 1, DAY_OF_MONTH)
    every = any(term.form is Form.EVERY for term in month_days.terms)
    if month_days.has_no_value and not every:
        raise _FaultError(_TWO_NONE, week_days.column + marks[0].column, 1, DAY_OF_WEEK)
