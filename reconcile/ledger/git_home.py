"""What a ref of Git holds of a ledger, loaded into a database of the run's own; and when it is not the one it was."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from reconcile.errors import LedgerError, LedgerGoneError
from reconcile.ledger import queries
from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.database import Database
from reconcile.ledger.git_steps import FORMAT, GitLock, Meta, as_ledger_error
from reconcile.ledger.ledger_tree import LOCK, META, LedgerTree
from reconcile.ledger.lineage import new_lineage
from reconcile.ledger.migrations import SCHEMA_VERSION
from reconcile.model.finding import Finding
from reconcile.model.ledger_records import LockHolder
from reconcile.model.rules import LedgerRule
from reconcile.ports import Clock, SharedRef
from reconcile.times import instant


@dataclass(frozen=True)
class GitHome:
    """Where a ledger is kept in Git, and whose it is. *lineage* is the one that the workspace names, if any.

    *folder* is for the database of this run.
    """

    ref: SharedRef
    folder: Path
    workspace: str
    environment: str
    clock: Clock
    lineage: str | None = None


@dataclass(frozen=True)
class Loaded:
    """What the ref held: its commit (None: there is no ref), which ledger it is, its lock, and where its rows are."""

    commit: str | None
    meta: Meta
    lock: GitLock | None
    tree: LedgerTree
    database: Database
    files: Mapping[str, bytes]


def load(home: GitHome, *, create: bool) -> Loaded | None:
    """Return what the ref of *home* holds; None when there is none, without *create*.

    Raises:
        LedgerGoneError: the workspace names a lineage, and the ref is not there or is another one.
        LedgerError: it cannot be read, is damaged, or is of a newer version.
    """
    with as_ledger_error(home.ref.shown):
        commit = home.ref.fetch()
        files = {} if commit is None else home.ref.files(commit)
    if commit is None:
        if home.lineage is not None:
            raise gone(home, "it is not there, or is hidden")
        if not create:
            return None
    path = home.folder / f"ledger-{secrets.token_hex(4)}.db"
    database = Database(LedgerAddress("", home.ref.shown, path))
    try:
        meta = Meta(SCHEMA_VERSION, new_lineage(), 0) if commit is None else _meta(home, files)
        tree = LedgerTree()
        with database.writing() as connection:
            tree.load(connection, files, version=meta.schema)
            if commit is not None:
                _refuse_another(home, connection, meta)
        lock = _lock(home, files[LOCK]) if LOCK in files else None
    except BaseException:
        database.close()
        raise
    return Loaded(commit, replace(meta, schema=SCHEMA_VERSION), lock, tree, database, files)


def _lock(home: GitHome, content: bytes) -> GitLock:
    try:
        found = GitLock(**json.loads(content))
    except (TypeError, ValueError):
        raise _damaged(home, LOCK) from None
    if not isinstance(found.since, str) or instant(found.since) is None:
        raise _damaged(home, LOCK)
    return found


def _damaged(home: GitHome, file: str) -> LedgerError:
    hint = "see `git log` of the ref for who wrote it"
    return LedgerError(f"the ledger {home.ref.shown} has no {file} that can be read", hint=hint)


def _meta(home: GitHome, files: Mapping[str, bytes]) -> Meta:
    try:
        found = Meta(**json.loads(files[META]))
        numbers = (int(found.format), int(found.schema), int(found.serial))
    except (KeyError, TypeError, ValueError):
        raise _damaged(home, META) from None
    if min(numbers) < 1:
        raise _damaged(home, META)
    format_, schema, serial = numbers
    if format_ > FORMAT or schema > SCHEMA_VERSION:
        raise LedgerError(
            f"the ledger {home.ref.shown} is of schema version {schema}, and this reconcile knows only "
            f"{SCHEMA_VERSION}: a newer one has written it",
            hint="upgrade reconcile to the version that the other pipelines run",
        )
    return replace(found, serial=serial)


def _refuse_another(home: GitHome, connection: Connection, meta: Meta) -> None:
    """Refuse a ledger that is neither of the lineage that the workspace names, nor begun from it."""
    known = queries.lineage(connection, queries.Owner(home.workspace, home.environment))
    is_child = known is not None and home.lineage is not None and known.is_of(home.lineage)
    if home.lineage not in (None, meta.lineage) and not is_child:
        raise gone(home, f"it is of lineage {meta.lineage}")


def gone(home: GitHome, why: str) -> LedgerGoneError:
    """Return the error that the ledger of *home* is not what it was; *why* completes the sentence."""
    named = "" if home.lineage is None else f", and `lineage` names {home.lineage}"
    return LedgerGoneError(
        f"the ledger {home.ref.shown} is not what it was: {why}{named}",
        hint="see who pushed to the ref (`git push --mirror` does) and push the newest ledger back; only if it is lost "
        f"for good, reconcile ledger accept --env {home.environment}, or ledger rebuild where nothing is left",
    )


def lineage_to_commit(lineage: str) -> Finding:
    """Return the finding that the workspace is to name *lineage*."""
    message = f'commit this line beside `ledger`: lineage: "{lineage}"'
    hint = "without it, a ledger that was deleted cannot be told from one that no apply has begun"
    return Finding(LedgerRule.LEDGER_LINEAGE, message, hint=hint)


def holder_of(lock: GitLock) -> LockHolder:
    """Return *lock* as the other homes tell it."""
    since = instant(lock.since)
    assert since is not None, "a lock that is read has one"
    return LockHolder(lock.id, lock.run, lock.actor, since=since, renewed_at=since)
