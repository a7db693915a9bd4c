"""The ledger of an environment: where it is, and the one place that opens it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.errors import (
    LedgerError,
    LedgerGoneError,
    LedgerRefusedError,
    LockLostError,
    NoLedgerYetError,
    ReconcileError,
    SettingError,
)
from reconcile.flows.wording import refusal_of
from reconcile.git.refs import ledger_ref
from reconcile.git.repository import Repository
from reconcile.git.tracked import is_tracked
from reconcile.ledger.address import FILE, NONE, WITHOUT_LEDGER, LedgerAddress, file_address, ledger_address, shown_path
from reconcile.ledger.file_places import file_places
from reconcile.model.finding import RefusedError
from reconcile.model.ledger_records import Lineage
from reconcile.model.workspace import Environment
from reconcile.session.declared import Checkout
from reconcile.session.runtime import Runtime

if TYPE_CHECKING:
    from reconcile.git.scratch import Scratch
    from reconcile.ledger.git_home import GitHome
    from reconcile.ledger.sql_ledger import SqlLedger


@dataclass(frozen=True)
class LedgerHome:
    """Where the ledger of one environment is kept; *address* is None where the workspace says `none`.

    A ledger file may still lie at one of the *earlier* places: it is read there, and taken to its place by the next run
    that writes.

    *repository* is that of the declarations: its remotes and settings lead to a ledger in Git. *lineage* is its own.
    """

    runtime: Runtime
    workspace: str
    environment: str
    address: LedgerAddress | None
    repository: Repository
    lineage: str | None = None
    earlier: tuple[Path, ...] = ()

    @property
    def shown(self) -> str:
        """Return the address where the ledger is found, as it may be printed; empty where no ledger is kept."""
        return "" if self.address is None else self._found(self.address).shown

    @property
    def remote(self) -> str | None:
        """Return the remote of this repository that holds the ledger in a ref; None: it is kept elsewhere."""
        return None if self.address is None else self.address.remote

    @property
    def named(self) -> str:
        """Return what `ledger` calls the place, without secrets."""
        return NONE if self.address is None else FILE if self.address.path is not None else self.address.shown

    @contextlib.contextmanager
    def if_exists(self) -> Iterator[SqlLedger | None]:
        """Open the ledger to read it while the block runs; None: none is kept, or there is none yet.

        Raises:
            LedgerError: it cannot be opened.
        """
        with self.wherever_it_went() as ledger:
            if ledger is None:
                self._refuse_another(None)
            else:
                _refuse_taken(ledger)
            yield ledger

    @contextlib.contextmanager
    def wherever_it_went(self) -> Iterator[SqlLedger | None]:
        """Open the ledger as `if_exists` does, also one that was taken to another place."""
        if self.address is None or not (found := self._found(self.address)).exists:
            yield None
            return
        with contextlib.ExitStack() as stack:
            if found.path is not None:
                from reconcile.ledger.readable_file import readable_file

                found = stack.enter_context(readable_file(found))
            ledger = self._open(found, create=False)
            yield None if ledger is None else stack.enter_context(ledger)

    @contextlib.contextmanager
    def existing(self) -> Iterator[SqlLedger]:
        """Open the ledger to read it while the block runs.

        Raises:
            LedgerError: it cannot be opened, or there is none yet.
            SettingError: none is kept.
        """
        address = self._kept()
        with self.if_exists() as ledger:
            if ledger is None:
                raise _not_yet(address)
            yield ledger

    @contextlib.contextmanager
    def existing_to_write(self) -> Iterator[SqlLedger]:
        """Open the ledger to write it while the block runs; none is made. Raises what `existing` does."""
        address = self._kept()
        self._bring(address)
        ledger = self._open(address, create=False)
        if ledger is None:
            raise _not_yet(address)
        with ledger:
            _refuse_taken(ledger)
            yield ledger

    @contextlib.contextmanager
    def to_write(self) -> Iterator[SqlLedger]:
        """Open the ledger while the block runs; it is made, or led to this version's tables, where that is needed.

        Raises:
            LedgerError: it cannot be opened.
            SettingError: none is kept.
        """
        with self.to_carry() as ledger:
            _refuse_taken(ledger)
            yield ledger

    @contextlib.contextmanager
    def to_carry(self) -> Iterator[SqlLedger]:
        """Open the ledger as `to_write` does, also one that was taken to another place: it may be taken back."""
        address = self._kept()
        self._bring(address)
        ledger = self._open(address, create=True)
        assert ledger is not None, "it was to be made"
        with ledger:
            yield ledger

    @property
    def is_in_git(self) -> bool:
        """Return whether the ledger is a ref of a Git repository."""
        return self.address is not None and self.address.remote is not None

    def refuse_to_begin(self) -> None:
        """Raise where a run would begin a ledger file on the runner of a pipeline, which may not keep its disk.

        Raises:
            LedgerError: `CI` is set, and the file is not there.
        """
        address = self._kept()
        if not self.runtime.environ.get("CI") or address.path is None or self._found(address).exists:
            return
        raise LedgerError(
            f"there is no ledger {address.shown}, and CI is set: where a runner does not keep its disk, each run would "
            "begin an empty one, and know of no hold, no removed and no vanished schedule",
            hint="set ledger in reconcile.yaml to postgresql://… or git; or, on a runner that keeps its disk, type "
            "`reconcile ledger begin` there once",
        )

    def move_away_if_damaged(self) -> str | None:
        """Move a ledger file away that cannot be opened; return where it is now. One that can be opened stays."""
        address = self._found(self._kept())
        try:
            with self.wherever_it_went():
                return None
        except LedgerError:
            if not address.exists or address.path is None:
                return None
            from reconcile.ledger.damaged_file import move_away

            return str(move_away(address, now=self.runtime.begun_at))

    def _kept(self) -> LedgerAddress:
        if self.address is None:
            hint = "ledger in reconcile.yaml is none: name one there"
            raise SettingError("this workspace keeps no ledger", hint=hint)
        return self.address

    def _found(self, address: LedgerAddress) -> LedgerAddress:
        """Return where the ledger of *address* is now: there, or at an earlier place.

        Raises:
            LedgerError: there are two, or a commit holds it.
        """
        if address.path is None:
            return address
        earlier = [path for path in self.earlier if path.exists()]
        for path in earlier:
            self._refuse_committed(path)
        if not earlier:
            return address
        if address.path.exists():
            earlier = [path for path in earlier if self._is_another(path, address.path)]
        places = [address.path, *earlier] if address.path.exists() else earlier
        if len(places) > 1:
            raise LedgerError(
                f"there are two ledgers of workspace {self.workspace}: {' and '.join(map(shown_path, places))}",
                hint="see which of them has the later runs, and move the other one away while no run uses it",
            )
        return file_address(places[0])

    def _is_another(self, path: Path, place: Path) -> bool:
        """Whether *path* is a ledger of this workspace that differs from that at *place*."""
        from reconcile.ledger.taken_file import is_same, workspaces_in

        owners = workspaces_in(path)
        return (not owners or self.workspace in owners) and not is_same(path, place)

    def _refuse_committed(self, path: Path) -> None:
        try:
            is_committed = is_tracked(path)
        except ReconcileError as error:
            raise LedgerError(f"{shown_path(path)} is no ledger to trust: {error.message}", hint=error.hint) from None
        if is_committed:
            raise LedgerError(
                f"Git holds the ledger {shown_path(path)}: a commit brought it, so it is not believed",
                hint="see who added it, and remove it with git rm",
            )

    def _bring(self, address: LedgerAddress) -> None:
        """Take a ledger that lies at an earlier place to that of *address*."""
        found = self._found(address)
        if found != address:
            self._take(found, address)
        self._remove_copies(address)

    def _take(self, found: LedgerAddress, address: LedgerAddress) -> None:
        from reconcile.ledger.database_errors import ledger_errors
        from reconcile.ledger.taken_file import take

        assert found.path is not None and address.path is not None, "only a file is taken to its place"
        # What cannot be opened, or belongs to another workspace, stays where it is.
        with self.if_exists():
            pass
        with ledger_errors(found, f"moved to {address.shown}, its place"):
            take(found.path, address.path)
        self.runtime.log("warning", f"the ledger {found.shown} was moved to {address.shown}, its place")

    def _remove_copies(self, address: LedgerAddress) -> None:
        """Remove what a run left at an earlier place that was killed after it had copied the ledger to its place."""
        if address.path is None or not address.path.exists():
            return
        for path in self.earlier:
            if path.exists():
                from reconcile.ledger.taken_file import is_same

                if is_same(path, address.path):
                    path.unlink()

    def _open(self, address: LedgerAddress, *, create: bool) -> SqlLedger | None:
        if address.remote is not None:
            return self._open_in_git(create=create)
        # Here, so that a run without a ledger does not pay for its library.
        from reconcile.ledger.open_ledger import open_ledger

        clock = self.runtime.clock
        ledger = open_ledger(
            address, workspace=self.workspace, environment=self.environment, clock=clock, create=create
        )
        if ledger is not None:
            try:
                self._refuse_another(ledger.lineage() if self.lineage else None)
            except BaseException:
                ledger.close()
                raise
        return ledger

    def _refuse_another(self, found: Lineage | None) -> None:
        """Refuse a ledger of the lineage *found* where the workspace names one that it neither is nor was begun from.

        Raises:
            LedgerGoneError: it is another one, or there is none.
        """
        if self.address is None or self.lineage is None or (found is not None and found.is_of(self.lineage)):
            return
        why = "it is not there, or holds no run" if found is None else f"it is of lineage {found.id}"
        raise LedgerGoneError(
            f"the ledger {self.shown} is not the one that `lineage` names ({self.lineage}): {why}",
            hint="see where the right one is; or, to go on with this one, "
            f"reconcile ledger accept --env {self.environment}",
        )

    def _open_in_git(self, *, create: bool) -> SqlLedger | None:
        from reconcile.ledger.git_ledger import open_git_ledger

        with contextlib.ExitStack() as stack:
            home = self._git_home(stack.enter_context(self.scratch()))
            ledger = open_git_ledger(home, create=create)
            if ledger is not None:
                ledger.closing = stack.pop_all().close
            return ledger

    @contextlib.contextmanager
    def other_refs(self) -> Iterator[tuple[GitHome, ...]]:
        """Give the other ledgers in the remote that holds this one, of all workspaces and environments.

        Raises:
            LedgerError: the remote cannot be asked.
        """
        from reconcile.git.ledger_refs import ledger_refs
        from reconcile.ledger.git_steps import as_ledger_error

        own = ledger_ref(self.workspace, self.environment)
        with self.scratch() as place:
            with as_ledger_error(self.named):
                refs = ledger_refs(place)
            yield tuple(replace(self._git_home(place, ref), lineage=None) for ref in refs if ref != own)

    def _git_home(self, place: Scratch, ref: str | None = None) -> GitHome:
        from reconcile.git.shared_ref import GitRef
        from reconcile.ledger.git_home import GitHome

        clock = self.runtime.clock
        shared = GitRef(place, ref or ledger_ref(self.workspace, self.environment), sleep=clock.sleep)
        return GitHome(shared, place.folder.parent, self.workspace, self.environment, clock, self.lineage)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Scratch]:
        """Give a repository in which to work on the refs of the remote that holds this ledger.

        Raises:
            LedgerError: it cannot be made.
        """
        from reconcile.git.scratch import scratch

        assert self.address is not None and self.address.remote is not None, "the ledger is in Git"
        with contextlib.ExitStack() as stack:
            try:
                place = stack.enter_context(scratch(self.repository, self.address.remote))
            except ReconcileError as error:
                message = f"the ledger {self.address.shown} cannot be opened: {error.message}"
                raise LedgerError(message, hint=error.hint) from error
            yield place


def _refuse_taken(ledger: SqlLedger) -> None:
    place = ledger.taken_to()
    if place is not None:
        from reconcile.ledger.carry import taken_error

        raise taken_error(ledger.shown, place)


def locate_ledger(checkout: Checkout, environment: Environment) -> LedgerHome:
    """Return where the ledger of *environment* is kept. Nothing is opened yet; its password is learned by the run.

    Raises:
        SettingError: the setting is wrong, or a variable that it names is not set.
        ReconcileError: it is a file, and git does not say where the repository is.
    """
    runtime, workspace = checkout.runtime, checkout.workspace
    named, setting = "ledger", workspace.ledger
    if environment.ledger is not None:
        named, setting = f"environments.{environment.name}.ledger", environment.ledger
    places = file_places(runtime.directory, workspace.id, checkout.repository.common_dir)
    address = ledger_address(setting, places.place, runtime.environ, named=named)
    if address is not None and address.path is not None:
        checkout.require_git()  # else the file outside Git would be taken for the ledger
    if address is not None:
        runtime.facts.learn_secrets(address.hide)
    lineage = environment.lineage or workspace.lineage
    return LedgerHome(runtime, workspace.id, environment.name, address, checkout.repository, lineage, places.earlier)


def _not_yet(address: LedgerAddress) -> LedgerError:
    hint = "the first apply makes it, or reconcile ledger rebuild"
    return NoLedgerYetError(f"there is no ledger {address.shown} yet", hint=hint)


@contextlib.contextmanager
def ledger_required() -> Iterator[None]:
    """Turn an error of the ledger into a refusal: nothing is saved without a ledger, unless `ledger` is none.

    Raises:
        RefusedError: the block raised a `LedgerError` or a `LedgerRefusedError`.
    """
    try:
        yield
    except (LedgerError, LedgerRefusedError) as error:
        refusal = refusal_of(error, error.message, error.hint or "")
        if isinstance(error, LedgerGoneError | LockLostError):
            raise RefusedError(error.message, refusals=(refusal,), hint=error.hint) from error
        ways = (error.hint, None if WITHOUT_LEDGER in (error.hint or "") else WITHOUT_LEDGER)
        hint = "; or ".join(filter(None, ways))
        refusal = refusal_of(error, error.message, hint)
        raise RefusedError(f"no ledger, no apply: {error.message}", refusals=(refusal,), hint=hint) from error
