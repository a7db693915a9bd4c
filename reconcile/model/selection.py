"""Selection: which of the declared schedules a run is about. What is left out is not looked at, and never an orphan."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconcile.model.keys import Key
from reconcile.model.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Selection:
    """Tenant patterns, codes and labels: a schedule is selected when one of each kind that is given fits it.

    Every label must match. Empty selects everything.
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
