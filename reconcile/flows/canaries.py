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
from reconcile.model.states import Action

CANARY_TRIES = 3

# What shows best how the service updates a job comes first: enabling may fail for a reason of its own.
_UPDATES = (Action.UPDATE, Action.RENAME, Action.PARK, Action.ENABLE)
_KINDS = (_UPDATES, (Action.CREATE,))


@dataclass(frozen=True, slots=True)
class _Chosen:
    canary: Outcome | None
    left: tuple[Change, ...]


def send_canaries(
    pending: tuple[Change, ...],
    ports: Ports,
    tally: Tally,
    *,
    pacing: Pacing,
    wave_size: int,
    waits: Mapping[Key, float],
) -> tuple[tuple[Outcome, ...], tuple[Change, ...]]:
    """Save and verify one change of each kind that *pending* holds; return the canaries and what is left.

    *waits* are the seconds until changes fire, where that matters: the one that fires first is taken. The tally is
    stopped where a canary was not verified.
    """
    canaries = []
    for kind in _KINDS:
        chosen = _canary(kind, pending, ports, tally, pacing=pacing, wave_size=wave_size, waits=waits)
        pending = chosen.left
        if chosen.canary is not None:
            canaries.append(chosen.canary)
    return tuple(canaries), pending


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
) -> _Chosen:
    of_kind = [(waits.get(c.key, 0.0), kind.index(c.action), at, c) for at, c in enumerate(pending) if c.action in kind]
    candidates = tuple(change for *_, change in sorted(of_kind, key=lambda one: one[:3]))
    tries, look_at = 0, 1
    tally.heed(ports.stop)
    while candidates and not tally.is_stopped:
        wave = run_wave(candidates[:look_at], ports, upserting=tally.upserting, pacing=pacing, at_most=1)
        tally.take(wave)
        tally.heed(ports.stop)
        candidates = tuple(change for change in candidates if change.key not in tally.outcomes)
        pending = tuple(change for change in pending if change.key not in tally.outcomes)
        if not wave.begun:
            # Many may be done already, by a run before this one: whole waves of them are read at once.
            look_at = wave_size
            continue
        outcome = tally.outcomes[wave.begun[0]]
        if outcome.result is Result.VERIFIED:
            return _Chosen(outcome, pending)
        tries += 1
        if outcome.result is not Result.FAILED or tries == CANARY_TRIES:
            tally.stop(f"{outcome.key}, which went first, was not saved and verified ({outcome.reason})")
    return _Chosen(None, pending)
