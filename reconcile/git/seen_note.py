"""The note of how far this repository has seen a ledger: ``refs/reconcile/seen/<workspace>/<environment>``.

The ref names a small file: the lineage of the ledger, and the serial of a run that it holds. It belongs to this
repository alone, and all its work trees share it: no command pushes or fetches it. It only moves forward, to a later
run of the same lineage, or to a lineage that names the noted one among its parents.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace

from reconcile.errors import LedgerError, ReconcileError
from reconcile.git.refs import seen_ref
from reconcile.git.repository import Repository
from reconcile.model.ledger_records import Lineage

_MOST_TRIES = 20
_OF_LINEAGE = re.compile(r"[0-9A-Za-z_.-]{1,200}")


@dataclass(frozen=True)
class SeenNote:
    """What *repository* notes at *ref*: the *lineage* and serial that it has seen (None: none yet), in the object *at*.

    Outside Git nothing is noted, and *at* is None. *place* is where that ledger was kept, and *here* where it is kept
    now, as `ledger` names it, without secrets.
    """

    repository: Repository
    ref: str
    at: str | None = None
    lineage: Lineage | None = None
    place: str | None = None
    here: str = ""

    @property
    def was_elsewhere(self) -> bool:
        """Return whether the ledger that was seen was kept at another place."""
        return self.place not in (None, "", self.here)

    def moved_to(self, lineage: Lineage) -> SeenNote:
        """Note that the ledger with *lineage* was seen, and return the note. One that is further on stays.

        Raises:
            ReconcileError: the note cannot be read or written.
        """
        note = self
        for _ in range(_MOST_TRIES):
            if note.at is None or (note.lineage is not None and not lineage.is_after(note.lineage)):
                return note
            noted = {"lineage": lineage.id, "serial": lineage.serial, "place": self.here}
            content = json.dumps(noted, indent=1, ensure_ascii=False) + "\n"
            written = self.repository.ask("hash-object", "-w", "--stdin", stdin=content.encode())
            if not written.is_good:
                raise written.failure(f"{self.ref} was not written")
            blob = os.fsdecode(written.out.strip())
            moved = self.repository.ask("update-ref", "--no-deref", self.ref, blob, note.at)
            if moved.is_good:
                return replace(note, at=blob, lineage=lineage, place=self.here)
            found = _read(self.repository, self.ref)
            if found.at == note.at:
                raise moved.failure(f"{self.ref} was not written")
            note = replace(found, here=self.here)
        raise ReconcileError(f"{self.ref} was not written: other runs move it all the time", hint="see what moves it")


def read_note(repository: Repository, workspace: str, environment: str, *, here: str) -> SeenNote:
    """Return the note that *repository* has of the ledger of *environment*, which is kept *here* now.

    Raises:
        LedgerError: it cannot be read: a broken note must not count as none.
    """
    return replace(_read(repository, seen_ref(workspace, environment)), here=here)


def _read(repository: Repository, ref: str) -> SeenNote:
    none = SeenNote(repository, ref)
    listed = repository.ask("for-each-ref", "--format=%(objectname)", ref)
    if repository.is_outside:
        return none
    what = f"{ref}, which notes the ledger that was seen here, cannot be read"
    if not listed.is_good or b"broken ref" in listed.err:
        raise _unreadable(ref, listed.failure(what).message)
    blob = os.fsdecode(listed.out.strip())
    if not blob:
        return replace(none, at="")
    content = repository.ask("cat-file", "blob", blob)
    if not content.is_good:
        raise _unreadable(ref, content.failure(what).message)
    try:
        found = json.loads(content.out)
        lineage, place = Lineage(found["lineage"], found["serial"]), found.get("place")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _unreadable(ref, f"{what}: it holds something else") from None
    if not isinstance(lineage.id, str) or not _OF_LINEAGE.fullmatch(lineage.id) or type(lineage.serial) is not int:
        raise _unreadable(ref, f"{what}: it holds something else")
    return replace(none, at=blob, lineage=lineage, place=place if isinstance(place, str) else None)


def _unreadable(ref: str, message: str) -> LedgerError:
    return LedgerError(
        message, hint=f"if the ledger is the right one: git update-ref -d {ref}; the next apply notes it"
    )
