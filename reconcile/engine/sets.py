"""Sets: which entries a tenant takes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconcile.engine.crons import Crons
from reconcile.engine.documents import Document, Documents, Pointer, Problem
from reconcile.engine.entries import Entry, by_code
from reconcile.model.rules import ScheduleRule
from reconcile.text import did_you_mean, shown


@dataclass(frozen=True, slots=True)
class Shelf:
    """All sets: their entries by name and code. *is_whole* is False when there may be more than could be read."""

    sets: Mapping[str, Mapping[str, Entry]]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """An entry of a set, and the tenant's document that includes the set."""

    entry: Entry
    includer: Document


def shelf(documents: Documents, crons: Crons, problems: list[Problem]) -> Shelf:
    """Return the sets of *documents*, and append what is wrong with them."""
    sets: dict[str, Mapping[str, Entry]] = {}
    files: dict[str, str] = {}
    for document in sorted(documents.sets, key=lambda document: document.file):
        entries = by_code([document], f"set {document.name}", crons, problems)
        if document.name in sets:
            message = f"set {document.name} is declared twice: here and in {files[document.name]}"
            at = Pointer(document.file, ("set",))
            problems.append(
                Problem(ScheduleRule.SET_DECLARED_TWICE, message, at, hint="rename one, or put both into one file")
            )
        elif document.name:
            sets[document.name] = entries
            files[document.name] = document.file
    return Shelf(sets, documents.is_whole)


def taken(tenant: str, documents: Sequence[Document], sets: Shelf, problems: list[Problem]) -> dict[str, Taken]:
    """Return what *tenant* takes over, by code: included and not excluded; and append what is wrong with that."""
    unwanted = {code for document in documents for code in document.exclude}
    found: dict[str, Taken] = {}
    offered: set[str] = set()
    for name, at, includer in _includes(tenant, documents, problems):
        if name not in sets.sets:
            if sets.is_whole:
                problems.append(_unknown_set(name, at, sets))
            continue
        for code, entry in sets.sets[name].items():
            offered.add(code)
            if code in unwanted:
                continue
            if code in found:
                problems.append(_in_two_sets(code, found[code].entry, entry, at))
            found.setdefault(code, Taken(entry, includer))
    if unwanted and sets.is_whole:
        problems.extend(_idle_excludes(documents, offered))
    return found


def _includes(
    tenant: str, documents: Sequence[Document], problems: list[Problem]
) -> Iterator[tuple[str, Pointer, Document]]:
    """Yield each set that *tenant* includes, where it says so, and in which document."""
    first: dict[str, str] = {}
    for document in documents:
        for position, name in enumerate(document.include):
            at = Pointer(document.file, ("include", position))
            if name in first:
                message = f"tenant {tenant} includes set {name} twice: here and in {first[name]}"
                problems.append(Problem(ScheduleRule.INCLUDED_TWICE, message, at, hint="delete one of the two"))
                continue
            first[name] = document.file
            yield name, at, document


def _unknown_set(name: str, at: Pointer, sets: Shelf) -> Problem:
    known = f"known: {', '.join(sorted(sets.sets))}" if sets.sets else "no set file is covered by `paths`"
    return Problem(
        ScheduleRule.UNKNOWN_SET, f"there is no set {shown(name)}", at, hint=did_you_mean(name, sets.sets) or known
    )


def _in_two_sets(code: str, one: Entry, other: Entry, at: Pointer) -> Problem:
    message = (
        f"two included sets have {code}: {one.document.name} at {one.place}, {other.document.name} at {other.place}"
    )
    return Problem(
        ScheduleRule.IN_TWO_SETS, message, at, hint="exclude it and declare it here, or delete it from one set"
    )


def _idle_excludes(documents: Sequence[Document], offered: set[str]) -> Iterator[Problem]:
    for document in documents:
        for position, code in enumerate(document.exclude):
            if code not in offered:
                message = f"exclude: no included set has {code}"
                hint = did_you_mean(code, offered) or "delete it"
                yield Problem(
                    ScheduleRule.EXCLUDES_NOTHING, message, Pointer(document.file, ("exclude", position)), hint=hint
                )
