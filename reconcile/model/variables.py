"""``${NAME}`` in a setting: a value from the environment that the file does not hold. The value is a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconcile.errors import SettingError

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def variables_in(text: str) -> list[str]:
    """Return the names of the variables that *text* needs, in order.

    >>> variables_in("Bearer ${TOKEN}")
    ['TOKEN']
    """
    return VARIABLE.findall(text)


def expanded(text: str, setting: str, variables: Mapping[str, str]) -> str:
    """Return *text* with each ``${NAME}`` replaced; values are taken as they are and not expanded again.

    Raises:
        SettingError: a variable is not set or empty, or a ``${`` is not closed. No message holds a variable's value.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not variables.get(name):
            state = "is set, but empty" if name in variables else "is not set"
            raise SettingError(f"variable {name}, which {setting} needs, {state}", hint=f"set {name} where this runs")
        return variables[name]

    if "${" in VARIABLE.sub("", text):
        raise SettingError(f"{setting} holds a ${{ that is not closed, or no name in it", hint="write ${NAME}")
    return VARIABLE.sub(value, text)
