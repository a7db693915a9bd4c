"""Who is behind a run: as said, as the pipeline knows it, or as Git does."""

from __future__ import annotations

from reconcile.commands.invocation import Invocation
from reconcile.errors import ReconcileError
from reconcile.git.state import author
from reconcile.text import one_line

# What pipelines call the user that started them, or pushed.
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


def _of_commit(invocation: Invocation) -> str | None:
    try:
        return author(invocation.repository)
    except ReconcileError:  # who it was by is no reason to apply nothing
        return None


def actor_of(invocation: Invocation, said: str | None) -> str:
    """Return who *said* to be, else who the pipeline or Git says it is, else `unknown`. One line, not too long."""
    found = said or next((invocation.environ[name] for name in _PIPELINES if invocation.environ.get(name)), None)
    name = found or _of_commit(invocation) or UNKNOWN
    return one_line(name, most=_LONGEST) or UNKNOWN
