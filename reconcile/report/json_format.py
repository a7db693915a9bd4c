"""A document as JSON: byte-stable, and one line for each change, so that two of them can be compared by `diff`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconcile.report.escape import json_text

_DUMP = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def as_json(document: Mapping[str, Any]) -> str:
    """Return *document* as JSON text that ends in a line break.

    Characters stand as they are, but for those that could steer a terminal and lone surrogates (which no UTF-8 file
    can hold): these are escaped, which means the same.
    """
    members = ",\n".join(f"  {_DUMP(name)}: {_member(value)}" for name, value in document.items())
    return json_text(f"{{\n{members}\n}}\n")


def _member(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_lines(value)) + "\n  ]"
    return _DUMP(value)


def _lines(values: list[Any]) -> Iterator[str]:
    for value in values:
        yield f"    {_DUMP(value)}"
