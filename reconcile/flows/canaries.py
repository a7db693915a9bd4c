"""Canaries: before whole waves, one update and one create, each alone and each verified.

The update goes first: nothing else shows whether saving over a job updates it or adds a second one. What a canary shows
decides about the rest:

    verified with a save        it is the canary of its kind
    already as desired, stale   nothing was tried: the next one is taken
    refused at this moment      nothing was tried either: it fires too near, or a freeze has begun for all
    surely not saved, inactive  the cause may be this key alone, and one bad key must not block all others for ever: the
                                next one is taken, CANARY_TRIES in all
    anything else               the run stops

A plan as small as its canaries is done when they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconcile.flows.moment import Moment
from reconcile.flows.pacing import Pacing
from reconcile.flows.tally import Tally
from reconcile.flows.wave import run_wave
from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.outcome import Outcome, Result
from reconcile.model.verdicts import Action

CANARY_TRIES = 3

# What shows best how the service updates a job comes first: enabling may fail for a reason of its own.
_UPDATES = (Action.UPDATE, Action.RENAME, Action.PARK, Action.ENABLE)
_KINDS = (_UPDATES, (Action.CREATE,))


@dataclass(frozen=True, slots=True)
class SentCanaries:
    """The canaries that were saved and verified, and the tally after them: stopped where one was not."""

    verified: tuple[Outcome, ...]
    tally: Tally


def send_canaries(moment: Moment, tally: Tally, *, pacing: Pacing, waits: Mapping[Key, float]) -> SentCanaries:
    """Save and verify one change of each kind that is pending.

    *waits* are the seconds until changes fire, where that matters: the one that fires first is taken.
    """
    verified: tuple[Outcome, ...] = ()
    for kind in _KINDS:
        canary, tally = _send_canary(kind, moment, tally, pacing=pacing, waits=waits)
        verified = verified if canary is None else (*verified, canary)
    return SentCanaries(verified, tally)


def kinds_in(changes: Iterable[Change]) -> int:
    """Return how many canaries *changes* ask for."""
    actions = {change.action for change in changes}
    return sum(not actions.isdisjoint(kind) for kind in _KINDS)


def _send_canary(
    kind: tuple[Action, ...], moment: Moment, tally: Tally, *, pacing: Pacing, waits: Mapping[Key, float]
) -> tuple[Outcome | None, Tally]:
    """Return the verified canary of *kind*, None where there is none, and the tally after it."""
    of_kind = [
        (waits.get(change.key, 0.0), kind.index(change.action), at, change)
        for at, change in enumerate(tally.pending)
        if change.action in kind
    ]
    candidates = tuple(change for *_, change in sorted(of_kind, key=lambda one: one[:3]))
    tries, look_at = 0, 1
    tally = tally.stopped_by(moment.ports.stop)
    while candidates and not tally.is_stopped:
        tally = moment.admit(tally, candidates[:look_at])
        candidates = _without_outcome(candidates, tally)
        if not candidates:
            break
        wave = run_wave(
            candidates[:look_at],
            moment.ports,
            upserting=tally.upserting,
            pacing=pacing,
            at_most=1,
            objection=moment.objection,
        )
        tally = tally.with_wave(wave).stopped_by(moment.ports.stop)
        candidates = _without_outcome(candidates, tally)
        if not wave.begun:
            # A run before this one may have done many already: whole waves of them are read at once.
            look_at = pacing.wave_size
            continue
        outcome = tally.outcomes[wave.begun[0]]
        if outcome.result is Result.VERIFIED:
            return outcome, tally
        if outcome.result is Result.REFUSED:
            continue
        tries += 1
        may_be_alone = outcome.result is Result.FAILED or outcome.reason == "still-inactive"
        if not may_be_alone or tries == CANARY_TRIES:
            tally = tally.stopped(f"{outcome.key}, which went first, was not saved and verified ({outcome.reason})")
    return None, tally


def _without_outcome(changes: tuple[Change, ...], tally: Tally) -> tuple[Change, ...]:
    return tuple(change for change in changes if change.key not in tally.outcomes)
