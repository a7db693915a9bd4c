"""What drift checks noted, where the ledger is in Git: a file in a ref of its own, of one commit without a parent.

The ref of the ledger stays where it is: a run that holds its lock is not disturbed, and no lock hangs on this ref. One
push moves it, by compare-and-swap.
"""

from __future__ import annotations

import json

from reconcile.engine.note_drift import DriftNotes
from reconcile.errors import LedgerError
from reconcile.ledger.encoding import json_text, note_columns, note_of
from reconcile.model.drift_note import DriftNote
from reconcile.ports import PushKind, SharedRef
from reconcile.text import counted
from reconcile.times import instant, instant_text

FILE = "observed.ndjson"


class ObservedRef:
    """The notes in *ref*, sorted by key, a line each."""

    def __init__(self, ref: SharedRef) -> None:
        self._ref = ref
        self._at: str | None = None

    def drift_notes(self) -> DriftNotes:
        """Return what is noted.

        Raises:
            ReconcileError: the remote could not be asked, or holds what no check writes.
        """
        # In most repositories there is no such ref: one call tells.
        self._at = None if self._ref.tip() is None else self._ref.fetch()
        if self._at is None:
            return {}
        content = self._ref.files(self._at).get(FILE)
        try:
            noted = None if content is None else [_note(line) for line in content.decode("utf-8").split("\n")[:-1]]
        except (ValueError, TypeError, AttributeError, RecursionError):
            noted = None
        if noted is None:
            raise LedgerError(f"{self._ref.shown} holds what no drift check writes", hint="delete that ref")
        return {note.key: note for note in noted}

    def replace_drift_notes(self, before: DriftNotes, after: DriftNotes) -> None:
        """Put *after* in the place of *before*, which were read.

        Raises:
            ReconcileError: the push did not land, or came after that of another check.
        """
        assert before != after, "a push changes something"
        content = "".join(_line(after[key]) for key in sorted(after)).encode()
        commit = self._ref.commit(None, {FILE: content}, f"drift: {counted(len(after), 'key')} moved")
        pushed = self._ref.push(self._at, commit)
        if pushed.kind is not PushKind.LANDED:
            raise LedgerError(pushed.message, hint=pushed.hint)


def _line(note: DriftNote) -> str:
    return json_text({**note_columns(note), "first_seen": instant_text(note.first_seen)}) + "\n"


def _note(line: str) -> DriftNote:
    values = json.loads(line)
    return note_of({**values, "first_seen": instant(values.get("first_seen"))})
