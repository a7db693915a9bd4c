"""A service, a clock and a stop signal in memory, with the shape of the ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconcile.flows.wave import Ports
from reconcile.ledger.memory_ledger import MemoryLedger
from reconcile.model.live import LiveRow, Unreadable
from reconcile.ports import AnswerKind, SaveAnswer, no_objection, no_progress

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNREAD = Unreadable("service-timeout", "no reply within 10 s", "see timeout")


class FakeService:
    """Holds rows by key. *on_save* may answer instead; *on_query* may replace what one query shows."""

    def __init__(self, rows, *, mode="upsert", cuts_at=None):
        self.rows = dict(rows)
        self.mode = mode
        self.cuts_at = cuts_at
        self.queries = []
        self.saved = []
        self.on_save: Callable | None = None
        self.on_query: Callable | None = None

    def query(self, keys, *, at_most=None, progress=no_progress):
        keys = list(keys)
        self.queries.append((keys, at_most))
        shown = {key: self.rows.get(key, ()) for key in keys}
        if self.cuts_at is not None and at_most is None:
            shown = {key: rows if n < self.cuts_at else () for n, (key, rows) in enumerate(shown.items())}
        if self.on_query is not None:
            shown = {key: self.on_query(key, rows) for key, rows in shown.items()}
        progress(len(keys))
        return shown

    def history(self, tenant, job_id, *, page=1, page_size=10):
        return (tenant, job_id, page, page_size)

    def save(self, saves, *, objection=no_objection, progress=no_progress):
        self.saved.append([])
        answers = {save.key: self.answer_unless(objection(save.key), save) for save in saves}
        progress(len(saves))
        return answers

    def answer_unless(self, refusal, save):
        if refusal is not None:
            return SaveAnswer(AnswerKind.REFUSED, refusal.message, hint=refusal.hint)
        self.saved[-1].append(save.key)
        return self.answer(save)

    def answer(self, save):
        if self.on_save is not None:
            answer = self.on_save(self, save)
            if answer is not None:
                return answer
        self.land(save)
        return SaveAnswer(AnswerKind.ACKNOWLEDGED, job_id="900")

    def land(self, save):
        rows = self.rows.get(save.key, ())
        fresh = LiveRow(str(900 + len(rows)), save.cron, "enable", True)
        if self.mode == "append" or not rows:
            self.rows[save.key] = (*rows, fresh)
        else:
            self.rows[save.key] = (replace(rows[0], cron=save.cron),)


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.slept = []

    def now(self):
        return NOON + timedelta(seconds=sum(self.slept))

    def monotonic(self):
        return sum(self.slept)

    def sleep(self, seconds):
        self.slept.append(seconds)


class FakeStop:
    """A signal that comes when the test says so."""

    def __init__(self):
        self.come = False

    def is_set(self):
        return self.come


def ports(service, *, ledger=None, clock=None, stop=None, **more):
    return Ports(service, service, ledger or MemoryLedger(), clock or FakeClock(), stop or FakeStop(), **more)
