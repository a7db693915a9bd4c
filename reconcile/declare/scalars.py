"""Plain scalars: what an unquoted word means, and which ones must be quoted.

YAML 1.1 reads an unquoted ``no`` as false, ``0123`` as 83, ``10:30`` as 630 and ``2024-01-01`` as a date; YAML 1.2 and
JSON do not. Where readers of YAML disagree the value is text, with a finding that says *quote this*. Plain ``true``,
``false``, integers, decimals and null are typed.
"""

from __future__ import annotations

import re
from typing import Final

SUSPECT_STARTS: Final = frozenset("0123456789+-.")
"""First characters of the plain scalars that may be numbers or dates."""

TYPED: Final[dict[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

# As many digits as any 64-bit integer has; a longer number was intended as text.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})|[1-9][0-9]{18}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")

_SWITCHES: Final = frozenset(
    ["y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"]
)

SUSPECT_WORDS: Final = frozenset(TYPED) | _SWITCHES | {"="}
"""Plain scalars that begin like text but are not text, at least to some readers of YAML."""

_AMBIGUOUS: Final = (
    (re.compile(r"[-+]?0[0-7_]+|0o[0-7_]+"), "an octal number"),
    (re.compile(r"[-+]?0[0-9_]+"), "a number without its leading zero"),
    (re.compile(r"[-+]?0[xX][0-9a-fA-F_]+|[-+]?0b[01_]+"), "a number"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"), "a number to the base of 60"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"), "a date"),
    (
        re.compile(r"[-+]?(\.(inf|Inf|INF)|[0-9][0-9_]*\.?[0-9_]*([eE][-+]?[0-9]+)?|\.[0-9]+([eE][-+]?[0-9]+)?)"),
        "a number",
    ),
    (re.compile(r"\.(nan|NaN|NAN)"), "not a number"),
)


def typed(text: str) -> object:
    """Return the value of a plain scalar: None, a bool, an int, a float, or the text itself.

    >>> typed("30"), typed("0123"), typed("~"), typed("no"), typed("1.5")
    (30, '0123', None, 'no', 1.5)
    """
    if text in TYPED:
        return TYPED[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


_ANY_AMBIGUOUS: Final = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _AMBIGUOUS))


def misreading(text: str) -> str | None:
    """Return what some readers of YAML take the plain scalar *text* for, though `typed` returns text; else None.

    >>> misreading("no"), misreading("10:30"), misreading("0 0 8 * * ?")
    ('true or false', 'a number to the base of 60', None)
    """
    if text in _SWITCHES:
        return "true or false"
    if text == "=":
        return "the default value"
    if not _ANY_AMBIGUOUS.fullmatch(text):
        return None
    return next(meaning for pattern, meaning in _AMBIGUOUS if pattern.fullmatch(text))
