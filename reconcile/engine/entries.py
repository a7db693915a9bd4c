"""Entries of declaration files: by code, in sets, and those that a tenant takes over from the sets that it includes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconcile.engine.crons import Crons
from reconcile.engine.declarations import DeclarationFile, Declarations, Fields
from reconcile.engine.problems import Pointer, Problem
from reconcile.model.rules import ScheduleRule
from reconcile.text import did_you_mean, shown


class Entry(NamedTuple):
    """An entry: a file, and the position of the entry in it."""

    file: DeclarationFile
    position: int

    @property
    def fields(self) -> Fields:
        """Return what is written there."""
        return self.file.entries[self.position]

    @property
    def place(self) -> str:
        """Return the file and line at which it begins, for a message."""
        return f"{self.file.path}:{self.file.lines[self.position]}"

    @property
    def is_broken(self) -> bool:
        """Return whether there is a finding about it already."""
        return self.position in self.file.broken

    def at(self, *path: str) -> Pointer:
        """Return the pointer to a value of it."""
        return Pointer(self.file.path, ("schedules", self.position, *path))


@dataclass(frozen=True, slots=True)
class Sets:
    """All sets: their entries by the set's name and by code. *is_whole* is False when some may not have been read."""

    by_name: Mapping[str, Mapping[str, Entry]]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Included:
    """An entry of a set, and the tenant's file that includes the set."""

    entry: Entry
    includer: DeclarationFile


def by_code(files: Iterable[DeclarationFile], owner: str, crons: Crons, problems: list[Problem]) -> dict[str, Entry]:
    """Return the entries of *files* by code, and append problems: of crons, and of codes that are declared twice.

    *owner* is what the files declare together, as in ``acme`` or ``set core``.
    """
    found: dict[str, Entry] = {}
    for file in files:
        for position, fields in enumerate(file.entries):
            code = fields.get("code")
            cron = fields.get("cron")
            if cron is not None and not crons.is_clean(cron):
                problems.extend(crons.problems(cron, Entry(file, position).at("cron")))
            if code is None:
                continue
            first = found.setdefault(code, Entry(file, position))
            if first.position != position or first.file is not file:
                problems.append(_twice(f"{owner}/{code}", Entry(file, position), first))
    return found


def sets_of(declarations: Declarations, crons: Crons, problems: list[Problem]) -> Sets:
    """Return the sets of *declarations*, and append what is wrong with them."""
    sets: dict[str, Mapping[str, Entry]] = {}
    paths: dict[str, str] = {}
    for file in sorted(declarations.sets, key=lambda file: file.path):
        entries = by_code([file], f"set {file.name}", crons, problems)
        if file.name in sets:
            message = f"set {file.name} is declared twice: here and in {paths[file.name]}"
            at = Pointer(file.path, ("set",))
            problems.append(
                Problem(ScheduleRule.SET_DECLARED_TWICE, message, at, hint="rename one, or put both into one file")
            )
        elif file.name:
            sets[file.name] = entries
            paths[file.name] = file.path
    return Sets(sets, declarations.is_whole)


def included(tenant: str, files: Sequence[DeclarationFile], sets: Sets, problems: list[Problem]) -> dict[str, Included]:
    """Return what *tenant* takes over, by code: included and not excluded; and append what is wrong with that."""
    excluded = {code for file in files for code in file.exclude}
    found: dict[str, Included] = {}
    offered: set[str] = set()
    for name, at, includer in _includes(tenant, files, problems):
        if name not in sets.by_name:
            if sets.is_whole:
                problems.append(_unknown_set(name, at, sets))
            continue
        for code, entry in sets.by_name[name].items():
            offered.add(code)
            if code in excluded:
                continue
            if code in found:
                problems.append(_in_two_sets(code, found[code].entry, entry, at))
            found.setdefault(code, Included(entry, includer))
    if excluded and sets.is_whole:
        problems.extend(_idle_excludes(files, offered))
    return found


def _twice(name: str, second: Entry, first: Entry) -> Problem:
    return Problem(
        ScheduleRule.DECLARED_TWICE,
        f"{name} is declared twice: here and at {first.place}",
        second.at("code"),
        hint="delete one of the two",
    )


def _includes(
    tenant: str, files: Sequence[DeclarationFile], problems: list[Problem]
) -> Iterator[tuple[str, Pointer, DeclarationFile]]:
    """Yield each set that *tenant* includes, where it says so, and in which file."""
    first: dict[str, str] = {}
    for file in files:
        for position, name in enumerate(file.include):
            at = Pointer(file.path, ("include", position))
            if name in first:
                message = f"tenant {tenant} includes set {name} twice: here and in {first[name]}"
                problems.append(Problem(ScheduleRule.INCLUDED_TWICE, message, at, hint="delete one of the two"))
                continue
            first[name] = file.path
            yield name, at, file


def _unknown_set(name: str, at: Pointer, sets: Sets) -> Problem:
    known = f"known: {', '.join(sorted(sets.by_name))}" if sets.by_name else "no set file is covered by `paths`"
    return Problem(
        ScheduleRule.UNKNOWN_SET, f"there is no set {shown(name)}", at, hint=did_you_mean(name, sets.by_name) or known
    )


def _in_two_sets(code: str, one: Entry, other: Entry, at: Pointer) -> Problem:
    message = f"two included sets have {code}: {one.file.name} at {one.place}, {other.file.name} at {other.place}"
    return Problem(
        ScheduleRule.IN_TWO_SETS, message, at, hint="exclude it and declare it here, or delete it from one set"
    )


def _idle_excludes(files: Sequence[DeclarationFile], offered: set[str]) -> Iterator[Problem]:
    for file in files:
        for position, code in enumerate(file.exclude):
            if code not in offered:
                message = f"exclude: no included set has {code}"
                hint = did_you_mean(code, offered) or "delete it"
                yield Problem(
                    ScheduleRule.EXCLUDES_NOTHING, message, Pointer(file.path, ("exclude", position)), hint=hint
                )
