"""Whether the file of an open ledger is still the one at its path.

A file that was removed, replaced or moved away stays open, and takes all that is written: but no other run sees it. The
same is true of the files that SQLite keeps beside it: in `-wal` is what the file does not hold yet, and by `-shm` two
programs keep out of each other's way.
"""

from __future__ import annotations

from pathlib import Path

from reconcile.errors import LedgerGoneError

_COMPANIONS = ("-wal", "-shm")
Identity = tuple[int, int]
"""The device of a file, and its inode there."""


def _identity(path: Path) -> Identity | None:
    """Return which file lies at *path* now; None: there is none that can be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class OpenFile:
    """The files of an open ledger. Make it after the first transaction: until then nothing lies beside the file."""

    def __init__(self, path: Path, shown: str) -> None:
        self._shown = shown
        beside = [path.with_name(path.name + ending) for ending in _COMPANIONS]
        found = {each: _identity(each) for each in beside}
        self._files = {path: _identity(path)} | {each: one for each, one in found.items() if one is not None}

    def objection(self) -> LedgerGoneError | None:
        """Return why what is written to the ledger would be lost; None: it is where it was. Any thread may ask."""
        for path, file in self._files.items():
            now = _identity(path)
            if now is None or now != file:
                how = "was removed or moved away" if now is None else "was replaced"
                return LedgerGoneError(
                    f"the ledger {self._shown} {how} while it was open ({path.name})",
                    hint="see which program cleans or restores that folder, and put the ledger back if it was moved; "
                    "what this run saved since is in no ledger that another run reads",
                )
        return None

    def check(self) -> None:
        """Raise where there is an objection.

        Raises:
            LedgerGoneError: the file at the path is not the one that is open.
        """
        if objection := self.objection():
            raise objection
