"""What stands beside ``resp_data``: whether a reply says that there is an error. Pure.

The API documents no errors. Services of its kind answer HTTP 200 with an empty list, and say what is wrong beside it.

======================================  ================================================================================
member                                  it is no error
======================================  ================================================================================
a code: `error_code`, `resp_code`,      null, empty, zeros of any length, 200, one of `service.success_codes`
`code`, `errcode`
`success`                               null, empty, true, 1, one of `service.success_codes`
`error_msg`, `errmsg`                   no text, or one of `service.success_codes`
`resp_msg`, `message`, `msg`            the same; and wherever a code or `success` is there, for then that decides
======================================  ================================================================================

Anything else is an error, and one is enough. Names count without case and underscores (`errorCode`); texts without case
and with every run of white space as one blank.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from reconcile.text import one_line

LONGEST_CODE = 200
"""The longest text, in characters, that `service.success_codes` takes."""


class Role(Enum):
    """What a member beside the data is."""

    CODE = auto()
    SUCCESS = auto()
    ERROR_TEXT = auto()
    TEXT = auto()


ROLES: Mapping[str, Role] = {
    "error_code": Role.CODE,
    "resp_code": Role.CODE,
    "code": Role.CODE,
    "errcode": Role.CODE,
    "success": Role.SUCCESS,
    "error_msg": Role.ERROR_TEXT,
    "errmsg": Role.ERROR_TEXT,
    "resp_msg": Role.TEXT,
    "message": Role.TEXT,
    "msg": Role.TEXT,
}
"""The members that say how a call went, by name."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member beside the data: *text* is its value as text, or the JSON that stands there; None for what is longer
    than one value, an object or a list."""

    name: str
    role: Role
    text: str | None

    @property
    def is_allowable(self) -> bool:
        """Whether `service.success_codes` can name the value."""
        return self.text is not None and len(one_line(self.text)) <= LONGEST_CODE


@dataclass(frozen=True, slots=True)
class Said:
    """That there is an error: *errors* are the members that make it one, *texts* what else the service says of it."""

    errors: tuple[Member, ...]
    texts: tuple[Member, ...] = ()


def error_beside(members: Mapping[str, object], success_codes: Collection[str]) -> Said | None:
    """Return the error that *members*, all but ``resp_data``, tell; None when they tell none.

    >>> error_beside({"resp_code": "000000", "resp_msg": "done"}, ()) is None
    True
    >>> [member.text for member in error_beside({"error_code": "no such tenant"}, ()).errors]
    ['no such tenant']
    """
    told = [(name, role, value) for name, value in members.items() if (role := _ROLES.get(_folded(name)))]
    if not told:
        return None
    allowed = frozenset(map(_compared, success_codes))
    decided = any(role in (Role.CODE, Role.SUCCESS) for _, role, _ in told)
    errors = tuple(
        _member(name, role, value)
        for name, role, value in told
        if not (decided and role is Role.TEXT) and not _is_harmless(role, value, allowed)
    )
    if not errors:
        return None
    return Said(errors, tuple(_texts(told, {error.name for error in errors})))


def json_text(value: str | float | bool) -> str:
    """Return *value* as text: a text as it is, anything else as JSON. Of a reply, numbers are texts already."""
    return str(value) if isinstance(value, str) else json.dumps(value)


def _is_harmless(role: Role, value: object, allowed: Collection[str]) -> bool:
    if value is None or (isinstance(value, str) and not one_line(value)):
        return True
    if not isinstance(value, (str, float, bool)):
        return not value and role in (Role.ERROR_TEXT, Role.TEXT)
    text = _compared(json_text(value))
    if text in allowed:
        return True
    if role is Role.CODE:
        return not isinstance(value, bool) and _HARMLESS_CODE.fullmatch(text) is not None
    if role is Role.SUCCESS:
        return text in ("true", "1")
    return value is False


def _texts(told: Iterable[tuple[str, Role, object]], errors: Collection[str]) -> Iterable[Member]:
    for name, role, value in told:
        if name not in errors and role in (Role.ERROR_TEXT, Role.TEXT) and isinstance(value, str) and one_line(value):
            yield _member(name, role, value)


def _member(name: str, role: Role, value: object) -> Member:
    return Member(name, role, json_text(value) if isinstance(value, (str, float, bool)) else None)


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _compared(text: str) -> str:
    return one_line(text).casefold()


_ROLES: Mapping[str, Role] = {_folded(name): role for name, role in ROLES.items()}
_HARMLESS_CODE = re.compile(r"0+(\.0*)?(e[+-]?[0-9]+)?|200(\.0*)?")
