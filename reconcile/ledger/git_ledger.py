"""A ledger that is a ref of a Git repository: the same tables, in a database of the run's own, and each step a commit.

The tree of the ref is loaded into a temporary SQLite file, so that every question and every record is that of the other
homes. After each step the files whose rows changed are committed (`ledger_tree`, `git_steps`). A push makes a step
durable: before the first save of a wave, and at the end.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection, or_, select

from reconcile.errors import LedgerError, LedgerMovedError
from reconcile.ledger.environment_lock import refused
from reconcile.ledger.git_home import GitHome, Loaded, gone, holder_of, lineage_to_commit, load
from reconcile.ledger.git_steps import LEASE, POLL_SECONDS, GitLock, Steps, as_ledger_error
from reconcile.ledger.lease import Mark, Watch
from reconcile.ledger.ledger_tree import RUN_FOLDER, run_path
from reconcile.ledger.lineage import new_lineage
from reconcile.ledger.run_ledger import RunLedger
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.ledger.tables import CHANGES, IS_DOUBLED, IS_OPEN
from reconcile.model.finding import Finding, RefusedError
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.ledger_records import (
    ChangeRecord,
    Ending,
    Hold,
    Lineage,
    LockHolder,
    RunRecord,
    RunStart,
    Settled,
    Subject,
)
from reconcile.model.outcome import Intent, Outcome
from reconcile.times import instant_text

KEPT_RUNS = 20
"""So many runs are in the tree; those before them are in its history."""

_TRIES = 5

T = TypeVar("T")


class GitRunLedger(RunLedger):
    """Records one run; each call is a commit. *git* is the ledger that it writes to."""

    git: GitLedger

    def objection(self) -> LedgerError | None:
        """Return why nothing may be saved now; None: it may."""
        return self.git.steps.objection()

    def record_intents(self, intents: Iterable[Intent]) -> None:
        """Record a wave's intents, and push all steps so far: the first push takes the lock."""
        listed = tuple(intents)
        super().record_intents(listed)
        self._commit(f"intents of {len(listed)}")
        self.git.steps.push()
        self.git.steps.landed = self.git.lineage()
        if objection := self.objection():
            raise objection

    def record_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Record a wave's outcomes; the next intents push them, a renewal of the lock, or the end."""
        listed = tuple(outcomes)
        if listed:
            super().record_outcomes(listed)
            self._commit(f"outcomes of {len(listed)}")

    def record_learned(self) -> None:
        """Record what this run has read."""
        super().record_learned()
        self._commit("what was read")

    def record_applied(self, applied: Mapping[Key, Applied]) -> None:
        """Record last applied of keys that are live as desired."""
        super().record_applied(applied)
        self._commit(f"last applied of {len(applied)}")

    def record_settled(self, settled: Mapping[tuple[str, Key], Settled], applied: Mapping[Key, Applied]) -> None:
        """Record what was read of open changes."""
        super().record_settled(settled, applied)
        self._commit(f"{len(settled)} saves of earlier runs settled")

    def hold(self, holds: Iterable[Hold]) -> None:
        """Place holds."""
        listed = tuple(holds)
        super().hold(listed)
        self._commit(f"{len(listed)} held")

    def lift(self, keys: Iterable[Key]) -> None:
        """Lift the holds of *keys*."""
        listed = tuple(keys)
        super().lift(listed)
        self._commit(f"{len(listed)} released")

    def end(self, ending: Ending, summary: Mapping[str, int]) -> None:
        """Record how the run ended, free the lock with the same commit, and push."""
        super().end(ending, summary)
        self.git.steps.lock = None
        self._commit(f"end: {ending}", prune=True)
        self.git.steps.push()

    def _commit(self, what: str, *, prune: bool = False) -> None:
        self.git.commit(f"{self._start.kind} {self._start.id}: {what}", prune=prune)


class GitLedger(SqlLedger):
    """An open ledger in Git. What only asks moves nothing."""

    recorder = GitRunLedger

    def __init__(self, home: GitHome, loaded: Loaded) -> None:
        self._home = home
        self.closing: Callable[[], None] = lambda: None
        self._take_up(loaded)

    def _take_up(self, loaded: Loaded) -> None:
        home = self._home
        super().__init__(
            loaded.database, workspace=home.workspace, environment=home.environment, clock=home.clock, lease=LEASE
        )
        self._loaded = loaded
        self._has_history = False
        self.steps = Steps(home.ref, loaded.meta, loaded.commit, home.clock.monotonic)

    def close(self) -> None:
        """Close the database, and remove what this run made."""
        super().close()
        self.closing()

    def notices(self) -> tuple[Finding, ...]:
        """Return what a person has to do: commit the lineage, where the workspace does not name it."""
        if self._home.lineage is not None or self.steps.at is None:
            return ()
        return (lineage_to_commit(self.steps.meta.lineage),)

    def notices_of_run(self) -> tuple[Finding, ...]:
        """Return the same for the run that began the ledger; `status` says it to all others."""
        return self.notices() if self._loaded.commit is None else ()

    def lineage(self) -> Lineage | None:
        """Return which ledger this is: the lineage that `lineage` names."""
        found = super().lineage()
        return None if found is None else self.named(found)

    def named(self, lineage: Lineage) -> Lineage:
        """Return *lineage* with the id that `lineage` names."""
        return replace(lineage, id=self.steps.meta.lineage)

    def durable_lineage(self) -> Lineage | None:
        """Return the lineage as the ref had it after the last push: None before the first one."""
        return self.lineage() if self.steps.has_landed and self.steps.head == self.steps.at else self.steps.landed

    def lock_holder(self) -> LockHolder | None:
        """Return the holder of the lock, as the ledger said when it was read, or as this run has written it since."""
        lock = self._lock_now()
        return None if lock is None else holder_of(lock)

    def _lock_now(self) -> GitLock | None:
        return self.steps.lock if self.steps.has_landed else self._loaded.lock

    def unlock(self, lock_id: str) -> LockHolder | None:
        """Take the lock with this id away, and return its holder: a run that still holds it saves nothing more."""

        def taken_away() -> LockHolder | None:
            holder = self.lock_holder()
            if holder is None or holder.id != lock_id:
                return None
            self.commit(f"unlock {lock_id} of run {holder.run}")
            return holder

        # A holder that lives moves the ledger while it is unlocked.
        return self._pushed(taken_away)

    def release(self, keys: Collection[Key]) -> tuple[Key, ...]:
        """Lift the holds of *keys*, and return the keys that had one, sorted.

        Raises:
            RefusedError: a run holds the lock: a step between its own would take it away.
        """

        def released() -> tuple[Key, ...]:
            lock = self._lock_now()
            if lock is not None:
                raise self._refused(lock)
            lifted = super(GitLedger, self).release(keys)
            if lifted:
                self.commit(f"release {len(lifted)}")
            return lifted

        return self._pushed(released)

    def _pushed(self, step: Callable[[], T]) -> T:
        """Return what *step* returns, after its commit was pushed; where another run moved the ledger, it is repeated.

        Raises:
            LedgerMovedError: it was moved each time.
        """
        for _ in range(_TRIES - 1):
            done = step()
            try:
                self.steps.push()
            except LedgerMovedError:
                self._read_again()
            else:
                return done
        done = step()
        self.steps.push()
        return done

    def runs(self, *, most: int) -> tuple[RunRecord, ...]:
        """Return the last runs, newest first; those that the tree no longer holds are read from its history."""
        if most > KEPT_RUNS:
            self._read_history()
        return super().runs(most=most)

    def run(self, name: str) -> tuple[RunRecord, tuple[ChangeRecord, ...]] | None:
        """Return the run whose id is *name*, or begins with it: beginnings are looked for in the history too."""
        if run_path(name) not in self._loaded.files:
            self._read_history()
        return super().run(name)

    def applying_runs(self, *, most: int, besides: Collection[str] = ()) -> tuple[RunRecord, ...]:
        """Return the last runs that applied declarations of a commit; the history is read where the tree lacks some."""
        found = super().applying_runs(most=most, besides=besides)
        if len(found) < most and self._may_lack_runs():
            self._read_history()
            found = super().applying_runs(most=most, besides=besides)
        return found

    def finished_with(self, plan_digest: str, plan_made_at: str) -> RunRecord | None:
        """Return the run that finished the saved plan; None when the plan may be used."""
        found = super().finished_with(plan_digest, plan_made_at)
        if found is None and self._may_lack_runs():
            self._read_history()
            found = super().finished_with(plan_digest, plan_made_at)
        return found

    @contextlib.contextmanager
    def lock(self, run: str, actor: str, *, timeout_seconds: float) -> Iterator[LockHolder]:
        """Wait until the lock is free, and hold it inside: it is taken by the first push, on the commit that was read.

        Raises:
            RefusedError: another run holds it, and did not release it within *timeout_seconds*.
        """
        self._wait(timeout_seconds)
        now = self._home.clock.now()
        self.steps.lock = GitLock(secrets.token_hex(16), run, actor, instant_text(now))
        done = threading.Event()
        renewal = threading.Thread(target=self._renew_until, args=(done,), name="ledger-lease", daemon=True)
        renewal.start()
        try:
            # The lock of the run's own database, which no other run sees, is always free.
            with super().lock(run, actor, timeout_seconds=0):
                yield holder_of(self.steps.lock)
        finally:
            done.set()
            renewal.join()
            # A lock that cannot be given back is taken over by who waits for it.
            with contextlib.suppress(LedgerError, LedgerMovedError):
                if self.steps.lock is not None and self.steps.has_landed:
                    self.steps.lock = None
                    self.commit(f"free the lock of {run}")
                    self.steps.push()
                elif self._loaded.lock is not None and not self.steps.has_landed:
                    self.steps.free(self._loaded.lock, self._loaded.meta)
            self.steps.lock = None

    def begin(self, start: RunStart, *, parents: Collection[str] = (), about: Subject | None = None) -> RunLedger:
        """Record that a run begins, and return what records it; the lock must be held.

        With *parents* it begins a new lineage, which names them and the one before it.
        """
        # In its rows a ledger has another id than it is known by.
        known = self.lineage()
        named = (*(() if known is None else (known.as_parent,)), *parents) if parents else ()
        begun = super().begin(start, parents=named, about=about)
        assert isinstance(begun, GitRunLedger), "it is made of `recorder`"
        begun.git = self
        if parents and (made := super().lineage()) is not None:
            self.steps.meta = replace(self.steps.meta, lineage=made.id)
        self.commit(f"{start.kind} {start.id}: begin", prune=True)
        return begun

    def commit(self, subject: str, *, prune: bool = False) -> None:
        """Commit the files whose rows changed; with *prune*, without the runs that are only history."""
        with self._database.writing() as connection:
            changed = self._loaded.tree.changed(connection)
        if prune:
            changed |= dict.fromkeys(self._only_history(changed))
        self.steps.commit(changed, subject)

    @contextlib.contextmanager
    def step(self, subject: str) -> Iterator[Connection]:
        """Give a connection in a transaction; what it wrote is committed as *subject* and pushed after the block."""
        with super().step(subject) as connection:
            yield connection
        self.commit(subject)
        self.steps.push()

    def secure(self) -> None:
        """Push the lock that is held, on the commit that was read."""
        assert self.steps.lock is not None, "it is held"
        self.commit(f"lock for {self.steps.lock.run}")
        self.steps.push()

    def read_whole(self) -> None:
        """Read the runs that are only in the history."""
        self._read_history()

    def renewed_lineage(self) -> str:
        """Return the id of a lineage that begins here with the next step."""
        self.steps.meta = replace(self.steps.meta, lineage=new_lineage())
        return self.steps.meta.lineage

    def _only_history(self, changed: Mapping[str, bytes | None]) -> set[str]:
        """Return the files of runs that are not among the last, and of which no later run needs a row."""
        kept = {run_path(record.start.id) for record in super().runs(most=KEPT_RUNS)}
        needed = select(CHANGES.c.run).where(or_(IS_OPEN, IS_DOUBLED)).distinct()
        with self._database.reading() as connection:
            kept |= {run_path(run) for run in connection.execute(needed).scalars()}
        paths = {path for path in self._loaded.files if path.startswith(f"{RUN_FOLDER}/")} | changed.keys()
        return {path for path in paths if path.startswith(f"{RUN_FOLDER}/") and path not in kept}

    def _wait(self, timeout_seconds: float) -> None:
        """Wait until the lock is free, or its holder's ref stood still for the length of a lease; then read again."""
        clock, ref = self._home.clock, self._home.ref
        if self.steps.has_landed:
            self._read_again()  # what was read before is not what is there any more
        began = clock.monotonic()
        watch = Watch().seeing(Mark(self._loaded.commit or "", 0), at=began)
        while self._loaded.lock is not None:
            before = clock.monotonic()
            if watch.overdue(LEASE, at=before) is not None:
                return  # its holder has stopped saving; the first push replaces the lock
            pause = min(POLL_SECONDS, timeout_seconds - (before - began))
            if pause > 0:
                clock.sleep(pause)
            if pause <= 0 or clock.monotonic() - before < pause / 2:  # a sleep that ended early: the run was stopped
                raise self._refused(self._loaded.lock)
            with as_ledger_error(ref.shown):
                tip = ref.tip()
            if tip != self._loaded.commit:
                self._read_again()
            watch = watch.seeing(Mark(self._loaded.commit or "", 0), at=clock.monotonic())  # read after the answer

    def _refused(self, lock: GitLock) -> RefusedError:
        return refused(holder_of(lock), self._home.environment, LEASE)

    def _read_again(self) -> None:
        known = self._loaded.meta
        loaded = load(self._home, create=True)
        assert loaded is not None, "what is missing is made"
        is_same = loaded.meta.lineage == known.lineage and loaded.meta.serial >= known.serial
        if self._loaded.commit is not None and not is_same:
            loaded.database.close()
            raise gone(self._home, f"it is at {loaded.meta.serial}, and this run has seen it at {known.serial}")
        self._database.close()
        self._take_up(loaded)

    def _may_lack_runs(self) -> bool:
        return len(super().runs(most=KEPT_RUNS)) == KEPT_RUNS

    def _read_history(self) -> None:
        if self._has_history or self._loaded.commit is None:
            return
        self._has_history = True
        with as_ledger_error(self._home.ref.shown):
            files = self._home.ref.removed(RUN_FOLDER)
        old = {path: content for path, content in files.items() if path not in self._loaded.files}
        with self._database.writing() as connection:
            self._loaded.tree.add_history(connection, old)

    def _renew_until(self, done: threading.Event) -> None:
        while not done.wait(1.0):
            self.steps.renew()


def open_git_ledger(home: GitHome, *, create: bool) -> GitLedger | None:
    """Return the ledger at *home*; None when there is none, without *create*. It is made by the first push.

    Raises:
        LedgerGoneError: the workspace names a lineage, and the ref is not there or is another one.
        LedgerError: it cannot be read, is damaged, or is of a newer version.
    """
    loaded = load(home, create=create)
    return None if loaded is None else GitLedger(home, loaded)
