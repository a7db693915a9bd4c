"""Canaries: before whole waves, one update and one create, each alone and each verified.

The update goes first: nothing else shows whether saving over a job updates it or adds a second one. What a canary shows
decides about the rest:

    verified with a save        it is the canary of its kind
    already as desired, stale   nothing was tried: the next one is taken
    surely not saved            that may be about this key alone, and one bad key must not keep all others from being
                                applied for ever: the next one is taken, CANARY_TRIES in all
    anything else               the run stops

A plan as small as its canaries is done when they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconcile.flows.pacing import Pacing
from reconcile.flows.tally import Tally
from reconcile.flows.wave import Ports, run_wave
from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.outcome import Outcome, Result
from reconcile.model.verdicts import Action

CANARY_TRIES = 3

# What shows best how the service updates a job comes first: enabling may fail for a reason of its own.
_UPDATES = (Action.UPDATE, Action.RENAME, Action.PARK, Action.ENABLE)
_KINDS = (_UPDATES, (Action.CREATE,))


@dataclass(frozen=True, slots=True)
class Sent:
    """The canaries that were saved and verified, what is left to save, and the tally, stopped where one was not."""

    canaries: tuple[Outcome, ...]
    left: tuple[Change, ...]
    tally: Tally


def send_canaries(
    pending: tuple[Change, ...],
    ports: Ports,
    tally: Tally,
    *,
    pacing: Pacing,
    wave_size: int,
    waits: Mapping[Key, float],
) -> Sent:
    """Save and verify one change of each kind that *pending* holds.

    *waits* are the seconds until changes fire, where that matters: the one that fires first is taken.
    """
    sent = Sent((), pending, tally)
    for kind in _KINDS:
        one = _canary(kind, sent.left, ports, sent.tally, pacing=pacing, wave_size=wave_size, waits=waits)
        sent = Sent((*sent.canaries, *one.canaries), one.left, one.tally)
    return sent


def kinds_in(changes: Iterable[Change]) -> int:
    """Return how many canaries *changes* ask for."""
    actions = {change.action for change in changes}
    return sum(not actions.isdisjoint(kind) for kind in _KINDS)


def _canary(
    kind: tuple[Action, ...],
    pending: tuple[Change, ...],
    ports: Ports,
    tally: Tally,
    *,
    pacing: Pacing,
    wave_size: int,
    waits: Mapping[Key, float],
) -> Sent:
    of_kind = [(waits.get(c.key, 0.0), kind.index(c.action), at, c) for at, c in enumerate(pending) if c.action in kind]
    candidates = tuple(change for *_, change in sorted(of_kind, key=lambda one: one[:3]))
    tries, look_at = 0, 1
    tally = tally.stopped_by(ports.stop)
    while candidates and not tally.is_stopped:
        wave = run_wave(candidates[:look_at], ports, upserting=tally.upserting, pacing=pacing, at_most=1)
        tally = tally.with_wave(wave).stopped_by(ports.stop)
        candidates = tuple(change for change in candidates if change.key not in tally.outcomes)
        pending = tuple(change for change in pending if change.key not in tally.outcomes)
        if not wave.begun:
            # Many may be done already, by a run before this one: whole waves of them are read at once.
            look_at = wave_size
            continue
        outcome = tally.outcomes[wave.begun[0]]
        if outcome.result is Result.VERIFIED:
            return Sent((outcome,), pending, tally)
        tries += 1
        if outcome.result is not Result.FAILED or tries == CANARY_TRIES:
            tally = tally.stopped(f"{outcome.key}, which went first, was not saved and verified ({outcome.reason})")
    return Sent((), pending, tally)
