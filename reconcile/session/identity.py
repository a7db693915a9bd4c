"""A run before it does anything: its id, when it began, at which commit, and its actor."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from reconcile.errors import ReconcileError
from reconcile.git.repository import Repository, author
from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.session.declared import Checkout
from reconcile.text import one_line
from reconcile.times import instant_name

# The variables in which pipelines name the user that started them, or pushed.
_PIPELINES = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOR",  # Azure Pipelines
    "BUILD_USER_ID",  # Jenkins
    "CIRCLE_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "DRONE_COMMIT_AUTHOR",
    "BUILDKITE_BUILD_CREATOR",
)
UNKNOWN = "unknown"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Which run this is."""

    id: str
    begun_at: datetime
    actor: str
    revision: str | None

    def start(self, kind: RunKind) -> RunStart:
        """Return what a ledger writes down of the run when it begins, of any kind; more is added by `replace`."""
        return RunStart(self.id, kind, self.begun_at, self.actor, self.revision)


def identify(checkout: Checkout, actor: str | None) -> RunIdentity:
    """Return which run this is; *actor* is the value of --actor.

    Raises:
        ReconcileError: git cannot say at which commit.
    """
    checkout.require_git()
    begun_at = checkout.runtime.begun_at
    return RunIdentity(new_run_id(begun_at), begun_at, _actor(checkout, actor), checkout.revision)


def new_run_id(now: datetime) -> str:
    """Return an id that no other run has, and that sorts by time: to the second for people, then to the microsecond.

    It tells two runs apart, also where both began within a second.
    """
    return f"{instant_name(now)}-{now.microsecond:05x}{secrets.token_hex(1)[0]}"


def _actor(checkout: Checkout, typed: str | None) -> str:
    """Return *typed*, else the actor that the pipeline names, else the author of the commit, else `unknown`.

    One line, at most 200 characters.
    """
    environ = checkout.runtime.environ
    found = typed or next((environ[name] for name in _PIPELINES if environ.get(name)), None)
    name = found or _of_commit(checkout.repository) or UNKNOWN
    return one_line(name, most=_LONGEST) or UNKNOWN


def _of_commit(repository: Repository) -> str | None:
    try:
        return author(repository)
    except ReconcileError:  # an apply does not stop because its author is not known
        return None
