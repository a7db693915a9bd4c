"""Whether orphans were removed from Git: what other files of the folder declare, and what is not on disk.

A file that only environments of another service read does not count: the same key is another job there. Only keys that
are live and declared by no file of the environment are asked about. So an ordinary run pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from reconcile.declare.globs import matcher
from reconcile.declare.other_files import holds_declarations, other_files, unread_paths
from reconcile.engine.orphans import OtherFiles, declared_in
from reconcile.errors import ReconcileError
from reconcile.git.repository import Repository, find
from reconcile.git.revision import RevisionTree, revision_tree
from reconcile.model.keys import Key
from reconcile.model.rules import ScheduleRule
from reconcile.model.schedule import Doubt, Removed, Schedule
from reconcile.model.workspace import Environment
from reconcile.session.declared import Checkout, Declared


@dataclass(frozen=True, slots=True)
class _Missing:
    """What Git tracks and is not on disk: the content of files, by name, and what cannot be read."""

    contents: Mapping[str, bytes]
    unreadable: tuple[str, ...] = ()


def with_doubts(declared: Declared, gone: Mapping[Key, Schedule], asked: Collection[Key]) -> dict[Key, Schedule]:
    """Return *gone*, in which each of the keys *asked* says why it does not count as removed from Git, if so.

    Raises:
        ReconcileError: git cannot say which files it ignores.
    """
    if not asked:
        return dict(gone)
    checkout = declared.checkout
    may_declare = _of_this_service(declared)
    missing = _missing(checkout, may_declare)
    outside = other_files(checkout.unread_declarations(declared.environment.paths, may_declare))
    absent = other_files({file: text for file, text in missing.contents.items() if holds_declarations(text)})
    read = _read(declared) if outside.uses_sets or absent.uses_sets else OtherFiles()
    both = OtherFiles((*read.tenants, *outside.tenants), (*read.sets, *outside.sets))
    doubts: dict[Key, Doubt] = {}
    for key in asked:
        if (place := declared_in(key, outside, read)) is not None:
            doubts[key] = Doubt(ScheduleRule.OUTSIDE_PATHS, place)
        elif (place := declared_in(key, absent, both) or next(iter(missing.unreadable), None)) is not None:
            doubts[key] = Doubt(ScheduleRule.MISSING, place)
    return {
        key: replace(schedule, origin=_doubted(schedule, doubts[key])) if key in doubts else schedule
        for key, schedule in gone.items()
    }


def _of_this_service(declared: Declared) -> Callable[[str], bool]:
    """Return whether a file at a path may declare keys of this environment's service: all but those of others alone."""
    here = _address(declared.environment)
    same: list[Callable[[str], object]] = []
    others: list[Callable[[str], object]] = []
    for environment in declared.checkout.workspace.environments.values():
        address = _address(environment)
        may_be_here = None in (address, here) or address == here
        (same if may_be_here else others).extend(matcher(pattern) for pattern in environment.paths)
    return lambda path: any(covers(path) for covers in same) or not any(covers(path) for covers in others)


def _address(environment: Environment) -> str | None:
    """Return where *environment* writes; None where a variable decides that."""
    return None if "${" in environment.url else environment.url.rstrip("/").lower()


def _doubted(schedule: Schedule, doubt: Doubt) -> Removed:
    return Removed(doubt, schedule.origin.file if isinstance(schedule.origin, Removed) else None)


def _read(declared: Declared) -> OtherFiles:
    declarations, _ = declared.checkout.load(declared.environment)
    return OtherFiles(declarations.tenants, declarations.sets)


def _missing(checkout: Checkout, may_declare: Callable[[str], bool]) -> _Missing:
    repository = checkout.repository
    if repository.is_outside or (repository.top is not None and checkout.revision is None):
        return _Missing({})
    on_disk = frozenset(checkout.tree.paths())
    contents: dict[str, bytes] = {}
    unreadable: list[str] = []
    for inside in ("", *repository.submodules):
        prefix = f"{inside}/" if inside else ""
        try:
            tree = revision_tree(_inner(repository, inside), "HEAD")
        except ReconcileError:
            unreadable.append(checkout.name(f"{prefix or './'}"))
            continue
        within = [prefix + path for path in tree.submodules()]
        empty = [path for path in within if path not in repository.submodules and not _has_files(on_disk, path)]
        unreadable += [f"{checkout.name(path)}/ (a submodule)" for path in empty if may_declare(f"{path}/any.yaml")]
        for path in _absent(tree, prefix, on_disk):
            if not may_declare(prefix + path):
                continue
            try:
                contents[checkout.name(prefix + path)] = tree.read(path)
            except ReconcileError:
                unreadable.append(checkout.name(prefix + path))
    return _Missing(contents, tuple(unreadable))


def _inner(repository: Repository, inside: str) -> Repository:
    return find(repository.folder / inside, repository.allow) if inside else repository


def _has_files(on_disk: Collection[str], folder: str) -> bool:
    return any(path.startswith(f"{folder}/") for path in on_disk)


def _absent(tree: RevisionTree, prefix: str, on_disk: Collection[str]) -> Iterator[str]:
    """Yield the YAML files of *tree* that are not on disk, those of other workspaces below the folder left out."""
    listed = [prefix + path for path in tree.paths()]
    for path in unread_paths([*listed, *(each for each in on_disk if each.endswith("/reconcile.yaml"))], ()):
        if path not in on_disk and path.startswith(prefix):
            yield path.removeprefix(prefix)
