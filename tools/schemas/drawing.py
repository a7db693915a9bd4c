"""The files of ``schemas/``: their names and their text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tools.schemas import declarations, documents, ledgers, openapi, workspace
from tools.schemas.blocks import Node

FOLDER = Path(__file__).parents[2] / "schemas"

FILES: Mapping[str, Node] = {
    "workspace.schema.json": workspace.WORKSPACE,
    "tenant.schema.json": declarations.TENANT,
    "set.schema.json": declarations.SET,
    "plan.schema.json": documents.PLAN,
    "drift.schema.json": documents.DRIFT,
    "run.schema.json": documents.RUN,
    "history.schema.json": documents.HISTORY,
    "runs.schema.json": ledgers.RUNS,
    "status.schema.json": ledgers.STATUS,
    "ledger.schema.json": ledgers.LEDGER,
    "explanation.schema.json": documents.EXPLANATION,
    "findings.schema.json": documents.FINDINGS,
    "error.schema.json": documents.ERROR,
    "openapi.json": openapi.OPENAPI,
}


def drawn(name: str) -> str:
    """Return the text of the file *name*."""
    return json.dumps(FILES[name], ensure_ascii=False, indent=2) + "\n"
