"""Orphans: what was applied, or declared, and is no longer declared. The API has no list: the ledger or Git knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.schedule import Removed, Schedule, State
from reconcile.model.selection import Selection


def removed(
    *,
    applied: Mapping[Key, Applied],
    earlier: Mapping[Key, Schedule],
    declared: Mapping[Key, Schedule],
    selection: Selection,
    tenants: Sequence[str] = ("*",),
) -> dict[Key, Schedule]:
    """Return what is known from *applied* or *earlier* declarations and not in *declared*, each to be parked.

    *declared* is all that the environment has, before any selection: what *selection* leaves out is never an orphan,
    nor is a key whose tenant is not one of the environment (*tenants* are its patterns): it may belong to another one
    now. With labels nothing is an orphan: the labels of a removed schedule are not known.
    """
    if selection.labels:
        return {}
    known = (key for key in applied.keys() | earlier.keys() if key not in declared and selection.fits_key(key))
    gone = sorted(key for key in known if any(fnmatchcase(key.tenant, pattern) for pattern in tenants))
    return {key: _parked(key, applied.get(key), earlier.get(key)) for key in gone}


def _parked(key: Key, applied: Applied | None, earlier: Schedule | None) -> Schedule:
    # The name last applied is nearer to the live one than a name that was only declared.
    known = applied or earlier
    assert known is not None, "a removed key is known from one of the two"
    return Schedule(
        key,
        known.name,
        known.cron,
        known.cron,
        Removed(),
        state=State.PARKED,
        protect=earlier is not None and earlier.protect,
    )
