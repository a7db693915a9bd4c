"""The gate: does a document have the structure that its schema asks for?

``schemas/`` is the one source of structural truth. jsonschema-rs says *whether* a document fits, a hundred times faster
than jsonschema, which is asked *what* is wrong only when it does not (`wording`). Should the gate alone refuse, its own
error is shown.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from reconcile import resources
from reconcile.engine.documents import Pointer, Problem

_NEIGHBOUR = re.compile(r'"([a-z]+)\.schema\.json(?=#)')


@cache
def schema(kind: str) -> dict[str, Any]:
    """Return the schema of *kind*, with what it refers to in its neighbours put into it."""
    text = resources.schema_text(kind)
    neighbours = sorted(set(_NEIGHBOUR.findall(text)))
    whole: dict[str, Any] = json.loads(_NEIGHBOUR.sub('"', text))
    for neighbour in neighbours:
        whole["$defs"] = schema(neighbour)["$defs"] | whole.get("$defs", {})
    return whole


@cache
def _gate(kind: str) -> Any:
    return jsonschema_rs.Draft202012Validator(schema(kind))


def fits(kind: str, value: Any) -> bool:
    """Return whether *value* has the structure of *kind*."""
    return bool(_gate(kind).is_valid(value))


def refusals(kind: str, value: Any, file: str) -> tuple[Problem, ...]:
    """Return what keeps *value* from having the structure of *kind*; empty when it has it."""
    if fits(kind, value):
        return ()
    # jsonschema takes a quarter of the start-up time of a run that needs it; a clean one does not.
    from reconcile.declare.wording import problems

    worded = problems(schema(kind), value, file)
    return worded or tuple(_own_words(error, file) for error in _gate(kind).iter_errors(value))


def _own_words(error: Any, file: str) -> Problem:
    return Problem(
        "schema", str(error.message), Pointer(file, tuple(error.instance_path)), hint="see docs/declarations.md"
    )
