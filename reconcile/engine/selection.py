"""Selection: which of the declared schedules a run is about. What is left out is not looked at, and never an orphan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from reconcile.errors import UsageError
from reconcile.model.keys import Key
from reconcile.model.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Selection:
    """Tenant patterns, codes and labels: a schedule is selected when one of each kind that is given fits it.

    Of labels, all must fit. Empty selects everything.
    """

    tenants: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def is_everything(self) -> bool:
        """Return whether nothing is left out."""
        return not (self.tenants or self.codes or self.labels)

    def fits(self, schedule: Schedule) -> bool:
        """Return whether *schedule* is selected."""
        return self.fits_key(schedule.key) and all(schedule.labels.get(name) == text for name, text in self.labels)

    def fits_key(self, key: Key) -> bool:
        """Return whether a schedule of *key* could be selected."""
        tenant_fits = not self.tenants or any(fnmatchcase(key.tenant, pattern) for pattern in self.tenants)
        return tenant_fits and (not self.codes or key.code in self.codes)


EVERYTHING = Selection()


def select(selection: Selection, desired: Mapping[Key, Schedule]) -> Mapping[Key, Schedule]:
    """Return the part of *desired* that *selection* means, in the same order.

    Raises:
        UsageError: a pattern, code or label fits nothing, or all of them together do; the hint names near ones.
    """
    if selection.is_everything:
        return desired
    _refuse_idle(selection, desired)
    selected = {key: schedule for key, schedule in desired.items() if selection.fits(schedule)}
    if not selected:
        raise UsageError("no schedule fits all of the selection", hint="leave out --tenant, --code or --label")
    return selected


def _refuse_idle(selection: Selection, desired: Mapping[Key, Schedule]) -> None:
    tenants = {key.tenant for key in desired}
    for pattern in selection.tenants:
        if not any(fnmatchcase(tenant, pattern) for tenant in tenants):
            raise UsageError(f"--tenant {pattern} fits no declared tenant", hint=_near(pattern, tenants))
    codes = {key.code for key in desired}
    for code in selection.codes:
        if code not in codes:
            raise UsageError(f"--code {code} is declared nowhere", hint=_near(code, codes))
    labels = {pair for schedule in desired.values() for pair in schedule.labels.items()} if selection.labels else set()
    for name, text in selection.labels:
        if (name, text) not in labels:
            known = (f"{one}={other}" for one, other in labels)
            raise UsageError(f"--label {name}={text} is on no schedule", hint=_near(f"{name}={text}", known))


def _near(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(word, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"declared: {', '.join(names[:5])}{', …' if len(names) > 5 else ''}" if names else "there are none"
