"""Orphans: what was applied, or declared, and is no longer declared. The API has no list: the ledger or Git knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from reconcile.engine.declarations import DeclarationFile
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, last_declaration
from reconcile.model.schedule import Removed, Schedule, State
from reconcile.model.selection import Selection


@dataclass(frozen=True, slots=True)
class OtherFiles:
    """Files that may declare keys. *texts* are those that cannot be parsed, by name."""

    tenants: tuple[DeclarationFile, ...] = ()
    sets: tuple[DeclarationFile, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def uses_sets(self) -> bool:
        """Return whether what they declare depends on files of another kind, which the environment may read."""
        return bool(self.sets) or any(file.include for file in self.tenants)


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
    declared = None if applied is None else applied.declared
    if declared is None and earlier is not None:
        declared = last_declaration(earlier)
    return Schedule(
        key,
        known.name,
        known.cron,
        known.cron,
        Removed(file=None if declared is None else declared.file),
        state=State.PARKED,
        protect=declared is not None and declared.protect,
    )


def declared_in(key: Key, others: OtherFiles, read: OtherFiles = OtherFiles()) -> str | None:
    """Return the place in *others* that declares *key*, alone or together with the files *read*; None: none does.

    A text that holds the code may declare it.
    """
    return next(_places(key, others, read), None)


def _places(key: Key, others: OtherFiles, read: OtherFiles) -> Iterator[str]:
    for file in others.tenants:
        if file.name == key.tenant:
            yield from _lines(key, file)
    for tenant in (*others.tenants, *read.tenants):
        if tenant.name != key.tenant or key.code in tenant.exclude:
            continue
        for one in others.sets:
            if one.name in tenant.include:
                yield from _lines(key, one)
        if tenant in others.tenants:
            for one in read.sets:
                if one.name in tenant.include and any(_lines(key, one)):
                    yield tenant.path
    yield from (name for name, text in others.texts.items() if key.code in text)


def _lines(key: Key, file: DeclarationFile) -> Iterator[str]:
    for entry, line in zip(file.entries, file.lines, strict=False):
        if entry.get("code") == key.code:
            yield f"{file.path}:{line}"
