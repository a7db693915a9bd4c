"""Every schema by name, as its file holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tools.schemas import declarations, documents, ledgers, workspace
from tools.schemas.blocks import Node

FOLDER = Path(__file__).parents[2] / "schemas"

SCHEMAS: Mapping[str, Node] = {
    "workspace": workspace.WORKSPACE,
    "tenant": declarations.TENANT,
    "set": declarations.SET,
    "plan": documents.PLAN,
    "drift": documents.DRIFT,
    "run": documents.RUN,
    "history": documents.HISTORY,
    "runs": ledgers.RUNS,
    "status": ledgers.STATUS,
    "ledger": ledgers.LEDGER,
    "explanation": documents.EXPLANATION,
    "findings": documents.FINDINGS,
    "error": documents.ERROR,
}


def path_of(name: str) -> Path:
    """Return the file of a schema."""
    return FOLDER / f"{name}.schema.json"


def drawn(name: str) -> str:
    """Return the text of the schema *name*."""
    return json.dumps(SCHEMAS[name], ensure_ascii=False, indent=2) + "\n"
