"""`schema`: the JSON Schemas of what is read and written."""

from __future__ import annotations

import json

import click

from reconcile import resources
from reconcile.errors import UsageError
from reconcile.session.runtime import Runtime


@click.command("schema")
@click.argument("name", required=False)
@click.pass_obj
def schema(runtime: Runtime, *, name: str | None) -> None:
    """Print the JSON Schema of a file or document, whole; without NAME, list their names."""
    names = resources.schema_names()
    if name is None:
        runtime.show("".join(f"{one}\n" for one in names))
        return
    if name not in names:
        raise UsageError(f"there is no schema {name!r}", hint=f"schemas: {', '.join(names)}")
    from reconcile.declare.schema_check import schema as whole

    runtime.show(json.dumps(whole(name), ensure_ascii=False, indent=2) + "\n")
