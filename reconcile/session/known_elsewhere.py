"""Whether an empty ledger is only a first run: keys that it lacks may be known to the ledger of another name.

An environment that is renamed begins an empty ledger, and so does a workspace with a new id. What was held, vanished or
removed would be forgotten in silence. So where nothing is remembered yet, the other ledgers in the same home are asked
for the declared keys: other environments and workspaces in the same database, other files in the same git directory,
other refs of the same remote. Only those count that were about the same service.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.declare import WORKSPACE_FILE, load_workspace
from reconcile.engine.guard import refused_by
from reconcile.errors import LedgerError, LedgerGoneError, ReconcileError, SettingError
from reconcile.git.worktree import WorkTree
from reconcile.ledger.file_places import NAME
from reconcile.model.finding import DeclarationError, Finding, RefusedError
from reconcile.model.keys import Key
from reconcile.model.ledger_records import Elsewhere, Subject
from reconcile.model.rules import LedgerRule
from reconcile.service.endpoint import service_mark
from reconcile.session.declared import Checkout, Declared, declared_in
from reconcile.session.ledger_home import LedgerHome
from reconcile.text import counted

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger


def known_elsewhere(declared: Declared, home: LedgerHome, ledger: SqlLedger | None) -> tuple[Finding, ...]:
    """Return the finding that another ledger knows declared keys, where *ledger* (None: there is none) knows nothing.

    Or that *ledger* is that of another folder, which still has a workspace of this id.

    Raises:
        LedgerError: the ledgers cannot be asked.
    """
    if ledger is not None and (other := _other_folder(declared.checkout, ledger.folder())) is not None:
        return (_shared(declared.checkout, home, other),)
    if home.address is None or _knows_something(ledger):
        return ()
    keys = sorted(declared.everything)
    try:
        service = service_mark(declared.environment, declared.runtime.environ)
    except SettingError:
        return ()  # the client of the service says so
    if not keys:
        return ()
    found = [] if ledger is None else [*ledger.elsewhere(service, keys)]
    found += _beside(home, service, keys)
    return tuple(_finding(declared, home, one) for one in found[:1])


def known_elsewhere_to(checkout: Checkout, home: LedgerHome, ledger: SqlLedger | None) -> tuple[Finding, ...]:
    """Return the same for a command that is about a ledger: declarations are read only where it knows nothing.

    Raises:
        LedgerError: the ledgers cannot be asked.
    """
    if ledger is not None and _knows_something(ledger):
        other = _other_folder(checkout, ledger.folder())
        return () if other is None else (_shared(checkout, home, other),)
    environment = checkout.workspace.environments[home.environment]
    try:
        return known_elsewhere(declared_in(checkout, environment), home, ledger)
    except DeclarationError:
        return ()  # what is declared is not known: validate and plan say why


def _knows_something(ledger: SqlLedger | None) -> bool:
    return ledger is not None and bool(ledger.runs(most=1) or ledger.last_applied())


def subject_of(declared: Declared) -> Subject:
    """Return what a run of *declared* is about.

    Raises:
        SettingError: the address of the service names a variable that is not set.
    """
    service = service_mark(declared.environment, declared.runtime.environ)
    return Subject(service, declared.checkout.repository.prefix)


def refuse_known_elsewhere(declared: Declared, home: LedgerHome, ledger: SqlLedger | None) -> None:
    """Refuse a run that would begin anew what another ledger knows.

    Raises:
        RefusedError: it would.
        LedgerError: the ledgers cannot be asked.
    """
    refuse(known_elsewhere(declared, home, ledger))


def refuse(findings: Iterable[Finding]) -> None:
    """Raise `RefusedError` with the first of *findings* that a ledger is known elsewhere, if there is one."""
    for found in findings:
        refusal = refused_by("known-elsewhere", found.message, remedy=found.hint)
        raise RefusedError(found.message, refusals=(refusal,), hint=found.hint)


@contextlib.contextmanager
def renamed_if_known_elsewhere(declared: Declared, home: LedgerHome) -> Iterator[None]:
    """Refuse by `known-elsewhere` where the ledger that `lineage` names is absent, because it has another name."""
    try:
        yield
    except LedgerGoneError:
        refuse_known_elsewhere(declared, replace(home, lineage=None), None)
        raise


def _beside(home: LedgerHome, service: str, keys: Collection[Key]) -> list[Elsewhere]:
    assert home.address is not None, "a ledger is kept"
    # Here, so that a run without a ledger does not pay for its library.
    from reconcile.ledger.other_ledgers import in_file, in_ref

    found: list[Elsewhere] = []
    if home.address.path is not None:
        for path in _other_files(home.address.path, home.repository.common_dir):
            with contextlib.suppress(LedgerError):  # a broken file of another workspace is its own affair
                found += in_file(path, service, keys)
    elif home.address.remote is not None:
        with home.other_refs() as others:
            for other in others:
                found += in_ref(other, service, keys)
    return found


def _other_files(own: Path, common_dir: str) -> Iterator[Path]:
    """Yield the files of other workspaces. Outside Git the folder may be anything: nothing is looked for there."""
    if common_dir:
        yield from (path for path in sorted(own.parent.parent.glob(f"*/{NAME}")) if path != own)


def _other_folder(checkout: Checkout, folder: str | None) -> str | None:
    """Return *folder*, if it is another one than this, and a workspace of the same id is there."""
    if folder is None or checkout.repository.top is None or folder == checkout.repository.prefix:
        return None
    try:
        there, _ = load_workspace(folder, WorkTree(checkout.repository.top / folder))
    except ReconcileError:
        return None  # it moved here
    return folder if there is not None and there.id == checkout.workspace.id else None


def _shared(checkout: Checkout, home: LedgerHome, folder: str) -> Finding:
    workspace = checkout.workspace.id
    message = (
        f"the ledger {home.shown} was written last by {folder or 'the top folder'}, which declares workspace "
        f"{workspace} too: what each of the two declares would count as removed by the other"
    )
    hint = f"give one of them another id: workspace in {checkout.name(WORKSPACE_FILE)}; or remove the other"
    return Finding(LedgerRule.KNOWN_ELSEWHERE, message, hint=hint)


def _finding(declared: Declared, home: LedgerHome, found: Elsewhere) -> Finding:
    workspace, environments = declared.checkout.workspace.id, declared.checkout.workspace.environments
    is_ours = found.workspace == workspace
    whose = f"environment {found.environment}" + ("" if is_ours else f" of workspace {found.workspace}")
    message = (
        f"the ledger {home.shown} holds nothing yet, and {counted(found.keys, 'declared schedule')} of this service "
        f"{'is' if found.keys == 1 else 'are'} known to the ledger of {whose}: this is not a first run"
    )
    from_workspace = "" if is_ours else f" --from-workspace {found.workspace}"
    take = f"reconcile ledger take --from {found.environment}{from_workspace} --env {home.environment}"
    begin = f"reconcile ledger rebuild --env {home.environment}"
    is_declared = is_ours and found.environment in environments
    hint = (
        f"declare each schedule in one environment; or, if both are to save it, {begin}"
        if is_declared
        else f"{take} carries that ledger here; or, to begin another one, {begin}"
    )
    return Finding(LedgerRule.KNOWN_ELSEWHERE, message, hint=hint)
