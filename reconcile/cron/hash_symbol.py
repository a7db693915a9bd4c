"""``H``, the hash symbol of Jenkins: a value that is fixed for a tenant and code, and evenly spread over all of them.

``H`` stands for one value of its field, ``H(0-29)`` for one of that range, ``H/15`` for every 15th from a hashed start,
``H(8-18)/2`` for every 2nd of the range from a hashed start. Day-of-month takes 1-28, which every month has.

The hash is the first 8 bytes, big-endian, of SHA-256 over tenant, code and the Quartz name of the field, joined by line
feeds. It picks number ``hash * n // 2**64`` of a range of n values. It depends on nothing else: not on the machine, the
version, the rest of the expression or the other schedules. The field's name makes the fields independent.
"""

from __future__ import annotations

import hashlib
import re

from reconcile.cron.fields import DAY_OF_MONTH, FIELDS, YEAR, Field
from reconcile.errors import CronSyntaxError

_LAST_DAY_OF_EVERY_MONTH = 28
_FIELD = re.compile(r"[^ \t]+")
_PIECE = re.compile(r"[^,]+")
_HASHED = re.compile(r"H(?:\(([0-9A-Z]+)-([0-9A-Z]+)\))?(?:/([0-9]{1,9}))?")


def has_h(text: str) -> bool:
    """Return whether a piece of *text* begins with ``H``; names of months and days never do.

    >>> has_h("0 H 2 * * ?"), has_h("0 0 2 ? * THU")
    (True, False)
    """
    return any(piece[0] in "Hh" for piece in re.findall(r"[^ \t,]+", text))


def resolve_h(text: str, tenant: str, code: str) -> str:
    """Return *text* with each ``H`` replaced by plain Quartz, for *tenant* and *code*; the rest is unchanged.

    Raises:
        CronSyntaxError: an ``H`` that is malformed, out of its field's range, or in the year.

    >>> resolve_h("0 H H(1-4) * * ?", "acme", "1085431505565651039")
    '0 36 1 * * ?'
    """
    resolved, end = [], 0
    for field, word in zip(FIELDS, _FIELD.finditer(text), strict=False):
        for piece in _PIECE.finditer(word.group()):
            if piece.group()[0] in "Hh":
                start = word.start() + piece.start()
                resolved += [text[end:start], _resolved(piece.group(), field, tenant, code, text, start)]
                end = start + len(piece.group())
    return "".join([*resolved, text[end:]])


def _resolved(piece: str, field: Field, tenant: str, code: str, text: str, column: int) -> str:
    """hashed = "H" [ "(" number "-" number ")" ] [ "/" step ]"""

    def refuse(message: str, hint: str) -> CronSyntaxError:
        return CronSyntaxError(message, text=text, column=column, width=len(piece), field=field.name, hint=hint)

    if field is YEAR:
        raise refuse(f"{piece} in the year: a year cannot be hashed", "write the years, or leave the field out")
    match = _HASHED.fullmatch(piece.upper())
    if match is None:
        raise refuse(f"{piece} is not a form of H", "write H, H(0-29), H/15 or H(8-18)/2")
    first, last = _range(match.group(1), match.group(2), field)
    if first is None or last is None or not field.first <= first <= last <= (field.last or 0):
        raise refuse(
            f"{piece}: the range is not within {field.first}-{field.last}, from low to high",
            f"Quartz field {field.index + 1} is the {field.name}",
        )
    size = last - first + 1
    hashed = _hash(tenant, code, field)
    if match.group(3) is None:
        return str(first + (hashed * size >> 64))
    step = int(match.group(3))
    if not 1 <= step <= size:
        raise refuse(f"{piece}: the step is not within 1-{size}", "a step larger than its range fires once: write H")
    return f"{first + (hashed * step >> 64)}-{last}/{step}"


def _range(first: str | None, last: str | None, field: Field) -> tuple[int | None, int | None]:
    if first is None or last is None:
        return field.first, _LAST_DAY_OF_EVERY_MONTH if field is DAY_OF_MONTH else field.last
    return _value(first, field), _value(last, field)


def _value(text: str, field: Field) -> int | None:
    if text in field.names:
        return field.names.index(text) + 1
    return int(text) if text.isdigit() and len(text) < 4 else None


def _hash(tenant: str, code: str, field: Field) -> int:
    digest = hashlib.sha256(f"{tenant}\n{code}\n{field.name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")
