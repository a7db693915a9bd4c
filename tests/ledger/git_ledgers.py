"""Ledgers in a bare repository, opened as a run opens them, with a clock that a test sets."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from reconcile.git.refs import ledger_ref
from reconcile.git.repository import find
from reconcile.git.scratch import scratch
from reconcile.git.shared_ref import GitRef
from reconcile.ledger.git_home import GitHome
from reconcile.ledger.git_ledger import GitLedger, open_git_ledger
from tests.ledger.run_builders import Clock


class Remote:
    """A bare repository that holds ledgers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "remote.git"
        self.outside = folder / "outside"
        self.outside.mkdir()
        self.git("init", "--quiet", "--bare", str(self.folder), there=False)

    def git(self, *words: str, there: bool = True) -> str:
        place = ["-C", str(self.folder)] if there else []
        done = subprocess.run(["git", *place, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def tip(self, environment: str = "prod") -> str:
        return self.git("rev-parse", ledger_ref("shop", environment))

    def subjects(self, environment: str = "prod") -> list[str]:
        """Return the subjects of the commits, oldest first."""
        return self.git("log", "--reverse", "--format=%s", ledger_ref("shop", environment)).split("\n")

    def files(self, environment: str = "prod") -> list[str]:
        return self.git("ls-tree", "-r", "--name-only", ledger_ref("shop", environment)).split("\n")

    @contextlib.contextmanager
    def opened(self, clock: Clock, *, create: bool = True, **more: object) -> Iterator[GitLedger | None]:
        values = {"workspace": "shop", "environment": "prod", **more}
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(scratch(find(self.outside), f"file://{self.folder}"))
            name = ledger_ref(values["workspace"], values["environment"])
            ref = GitRef(place, name, sleep=clock.sleep)
            home = GitHome(ref, place.folder.parent, clock=clock, **values)
            ledger = open_git_ledger(home, create=create)
            if ledger is not None:
                stack.callback(ledger.close)
            yield ledger
