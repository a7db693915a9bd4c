"""Settling a save, tried against every service that could be at the other end.

The adversary: a service that upserts, appends or replaces, and may make active what was paused; each save is done at
once, late, or never; each reply comes (truly or not), is lost, or says no; each read-back may fail. Every combination
is played to its end, for each action.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import pytest

from reconcile.engine.settle import (
    MAX_READS,
    MAX_SAVES,
    Attempt,
    Ended,
    ReadBack,
    SaveNow,
    Seen,
    interrupted,
    seen,
    settle,
)
from reconcile.model.change import Change
from reconcile.model.last_applied import Applied
from reconcile.model.live import Unreadable
from reconcile.model.outcome import AnswerKind, Result
from reconcile.model.schedule import PARKED_CRON, State
from reconcile.model.verdicts import Action
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, WEEKLY, change, row, schedule

UNREAD = Unreadable("service-timeout", "no reply")
RENAMED = change((row(),), applied=Applied(NIGHTLY, "another name"))
# What one save call does and says. Late: done after so many reads; never: not done.
NOW, LATE, NEVER = "now", "late", "never"
SAVES = [
    (NOW, AnswerKind.ACKNOWLEDGED),
    (NOW, AnswerKind.LOST),
    (LATE, AnswerKind.LOST),
    (NEVER, AnswerKind.LOST),
    (LATE, AnswerKind.ACKNOWLEDGED),
    (NEVER, AnswerKind.ACKNOWLEDGED),
    (NEVER, AnswerKind.REJECTED),
    (NEVER, AnswerKind.UNSENT),
    (NEVER, AnswerKind.NOT_STARTED),
    (NEVER, AnswerKind.REFUSED),
]


@dataclass(frozen=True)
class Game:
    """What is to be saved, and how the other end behaves."""

    action: Action
    wanted: Change
    mode: str
    enables: bool
    saves: tuple[tuple[str, AnswerKind], ...]
    late_after: int
    blind_reads: tuple[int, ...]
    upserting: bool


class Adversary:
    """Holds the rows of one code, and plays the two saves and the reads that it was told to."""

    def __init__(self, game):
        self.game = game
        self.rows = list(game.wanted.live)
        self.reads = 0
        self.calls = 0
        self.landed = 0
        self.due = []

    def save(self, cron):
        effect, answer = self.game.saves[min(self.calls, len(self.game.saves) - 1)]
        if answer not in (AnswerKind.UNSENT, AnswerKind.NOT_STARTED, AnswerKind.REFUSED):
            self.calls += 1
        if effect == NOW:
            self.land(cron)
        elif effect == LATE:
            self.due.append((self.reads + self.game.late_after, cron))
        return answer

    def land(self, cron):
        self.landed += 1
        if self.game.mode == "append" or not self.rows:
            self.rows.append(row(cron, job_id=str(len(self.rows))))
        else:
            active = self.rows[0].active or self.game.enables
            self.rows[0] = row(cron, active=active, job_id="new" if self.game.mode == "replace" else "900")

    def read(self):
        self.reads += 1
        for due in [due for due in self.due if due[0] < self.reads]:
            self.due.remove(due)
            self.land(due[1])
        return UNREAD if self.reads in self.game.blind_reads else tuple(self.rows)

    def finish(self):
        for _, cron in self.due:
            self.land(cron)
        self.due = []


def play(game, adversary):
    """Carry one save to its end; return how it ended and the attempt."""
    attempt = Attempt(game.action, upserting=game.upserting)
    step = SaveNow()
    for _ in range(100):
        if isinstance(step, SaveNow):
            attempt, step = settle(attempt, adversary.save(game.wanted.desired.cron_to_save))
        elif isinstance(step, ReadBack):
            if interrupted(attempt).result is Result.FAILED:
                assert not adversary.landed, game
                assert not adversary.due, game
            attempt, step = settle(attempt, seen(game.wanted, adversary.read()))
        else:
            return step, attempt
    raise AssertionError("never ends")


WANTED = [
    (Action.CREATE, change(())),
    (Action.UPDATE, change((row(HOURLY),))),
    (Action.UPDATE, change((row(HOURLY, active=False),))),
    (Action.RENAME, RENAMED),
    (Action.RENAME, change((row(active=False),), applied=RENAMED.applied)),
    (Action.PARK, change((row(HOURLY),), wanted=schedule(state=State.PARKED))),
    (Action.ENABLE, change((row(active=False),))),
    (Action.UPDATE, replace(change((row(HOURLY, active=False),)), to_activate=True)),
]


def games():
    blinds = [(), (1,), (1, 2, 3, 4), tuple(range(1, 20))]
    for (action, wanted), mode, first, second, late_after, blind in product(
        WANTED, ["upsert", "replace", "append"], SAVES, SAVES, [0, 2, 10], blinds
    ):
        paused = bool(wanted.live) and not wanted.live[0].active
        for upserting, enables in product({False, mode != "append"}, {False, paused}):
            yield Game(action, wanted, mode, enables, (first, second), late_after, blind, upserting)


def test_every_game_ends_truthfully():
    played = 0
    for game in games():
        adversary = Adversary(game)
        before = tuple(adversary.rows)
        end, attempt = play(game, adversary)
        at_end = tuple(adversary.rows)
        assert attempt.saves == adversary.calls <= MAX_SAVES, game
        if end.result is Result.VERIFIED:
            proven = (Seen.AS_DESIRED,) if end.reason == "saved" else (Seen.AS_BOTH,)
            assert seen(game.wanted, at_end) in proven, game
            # On its word alone the service is believed only where reading could not tell.
            assert adversary.landed or (attempt.answer, end.reason) == (AnswerKind.ACKNOWLEDGED, "acknowledged"), game
        if end.result in (Result.FAILED, Result.SKIPPED, Result.REFUSED):
            adversary.finish()
            assert (adversary.landed, tuple(adversary.rows)) == (0, before), game
        if not before and not game.upserting:
            assert attempt.saves <= 1, game
        adversary.finish()
        if game.mode != "append":
            assert len(adversary.rows) <= 1, game
            assert seen(game.wanted, tuple(adversary.rows)) is not Seen.OTHER, game
        elif len(at_end) > 1 and end.result is not Result.UNKNOWN:
            assert end == Ended(Result.MISMATCHED, "duplicated", stops_run=True), game
        played += 1
    assert played > 40_000


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("upserting", [False, True])
def test_every_state_and_evidence_has_a_step(action, upserting):
    answers = [None, AnswerKind.ACKNOWLEDGED, AnswerKind.REJECTED, AnswerKind.LOST]
    for saves, reads, answer, doubt in product(range(3), range(MAX_READS), answers, [False, True]):
        attempt = Attempt(action, upserting, saves, reads, answer, doubt)
        for evidence in [*AnswerKind, *Seen]:
            after, step = settle(attempt, evidence)
            assert isinstance(step, SaveNow | ReadBack | Ended)
            if isinstance(step, SaveNow):
                assert after.saves < MAX_SAVES
                assert upserting or action is not Action.CREATE
            if isinstance(step, ReadBack):
                assert step.reads < MAX_READS


def ending(*evidence, action=Action.UPDATE, upserting=False):
    attempt = Attempt(action, upserting=upserting)
    for one in evidence:
        attempt, step = settle(attempt, one)
    return step


@pytest.mark.parametrize(
    "evidence, expected",
    [
        pytest.param([AnswerKind.UNSENT], Ended(Result.FAILED, "not-sent"), id="no-connection"),
        pytest.param([AnswerKind.NOT_STARTED], Ended(Result.SKIPPED, "not-started"), id="stopped-before"),
        pytest.param([AnswerKind.REFUSED], Ended(Result.REFUSED, "guard"), id="refused-just-before"),
        pytest.param([AnswerKind.LOST], ReadBack(0), id="a-lost-reply-is-read-back-at-once"),
        pytest.param([AnswerKind.LOST, Seen.AS_BEFORE], ReadBack(1), id="and-read-again"),
        pytest.param([AnswerKind.LOST, Seen.AS_DESIRED], Ended(Result.VERIFIED, "saved"), id="it-had-landed"),
        pytest.param([AnswerKind.LOST, *[Seen.AS_BEFORE] * MAX_READS], SaveNow(), id="an-update-is-saved-once-more"),
        pytest.param(
            [AnswerKind.LOST, *[Seen.AS_BEFORE] * MAX_READS, AnswerKind.UNSENT],
            Ended(Result.UNKNOWN, "lost-reply"),
            id="once-in-doubt-always-in-doubt",
        ),
        pytest.param(
            [AnswerKind.LOST, *[Seen.AS_BEFORE] * MAX_READS] * 2,
            Ended(Result.UNKNOWN, "lost-reply"),
            id="but-not-a-third-time",
        ),
        pytest.param([AnswerKind.LOST, Seen.OTHER], Ended(Result.UNKNOWN, "other-live"), id="somebody-else-saved"),
        pytest.param(
            [AnswerKind.LOST, *[Seen.UNREADABLE] * MAX_READS],
            Ended(Result.UNKNOWN, "unreadable-after-save"),
            id="never-readable",
        ),
        pytest.param(
            [AnswerKind.REJECTED, *[Seen.UNREADABLE] * MAX_READS],
            Ended(Result.FAILED, "rejected"),
            id="refused-and-never-readable",
        ),
        pytest.param(
            [AnswerKind.REJECTED, Seen.AS_BEFORE], Ended(Result.FAILED, "rejected"), id="refused-and-unchanged"
        ),
        pytest.param([AnswerKind.REJECTED, Seen.OTHER], Ended(Result.FAILED, "rejected"), id="refused-and-moved"),
        pytest.param(
            [AnswerKind.ACKNOWLEDGED, Seen.OTHER], Ended(Result.MISMATCHED, "other-live"), id="done-yet-something-else"
        ),
        pytest.param(
            [AnswerKind.ACKNOWLEDGED, *[Seen.AS_BEFORE] * MAX_READS],
            Ended(Result.MISMATCHED, "not-taken"),
            id="acknowledged-without-effect",
        ),
        pytest.param([AnswerKind.ACKNOWLEDGED, Seen.INACTIVE], ReadBack(1), id="it-may-become-active-yet"),
        *(
            pytest.param([answer, *[Seen.INACTIVE] * MAX_READS], Ended(Result.MISMATCHED, "still-inactive"), id=answer)
            for answer in (AnswerKind.ACKNOWLEDGED, AnswerKind.LOST)
        ),
        pytest.param([AnswerKind.REJECTED, Seen.INACTIVE], Ended(Result.FAILED, "rejected"), id="refused-and-inactive"),
        pytest.param(
            [AnswerKind.ACKNOWLEDGED, Seen.DUPLICATE],
            Ended(Result.MISMATCHED, "duplicated", stops_run=True),
            id="two-rows-stop-the-run",
        ),
    ],
)
def test_an_update_is_settled(evidence, expected):
    assert ending(*evidence) == expected


def test_a_create_in_doubt_is_repeated_only_where_saving_upserts():
    evidence = [AnswerKind.LOST, *[Seen.AS_BEFORE] * MAX_READS]
    assert ending(*evidence, action=Action.CREATE) == Ended(Result.UNKNOWN, "lost-reply")
    assert ending(*evidence, action=Action.CREATE, upserting=True) == SaveNow()


@pytest.mark.parametrize(
    "evidence, expected",
    [
        pytest.param(Seen.AS_BEFORE, Ended(Result.MISMATCHED, "still-inactive"), id="paused-as-before"),
        pytest.param(Seen.AS_DESIRED, Ended(Result.VERIFIED, "saved"), id="active"),
    ],
)
def test_enabling_is_verified_only_where_live_reads_active(evidence, expected):
    assert ending(AnswerKind.ACKNOWLEDGED, *[evidence] * MAX_READS, action=Action.ENABLE) == expected


@pytest.mark.parametrize(
    "evidence, expected",
    [
        pytest.param(
            [AnswerKind.ACKNOWLEDGED, Seen.AS_BOTH],
            Ended(Result.VERIFIED, "acknowledged"),
            id="acknowledged-is-believed",
        ),
        pytest.param([AnswerKind.REJECTED, Seen.AS_BOTH], Ended(Result.FAILED, "rejected"), id="refused-is-not-saved"),
        pytest.param([AnswerKind.LOST, Seen.AS_BOTH], ReadBack(1), id="lost-is-read-again-for-a-second-job"),
        pytest.param([AnswerKind.LOST, *[Seen.AS_BOTH] * MAX_READS], SaveNow(), id="and-saved-once-more"),
        pytest.param(
            [*[AnswerKind.LOST, *[Seen.AS_BOTH] * MAX_READS], AnswerKind.ACKNOWLEDGED, Seen.AS_BOTH],
            Ended(Result.VERIFIED, "acknowledged"),
            id="acknowledged-the-second-time",
        ),
        pytest.param(
            [AnswerKind.LOST, *[Seen.AS_BOTH] * MAX_READS] * 2,
            Ended(Result.UNKNOWN, "lost-reply"),
            id="lost-twice-is-unknown",
        ),
        pytest.param(
            [AnswerKind.LOST, *[Seen.AS_BOTH] * MAX_READS, AnswerKind.REJECTED, Seen.AS_BOTH],
            Ended(Result.UNKNOWN, "lost-reply"),
            id="refused-after-a-lost-one-is-unknown",
        ),
        pytest.param(
            [AnswerKind.ACKNOWLEDGED, *[Seen.UNREADABLE] * MAX_READS],
            Ended(Result.UNKNOWN, "unreadable-after-save"),
            id="never-readable",
        ),
    ],
)
def test_a_rename_is_settled_by_the_word_of_the_service(evidence, expected):
    assert ending(*evidence, action=Action.RENAME) == expected


@pytest.mark.parametrize(
    "evidence, expected",
    [
        pytest.param([AnswerKind.ACKNOWLEDGED], Ended(Result.UNKNOWN, "interrupted"), id="acknowledged"),
        pytest.param([AnswerKind.LOST], Ended(Result.UNKNOWN, "interrupted"), id="lost"),
        pytest.param([AnswerKind.REJECTED], Ended(Result.FAILED, "rejected"), id="refused"),
        pytest.param(
            [AnswerKind.LOST, *[Seen.AS_BEFORE] * MAX_READS, AnswerKind.REJECTED],
            Ended(Result.UNKNOWN, "lost-reply"),
            id="refused-after-a-lost-one",
        ),
    ],
)
def test_a_save_that_cannot_be_read_back_any_more_is_unknown_unless_it_was_refused(evidence, expected):
    attempt = Attempt(Action.UPDATE)
    for one in evidence:
        attempt, _ = settle(attempt, one)
    assert interrupted(attempt) == expected


PAUSED = change((row(active=False),))


@pytest.mark.parametrize(
    "wanted, live, expected",
    [
        pytest.param(change(()), (row(NIGHTLY_TOO),), Seen.AS_DESIRED, id="another-spelling-counts"),
        pytest.param(change(()), (), Seen.AS_BEFORE, id="still-absent"),
        pytest.param(change((row(HOURLY),)), (row(HOURLY),), Seen.AS_BEFORE, id="still-the-old-cron"),
        pytest.param(change((row(HOURLY),)), (row(WEEKLY),), Seen.OTHER, id="a-third-cron"),
        pytest.param(change((row(HOURLY),)), (), Seen.OTHER, id="gone"),
        pytest.param(change((row(HOURLY),)), (row(HOURLY), row(NIGHTLY)), Seen.DUPLICATE, id="a-second-row"),
        pytest.param(change(()), UNREAD, Seen.UNREADABLE, id="not-readable"),
        pytest.param(PAUSED, (row(active=False),), Seen.AS_BEFORE, id="still-inactive-after-enabling"),
        pytest.param(PAUSED, (row(),), Seen.AS_DESIRED, id="active-after-enabling"),
        pytest.param(
            change((row(HOURLY, active=False),)), (row(active=False),), Seen.AS_DESIRED, id="saved-while-inactive"
        ),
        *(
            pytest.param(replace(change(live), to_activate=True), (row(active=False),), Seen.INACTIVE, id=name)
            for name, live in (
                ("still-inactive-with-its-new-cron", (row(HOURLY, active=False),)),
                ("paused-by-the-save", (row(HOURLY),)),
                ("created-inactive", ()),
            )
        ),
        pytest.param(
            replace(change((row(HOURLY, active=False),)), to_activate=True), (row(),), Seen.AS_DESIRED, id="activated"
        ),
        pytest.param(
            replace(change((row(HOURLY),), wanted=schedule(state=State.PARKED)), to_activate=True),
            (row(PARKED_CRON, active=False),),
            Seen.AS_DESIRED,
            id="a-parked-job-need-not-be-active",
        ),
        pytest.param(
            change((row(HOURLY),), wanted=schedule(state=State.PARKED)), (), Seen.OTHER, id="gone-while-parking"
        ),
        pytest.param(RENAMED, (row(NIGHTLY_TOO),), Seen.AS_BOTH, id="a-name-alone-cannot-be-seen"),
        pytest.param(RENAMED, (row(job_id="901"),), Seen.AS_BOTH, id="nor-by-another-job-id"),
        pytest.param(RENAMED, (row(HOURLY),), Seen.OTHER, id="moved-while-renaming"),
        pytest.param(
            change((row(active=False),), wanted=schedule(state=State.PARKED)),
            (row(PARKED_CRON, active=False),),
            Seen.AS_DESIRED,
            id="parked-while-inactive",
        ),
        pytest.param(change((row(NIGHTLY_TOO),)), (row(),), Seen.AS_BOTH, id="a-save-of-what-fires-alike-already"),
        pytest.param(change(UNREAD), (row(WEEKLY),), Seen.OTHER, id="nothing-was-known-before"),
    ],
)
def test_what_reading_back_shows(wanted, live, expected):
    assert seen(wanted, live) is expected
