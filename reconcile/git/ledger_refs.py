"""The refs of another repository that hold ledgers."""

from __future__ import annotations

import os

from reconcile.git.refs import LEDGER
from reconcile.git.scratch import Scratch
from reconcile.git.shared_ref import REMOTE_SECONDS


def ledger_refs(scratch: Scratch) -> tuple[str, ...]:
    """Return the refs of ledgers in the remote of *scratch*, sorted.

    Raises:
        ReconcileError: the remote could not be asked.
    """
    words = ("ls-remote", *scratch.options("--upload-pack"), "--", scratch.remote, f"{LEDGER}*")
    listed = scratch.run(*words, seconds=REMOTE_SECONDS)
    if not listed.is_good:
        raise listed.failure("the ledgers of the remote cannot be listed")
    names = (line.partition("\t")[2] for line in os.fsdecode(listed.out).split("\n"))
    return tuple(sorted(name for name in names if name.startswith(LEDGER)))
