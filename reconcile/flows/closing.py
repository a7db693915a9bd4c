"""Looking again at what was saved: at the canaries after a soak, and at the end of a run at each save in doubt.

A save whose reply was lost may land after its last read-back. On a service that updates, live is then as desired, and
`unknown` turns into `verified`. On a service that adds, it makes a second job: what was verified is no longer so, and
the run must report it.

    outcome            read again                    corrected to
    not verified       as-desired                    verified (landed-late)
    not verified       as-both, if not in doubt      verified (acknowledged)
    verified           other, as-before, inactive    mismatched (moved-after)
    any                duplicate                     mismatched (duplicated)
    any                anything else, unreadable     -
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconcile.engine.settle import Seen, seen
from reconcile.flows.observe import observe
from reconcile.flows.pacing import Pacing
from reconcile.flows.tally import Tally
from reconcile.flows.wave import Ports, record
from reconcile.flows.wording import corrected
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.live import Live
from reconcile.model.outcome import Outcome, Result
from reconcile.model.rules import RunRule


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The result of reading again: the outcomes that it *corrected*, and the keys that could not be read."""

    corrected: tuple[Outcome, ...] = ()
    unread: tuple[Key, ...] = ()


def close(ports: Ports, tally: Tally, *, pacing: Pacing) -> Tally:
    """Read each key again that had a save in doubt, after a pause; return *tally* with the corrections, recorded.

    An interrupted run does not wait: the next run settles what it leaves `unknown`.
    """
    doubtful = [one for one in tally.outcomes.values() if one.in_doubt or (one.saves and one.result is Result.UNKNOWN)]
    if not doubtful or ports.stop.is_set():
        return tally
    ports.clock.sleep(pacing.closing_seconds)
    if ports.stop.is_set():
        return tally
    look = look_again(doubtful, ports)
    tally = correct(look.corrected, ports, tally)
    return tally.with_findings((_unread(look.unread),)) if look.unread else tally


def look_again(outcomes: Iterable[Outcome], ports: Ports) -> SecondLook:
    """Read the keys of *outcomes* once more."""
    before = {outcome.key: outcome for outcome in outcomes}
    live = observe(ports.reader, list(before)).live
    found = {key: seen(outcome.change, live[key]) for key, outcome in before.items()}
    changed = (_correction(outcome, found[key], live[key]) for key, outcome in before.items())
    unread = tuple(key for key, one in found.items() if one is Seen.UNREADABLE)
    return SecondLook(tuple(outcome for outcome in changed if outcome is not None), unread)


def correct(outcomes: tuple[Outcome, ...], ports: Ports, tally: Tally) -> Tally:
    """Record and tell *outcomes*, and return *tally* with them in the place of those that their keys had."""
    for outcome in outcomes:
        ports.on_correction(outcome)
    tally = tally.with_corrections(outcomes)
    tally = tally.with_findings(_moved(outcome) for outcome in outcomes if outcome.result is not Result.VERIFIED)
    unrecorded = record(outcomes, ports.ledger) if tally.is_recorded else None
    return tally if unrecorded is None else tally.without_record(unrecorded)


def _correction(outcome: Outcome, found: Seen, live: Live) -> Outcome | None:
    if found is Seen.DUPLICATE:
        is_known = outcome.reason == "duplicated"
        return None if is_known else corrected(outcome, Result.MISMATCHED, "duplicated", live)
    if outcome.result is Result.VERIFIED:
        has_moved = found in (Seen.OTHER, Seen.AS_BEFORE, Seen.INACTIVE)
        return corrected(outcome, Result.MISMATCHED, "moved-after", live) if has_moved else None
    if found is Seen.AS_DESIRED:
        return corrected(outcome, Result.VERIFIED, "landed-late", live)
    if found is Seen.AS_BOTH and not outcome.in_doubt:
        return corrected(outcome, Result.VERIFIED, "acknowledged", live)
    return None


def _moved(outcome: Outcome) -> Finding:
    is_doubled = outcome.reason == "duplicated"
    what = "holds several jobs for it" if is_doubled else "is no longer as desired"
    why = "a save landed late, or another program saved" if outcome.in_doubt else "another program saved"
    message = f"{outcome.key} was read again, and live {what}: {why}"
    rule = RunRule.LANDED_LATE if outcome.in_doubt else RunRule.MOVED_AFTER
    return Finding(rule, message, hint=outcome.hint, key=outcome.key)


def _unread(keys: tuple[Key, ...]) -> Finding:
    message = (
        f"{len(keys)} keys whose saves were in doubt (such as {min(keys)}) could not be read again at the end: whether "
        "a save of them has landed late is not known"
    )
    return Finding(RunRule.NOT_READ_AGAIN, message, hint="run plan, or drift, to read them", key=min(keys))
