"""Does a value have the structure that its schema in ``schemas/`` describes?

jsonschema-rs says *whether* a value fits. It is a hundred times faster than jsonschema, which says *what* is wrong, and
is asked only when the value does not fit (`schema_wording`). If only jsonschema-rs refuses, its own error is shown.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from reconcile import resources
from reconcile.engine.problems import Pointer, Problem
from reconcile.model.rules import FileRule

_OTHER_SCHEMA = re.compile(r'"([a-z]+)\.schema\.json(?=#)')


@cache
def schema(kind: str) -> dict[str, Any]:
    """Return the schema of *kind*, with the definitions of the other schemas that it refers to."""
    text = resources.schema_text(kind)
    others = sorted(set(_OTHER_SCHEMA.findall(text)))
    whole: dict[str, Any] = json.loads(_OTHER_SCHEMA.sub('"', text))
    for other in others:
        whole["$defs"] = schema(other)["$defs"] | whole.get("$defs", {})
    return whole


@cache
def _validator(kind: str) -> Any:
    return jsonschema_rs.Draft202012Validator(schema(kind))


def fits(kind: str, value: Any) -> bool:
    """Return whether *value* has the structure of *kind*."""
    return bool(_validator(kind).is_valid(value))


def schema_problems(kind: str, value: Any, file: str) -> tuple[Problem, ...]:
    """Return the problems of *value*, read from *file*, with the schema of *kind*; empty when it fits."""
    if fits(kind, value):
        return ()
    # A clean run does not need jsonschema, whose import takes a quarter of the start-up time.
    from reconcile.declare.schema_wording import worded_problems

    worded = worded_problems(schema(kind), value, file)
    return worded or tuple(_unworded(error, file) for error in _validator(kind).iter_errors(value))


def _unworded(error: Any, file: str) -> Problem:
    return Problem(
        FileRule.SCHEMA, str(error.message), Pointer(file, tuple(error.instance_path)), hint="see docs/declarations.md"
    )
