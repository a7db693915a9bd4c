"""How awkward the twin is: one flag for each habit of a real service that a client must live with. All off by default.

The flags are one frozen value, so that a change at run time is another value; `changed` reads it from JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from reconcile.errors import SettingError

OPERATIONS = ("query", "history", "save")

_WORDS = {
    "save": ("upsert", "append", "replace"),
    "too_many": ("refuse", "cut"),
    "unknown_code": ("omit", "null-row", "error"),
    "group_job_id": ("same", "other"),
    "errors": ("envelope", "status"),
}
SHARES = ("fail_before", "fail_after", "late_work", "slow", "half_body", "html", "reset")


@dataclass(frozen=True)
class Awkward:
    """The awkward habits that are switched on. Durations are in seconds, shares between 0 and 1.

    *save* over a code that has a job: ``upsert`` keeps its id, ``append`` adds a second row, ``replace`` gives it a new
    id. *max_codes* a query, beyond which *too_many* says: ``refuse``, or ``cut`` the list silently. *unknown_code*:
    ``omit`` it, answer a ``null-row``, or make the whole answer an ``error``. *normalise_cron* stores crons in
    capitals, single-spaced and with a year. *save_enables*: a save switches a disabled job on. *inactive_word* is the
    ``jobstatus`` of a disabled job. *group_job_id* ``other`` acknowledges a save with an id that is not the job's.
    *errors* are ``envelope`` (HTTP 200 with ``resp_code``) or ``status`` (4xx and 5xx).

    *latency* is waited before every answer. *rate* requests per second are served, then 429 with ``Retry-After``.
    *tenant_down* answers 503 to one tenant. *required_header* is ``Name: value`` (or only ``Name``), without which 401.
    *retention* is how long journal rows are kept; *clock_skew* is added to the times that the journal shows.

    Of the requests for *operations* a share each: *fail_before* the work with an error, *fail_after* it by closing
    without a reply, *late_work* closes at once and works *late_seconds* later, *slow* answers *slow_seconds* later,
    *half_body* and *reset* break off in the middle of the body, *html* answers 502 with a page after the work.
    *seed* makes the draws repeatable; each change of a flag
    begins them anew.
    """

    save: str = "upsert"
    max_codes: int | None = None
    too_many: str = "refuse"
    unknown_code: str = "omit"
    normalise_cron: bool = False
    save_enables: bool = False
    inactive_word: str = "disable"
    group_job_id: str = "same"
    errors: str = "envelope"
    latency: float = 0.0
    rate: float | None = None
    tenant_down: str | None = None
    required_header: str | None = None
    retention: float | None = None
    clock_skew: float = 0.0
    operations: tuple[str, ...] = OPERATIONS
    fail_before: float = 0.0
    fail_after: float = 0.0
    late_work: float = 0.0
    late_seconds: float = 2.0
    slow: float = 0.0
    slow_seconds: float = 5.0
    half_body: float = 0.0
    html: float = 0.0
    reset: float = 0.0
    seed: int = 0

    @property
    def draws(self) -> bool:
        """Whether any request may meet a fault by chance."""
        return any(getattr(self, name) for name in SHARES)

    def as_json(self) -> dict[str, object]:
        """Return the flags as a JSON object: name to value."""
        return {**asdict(self), "operations": list(self.operations)}

    def changed(self, flags: Mapping[str, object]) -> Awkward:
        """Return these flags with *flags*, as read from JSON, in place of the ones of the same names.

        Raises:
            SettingError: a name is unknown, a value does not fit its flag, or the shares add up to more than 1.
        """
        unknown = sorted(set(flags) - {one.name for one in fields(self)})
        if unknown:
            raise SettingError(f"the twin has no flag {unknown[0]!r}", hint="the flags are listed in docs/twin.md")
        after = replace(self, **{name: _fitting(name, value) for name, value in flags.items()})  # type: ignore[arg-type]
        if sum(getattr(after, name) for name in SHARES) > 1:
            raise SettingError("the shares of requests that meet a fault add up to more than 1")
        return after


_FIELDS = {one.name: one for one in fields(Awkward)}
_OPTIONAL = {"max_codes", "rate", "tenant_down", "required_header", "retention"}


def _fitting(name: str, value: object) -> object:
    """*value*, when it is one that flag *name* may have."""
    if value is None and name in _OPTIONAL:
        return None
    if name == "operations":
        return _operations(value)
    if name in _WORDS:
        if value not in _WORDS[name]:
            raise SettingError(f"{name} is {value!r}, and must be one of {', '.join(_WORDS[name])}")
        return value
    kind = str(_FIELDS[name].type).removesuffix(" | None")
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value).__name__ != kind:
        raise SettingError(f"{name} is {value!r}, and must be of the kind {kind}")
    _check_range(name, value)
    return value


def _check_range(name: str, value: object) -> None:
    """Refuse a share beyond 0 and 1, and a negative or zero number where it has no sense."""
    if not isinstance(value, (int, float)) or name in {"clock_skew", "seed"}:
        return
    if value != value or value < 0 or (name in SHARES and value > 1):
        raise SettingError(f"{name} is {value!r}, and must be {'between 0 and 1' if name in SHARES else '0 or more'}")
    if name in {"max_codes", "rate"} and value == 0:
        raise SettingError(f"{name} is 0, and must be more, or null to switch it off")


def _operations(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, (list, tuple)) else str(value).split(",")
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise SettingError(f"operations names {unknown[0]!r}, and may name {', '.join(OPERATIONS)}")
    return tuple(str(name) for name in names)
