"""Comments that silence a rule, as in ``# reconcile: ignore RULE reason``. The YAML parser drops comments."""

from __future__ import annotations

import re

from reconcile.declare.file_text import FileText
from reconcile.engine.declarations import Ignore

_MARK = b"reconcile:"
_IGNORE = re.compile(r"(?:^|(?<=[ \t]))(#[ \t]*reconcile:[ \t]*ignore\b[ \t]*([^\s#]*)([^\r\n]*))", re.MULTILINE)


def ignore_comments(opened: FileText) -> tuple[Ignore, ...]:
    """Return the comments of *opened* that silence a rule."""
    if _MARK not in opened.raw:
        return ()
    return tuple(
        Ignore(match[2], match[3].strip(), opened.place(match.start(1), len(match[1].rstrip())))
        for match in _IGNORE.finditer(opened.text)
    )
