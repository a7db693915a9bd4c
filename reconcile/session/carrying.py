"""`ledger take`: from where a ledger is carried to that of this environment, and that it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.engine.guard import refused_by
from reconcile.errors import LedgerError, LedgerMovedError, SettingError, UsageError
from reconcile.ledger.address import FILE, GIT, NONE, LedgerAddress, file_address, ledger_address
from reconcile.ledger.file_places import file_places
from reconcile.model.finding import Finding, RefusedError
from reconcile.model.ledger_records import RunStart
from reconcile.session.declared import Checkout
from reconcile.session.ledger_home import LedgerHome, locate_ledger

if TYPE_CHECKING:
    from reconcile.ledger.carry import Carried

NAMED = "--from"


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a ledger is carried: an *address*, a former name of the *environment*, or both; None: as it is now."""

    address: str | None
    environment: str | None
    workspace: str | None


def origin_of(named: tuple[str, ...], workspace: str | None) -> Origin:
    """Return what the values of --from name: at most one address, and at most one environment.

    Raises:
        UsageError: they name two of a kind, or nothing at all.
    """
    addresses = [one for one in named if _is_address(one)]
    environments = [one for one in named if not _is_address(one)]
    if len(addresses) > 1 or len(environments) > 1 or not (named or workspace):
        raise UsageError(
            f"{NAMED} names {len(addresses)} addresses and {len(environments)} environments",
            hint="write one address (file, git+REMOTE, postgresql://…, ./path/ledger.db), one former name of the "
            "environment, or one of each",
        )
    return Origin(next(iter(addresses), None), next(iter(environments), None), workspace)


def take(
    checkout: Checkout, origin: Origin, start: RunStart, *, timeout_seconds: float
) -> tuple[Carried, tuple[Finding, ...], str]:
    """Carry the ledger of *origin* to that of the environment; return what became of it, and the old place.

    For each of the two locks it waits up to *timeout_seconds*.

    Raises:
        LedgerError: see `carry`; or there is no ledger at *origin*.
        SettingError: an address is wrong, none is kept, or *origin* is of an environment that is still declared.
        RefusedError: a run holds one of the locks.
    """
    target = locate_ledger(checkout, checkout.environment)
    source = _source(checkout, origin, target)
    if _address(target).path is not None:
        _refuse_nothing(source)  # before a file is made: an empty one would pass for a ledger that was begun
    # A lineage that the workspace names is that of a ledger before this one.
    with replace(target, lineage=None).to_carry() as new, source.wherever_it_went() as old:
        if old is None:
            raise _none(source)
        # Here, so that commands without a ledger do not pay for its library.
        from reconcile.ledger.carry import carry
        from reconcile.ledger.git_home import lineage_to_commit

        try:
            ended_at = checkout.runtime.clock.now()
            carried = carry(old, new, start, place=_place(target), ended_at=ended_at, timeout_seconds=timeout_seconds)
        except LedgerMovedError as error:
            refusal = refused_by("locked", error.message)
            raise RefusedError(
                error.message, refusals=(refusal,), hint="take it again, once that run is over"
            ) from error
        is_to_commit = _address(target).remote is not None and target.lineage != carried.lineage.id
        return carried, (lineage_to_commit(carried.lineage.id),) if is_to_commit else (), _place(source)


def _refuse_nothing(source: LedgerHome) -> None:
    """Raise where there is no ledger of *source*, or one that holds nothing and was not taken to another place."""
    with source.wherever_it_went() as old:
        if old is None:
            raise _none(source)
        from reconcile.ledger.carry import refuse_empty

        if old.taken_to() is None:
            refuse_empty(old)


def _none(source: LedgerHome) -> LedgerError:
    hint = f"see what {NAMED} names: nothing was taken, nothing is made"
    return LedgerError(f"there is no ledger {source.shown}", hint=hint)


def _source(checkout: Checkout, origin: Origin, target: LedgerHome) -> LedgerHome:
    runtime = checkout.runtime
    environment, workspace = origin.environment or target.environment, origin.workspace or target.workspace
    if origin.environment in checkout.workspace.environments and workspace == target.workspace:
        raise SettingError(
            f"environment {origin.environment} is declared: its ledger is its own",
            hint=f"{NAMED} takes the former name of an environment that was renamed to {target.environment}",
        )
    places = file_places(runtime.directory, workspace, checkout.repository.common_dir)
    address, earlier = target.address, target.earlier
    if origin.address is not None and _is_path(origin.address):
        address, earlier = file_address(Path(origin.address)), ()
    elif origin.address is not None or _address(target).path is not None:
        address = ledger_address(origin.address, places.place, runtime.environ, named=NAMED)
        earlier = places.earlier
        if address is None:
            raise UsageError(f"{NAMED} none names no ledger", hint="name the one to carry here")
    if address is not None:
        runtime.facts.learn_secrets(address.hide)
    found = LedgerHome(runtime, workspace, environment, address, checkout.repository, earlier=earlier)
    if _place(found) == _place(target):
        raise UsageError(f"{NAMED} names the ledger of {target.environment} itself", hint="name the one to carry here")
    return found


def _address(home: LedgerHome) -> LedgerAddress:
    if home.address is None:
        raise SettingError("ledger in reconcile.yaml is none: there is nowhere to take a ledger to", hint="name one")
    return home.address


def _place(home: LedgerHome) -> str:
    """Return where the ledger of *home* is, the same from any folder, without secrets."""
    address = _address(home)
    where = address.shown if address.path is None else str(address.path.resolve())
    return f"{where}, environment {home.environment} of workspace {home.workspace}"


def _is_address(text: str) -> bool:
    return text in (FILE, GIT, NONE) or text.startswith(f"{GIT}+") or ":" in text or "$" in text or _is_path(text)


def _is_path(text: str) -> bool:
    is_marked = ":" in text.partition("/")[0] or text.startswith(f"{GIT}+") or "$" in text
    return not is_marked and ("/" in text or text.endswith(".db"))
