"""Whether a reply reports an error in the members beside its ``resp_data``. Pure.

The API documents no errors. Services of its kind answer HTTP 200 with an empty list, and say what is wrong beside it.

======================================  ================================================================================
member                                  it is not an error
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


class MemberRole(Enum):
    """What a member beside the data is."""

    CODE = auto()
    SUCCESS = auto()
    ERROR_TEXT = auto()
    TEXT = auto()


ROLES: Mapping[str, MemberRole] = {
    "error_code": MemberRole.CODE,
    "resp_code": MemberRole.CODE,
    "code": MemberRole.CODE,
    "errcode": MemberRole.CODE,
    "success": MemberRole.SUCCESS,
    "error_msg": MemberRole.ERROR_TEXT,
    "errmsg": MemberRole.ERROR_TEXT,
    "resp_msg": MemberRole.TEXT,
    "message": MemberRole.TEXT,
    "msg": MemberRole.TEXT,
}
"""The members that say how a request went, by name."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member beside the data: *text* is its value, as text or as JSON; None for an object or a list."""

    name: str
    role: MemberRole
    text: str | None

    @property
    def is_allowable(self) -> bool:
        """Whether `service.success_codes` can name the value."""
        return self.text is not None and len(one_line(self.text)) <= LONGEST_CODE


@dataclass(frozen=True, slots=True)
class ReportedError:
    """An error in a reply: *errors* are the members that report it, *texts* further texts of the service about it."""

    errors: tuple[Member, ...]
    texts: tuple[Member, ...] = ()


def reported_error(members: Mapping[str, object], success_codes: Collection[str]) -> ReportedError | None:
    """Return the error that *members*, all but ``resp_data``, report; None when they report none.

    >>> reported_error({"resp_code": "000000", "resp_msg": "done"}, ()) is None
    True
    >>> [member.text for member in reported_error({"error_code": "no such tenant"}, ()).errors]
    ['no such tenant']
    """
    known = [(name, role, value) for name, value in members.items() if (role := _ROLES.get(_folded(name)))]
    if not known:
        return None
    allowed = frozenset(map(_compared, success_codes))
    decided = any(role in (MemberRole.CODE, MemberRole.SUCCESS) for _, role, _ in known)
    errors = tuple(
        _member(name, role, value)
        for name, role, value in known
        if not (decided and role is MemberRole.TEXT) and not _is_harmless(role, value, allowed)
    )
    if not errors:
        return None
    return ReportedError(errors, tuple(_texts(known, {error.name for error in errors})))


def json_text(value: str | float | bool) -> str:
    """Return *value* as text: a text as it is, anything else as JSON. Numbers of a reply are texts already."""
    return str(value) if isinstance(value, str) else json.dumps(value)


def _is_harmless(role: MemberRole, value: object, allowed: Collection[str]) -> bool:
    if value is None or (isinstance(value, str) and not one_line(value)):
        return True
    if not isinstance(value, (str, float, bool)):
        return not value and role in (MemberRole.ERROR_TEXT, MemberRole.TEXT)
    text = _compared(json_text(value))
    if text in allowed:
        return True
    if role is MemberRole.CODE:
        return not isinstance(value, bool) and _HARMLESS_CODE.fullmatch(text) is not None
    if role is MemberRole.SUCCESS:
        return text in ("true", "1")
    return value is False


def _texts(known: Iterable[tuple[str, MemberRole, object]], errors: Collection[str]) -> Iterable[Member]:
    for name, role, value in known:
        if (
            name not in errors
            and role in (MemberRole.ERROR_TEXT, MemberRole.TEXT)
            and isinstance(value, str)
            and one_line(value)
        ):
            yield _member(name, role, value)


def _member(name: str, role: MemberRole, value: object) -> Member:
    return Member(name, role, json_text(value) if isinstance(value, (str, float, bool)) else None)


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _compared(text: str) -> str:
    return one_line(text).casefold()


_ROLES: Mapping[str, MemberRole] = {_folded(name): role for name, role in ROLES.items()}
_HARMLESS_CODE = re.compile(r"0+(\.0*)?(e[+-]?[0-9]+)?|200(\.0*)?")
