"""Noting drift: since when is each key that moved as it is? The notes so far, and the drift of now, become new ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TypeAlias

from reconcile.model.change import Change
from reconcile.model.drift import Drift
from reconcile.model.drift_note import DriftNote
from reconcile.model.keys import Key
from reconcile.model.live import Unreadable

DriftNotes: TypeAlias = Mapping[Key, DriftNote]


def note_drift(notes: DriftNotes, drift: Drift, *, now: datetime, asked: Collection[Key] | None = None) -> DriftNotes:
    """Return the *notes* after *drift*, which was found at *now*: one for each key that moved, to the second.

    A key that is as it was noted keeps its note, and so does one that this check could not read, or did not look at:
    with a selection it looked at the keys *asked* only (None: at all).
    """
    found = {change.key: change for change in drift.keys}
    kept = {
        key: note
        for key, note in notes.items()
        if (_stays(note, found[key]) if key in found else asked is not None and key not in asked)
    }
    new = {
        change.key: DriftNote(change.key, change.verdict, change.live, now.replace(microsecond=0))
        for change in drift.moved
        if change.key not in kept and not isinstance(change.live, Unreadable)
    }
    return {**kept, **new}


def first_seen(notes: DriftNotes, drift: Drift) -> Mapping[Key, datetime]:
    """Return since when each key that moved is as *drift* found it, as far as *notes* know."""
    return {
        change.key: notes[change.key].first_seen
        for change in drift.moved
        if change.key in notes and notes[change.key].fits(change)
    }


def _stays(note: DriftNote, change: Change) -> bool:
    # An orphan that only a strict check counts stays noted, else the next strict one would begin anew.
    return isinstance(change.live, Unreadable) or note.fits(change)
