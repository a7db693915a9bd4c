"""A saved plan, read back as what it was when it was written, or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconcile.engine.make_plan import plan_digest
from reconcile.errors import PlanFileError
from reconcile.model.plan import Plan
from reconcile.report.document_head import FORMAT_VERSION
from reconcile.report.json_documents import plan_of

_AGAIN = "make it again with reconcile plan --out"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The plan in the file at *path*. *document* is what the file holds."""

    path: str
    plan: Plan
    document: Mapping[str, Any]

    @property
    def made_at(self) -> str:
        """Return when it was made: with the digest, that tells it from every other plan."""
        return str(self.document["generated_at"])

    @property
    def revision(self) -> str | None:
        """Return the commit that it was made at."""
        revision = self.document["git_revision"]
        return None if revision is None else str(revision)


def read_plan(path: str) -> SavedPlan:
    """Return the plan in the file at *path*.

    Raises:
        PlanFileError: there is none, it is cut short, of another format, or not as it was written.
    """
    document = _document(path)
    _check_kind(document, path)
    # A plan of 100,000 changes is checked in a second; a run without a plan file does not pay for it.
    from reconcile.declare.schema_check import schema_problems

    problem = next(iter(schema_problems("plan", document, path)), None)
    if problem is not None:
        place = "/".join(str(step) for step in problem.at.path)
        raise PlanFileError(f"{path} is not a plan: at {place or 'its top'}: {problem.message}", hint=_AGAIN)
    plan = plan_of(document)
    digest = plan_digest(plan)
    if digest != plan.digest:
        raise PlanFileError(
            f"{path} was edited: what it holds has the digest {digest[:12]}, and it claims {plan.digest[:12]}",
            hint=f"a plan is applied as it was reviewed: {_AGAIN}",
        )
    return SavedPlan(path, plan, document)


def _document(path: str) -> Mapping[str, Any]:
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise PlanFileError(f"there is no plan file {path}", hint="write one with reconcile plan --out") from None
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error.strerror}", hint="a plan is a file") from error
    except UnicodeDecodeError as error:
        raise PlanFileError(f"{path} is not a plan: byte {error.start} is not UTF-8", hint=_AGAIN) from error
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        what = "it is cut short" if is_cut else f"not JSON: {error.msg}"
        raise PlanFileError(f"{path}:{error.lineno}:{error.colno}: {what}", hint=_AGAIN) from error
    except RecursionError as error:
        raise PlanFileError(f"{path} is not a plan: it is nested too deeply", hint=_AGAIN) from error
    if not isinstance(document, dict):
        raise PlanFileError(f"{path} is not a plan: it holds no JSON object", hint=_AGAIN)
    return document


def _check_kind(document: Mapping[str, Any], path: str) -> None:
    version = document.get("format_version")
    if not isinstance(version, str):
        raise PlanFileError(f"{path} is not a document of reconcile: it has no format_version", hint=_AGAIN)
    if version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise PlanFileError(
            f"{path} has format_version {version!r}, and this reconcile reads {FORMAT_VERSION}",
            hint=f"use the reconcile that wrote it, or {_AGAIN}",
        )
    if document.get("kind") != "plan":
        raise PlanFileError(f"{path} is not a plan: its kind is {document.get('kind')!r}", hint=_AGAIN)
