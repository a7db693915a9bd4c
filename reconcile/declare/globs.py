"""Glob patterns over paths with forward slashes: `*` and `?` within a name, `**` for any number of folders."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

_TOKEN = re.compile(
    r"(?P<folders>\*\*/)|(?P<all>\*\*)|(?P<star>\*)|(?P<one>\?)|\[(?P<not>!?)(?P<set>[^\]]+)\]|(?P<other>.)"
)


@cache
def matcher(pattern: str) -> Callable[[str], object]:
    """Return a function that is true for the paths that *pattern* covers.

    >>> covers = matcher("tenants/**/*.yaml")
    >>> [bool(covers(path)) for path in ("tenants/a.yaml", "tenants/x/y/a.yaml", "tenants/a.yml", "sets/a.yaml")]
    [True, True, False, False]
    """
    return re.compile("".join(map(_regex, _TOKEN.finditer(pattern.removeprefix("./"))))).fullmatch


def _regex(token: re.Match[str]) -> str:
    kind = token.lastgroup
    if kind == "folders":
        return "(?:[^/]+/)*"
    if kind == "all":
        return ".*"
    if kind == "star":
        return "[^/]*"
    if kind == "one":
        return "[^/]"
    if kind == "set":
        inside = token["set"].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
        return f"[{'^/' if token['not'] else ''}{inside}]"
    return re.escape(token["other"])
