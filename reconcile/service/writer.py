"""Writes to the service: one call for each save. A save that may have been made is never made again here.

============================================================  ================  ================================
the result of the call                                        answer            made again here
============================================================  ================  ================================
200 with `resp_data.group_job_id`                             acknowledged      no
no connection: refused, no such host, TLS, connect time-out   unsent            yes, as far as the budget allows
429                                                           unsent            yes, as far as the budget allows
another 4xx; 200 with an error beside empty `resp_data`       rejected          no
time-out after sending, 408, reset, half a reply              lost              no
5xx, 3xx, another 2xx, 200 with anything else                 lost              no
the run was stopped before the call was begun                 not-started       no
the guard that is asked just before the call objects          refused           no
the run was stopped while it was open                         lost              no
============================================================  ================  ================================

408 is a 4xx, but a gateway sends it when the service behind it did not answer in time: the save may have been made.
The other side may have closed a kept connection just before the call; that looks like a reset too, and a reset does not
tell how far the request came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from reconcile.model.keys import Key
from reconcile.model.live import Unreadable
from reconcile.model.outcome import AnswerKind
from reconcile.model.rules import ReplyRule
from reconcile.model.workspace import ServiceSettings
from reconcile.ports import Objection, Progress, Save, SaveAnswer, no_objection, no_progress
from reconcile.service import wire
from reconcile.service.client import Client
from reconcile.service.diagnostics import Diagnostics
from reconcile.service.dispatcher import Call, GivenUp, Interrupted, Retry, Workload
from reconcile.service.messages import Failure, NoReply, Operation, Reply, Request, SendResult
from reconcile.service.reply_findings import ErrorBesideData
from reconcile.service.reported_errors import reported_error
from reconcile.service.retries import retry_after_seconds
from reconcile.service.sendable import unsendable_reason
from reconcile.text import one_line

Interpret: TypeAlias = Callable[[str, SendResult], "SaveAnswer | Retry"]
"""Returns what the result of a save for a tenant means."""

_NOT_STARTED = SaveAnswer(AnswerKind.NOT_STARTED, "the run was stopped before this save was begun")
_NOT_REPEATED = SaveAnswer(AnswerKind.UNSENT, "refused, and the run was stopped before it was made again")
_OPEN = SaveAnswer(AnswerKind.LOST, "interrupted: the run was stopped before the service had answered")


class ServiceWriter:
    """Implements `ports.Writer`."""

    def __init__(self, client: Client) -> None:
        self._dispatcher = client.dispatcher(Operation.SAVE)
        self._diagnostics = Diagnostics(Operation.SAVE, client.redactor, client.service.success_codes)
        self._success_codes = client.service.success_codes
        self._findings = client.findings

    def save(
        self, saves: Sequence[Save], *, objection: Objection = no_objection, progress: Progress = no_progress
    ) -> Mapping[Key, SaveAnswer]:
        """Make each of *saves* once and return every answer; see `ports.Writer`.

        Raises:
            ValueError: two saves are for one key. Nothing was sent then.
        """
        if len({save.key for save in saves}) != len(saves):
            raise ValueError("two saves for one key")
        workload = _Saves(saves, self._interpret, objection, progress)
        self._dispatcher.run(workload)
        return workload.answers

    def _interpret(self, tenant: str, result: SendResult) -> SaveAnswer | Retry:
        now, codes = self._dispatcher.timing.clock.now(), self._success_codes
        return save_answer(
            tenant, result, diagnostics=self._diagnostics, now=now, success_codes=codes, add_finding=self._findings.add
        )


class _Saves(Workload[Save, SaveAnswer]):
    """One call of `save`."""

    def __init__(self, saves: Sequence[Save], interpret: Interpret, objection: Objection, progress: Progress) -> None:
        self.answers: dict[Key, SaveAnswer] = {}
        self._saves = saves
        self._interpret = interpret
        self._objection = objection
        self._progress = progress

    def calls(self) -> Iterator[Call[Save]]:
        """Yield one call for each save."""
        for save in self._saves:
            yield Call(save.key.tenant, save)

    def request(self, call: Call[Save]) -> Request | SaveAnswer:
        """Return the request, unless the key cannot be sent, or must not be now."""
        reason = unsendable_reason(*call.payload.key)
        if reason is not None:
            return SaveAnswer(AnswerKind.REJECTED, one_line(f"not saved: {reason}"))
        try:
            request = Request(Operation.SAVE, call.tenant, wire.save_body(call.payload))
        except UnicodeEncodeError:
            return SaveAnswer(
                AnswerKind.REJECTED, "not saved: the name or the cron is not valid Unicode; nothing was sent"
            )
        # Asked last: nothing but the sending follows.
        refusal = self._objection(call.payload.key)
        return request if refusal is None else SaveAnswer(AnswerKind.REFUSED, refusal.message, hint=refusal.hint)

    def interpret(self, call: Call[Save], result: SendResult) -> SaveAnswer | Retry:
        """Return what the reply means."""
        return self._interpret(call.tenant, result)

    def record(self, call: Call[Save], answer: SaveAnswer | GivenUp | Interrupted) -> Iterable[Call[Save]]:
        """Record the answer."""
        if isinstance(answer, GivenUp):
            answer = _answer(AnswerKind.UNSENT, answer.reason)
        elif answer is Interrupted.OPEN:
            answer = _OPEN
        elif isinstance(answer, Interrupted):
            answer = _NOT_REPEATED if call.retries else _NOT_STARTED
        self.answers[call.payload.key] = answer
        self._progress(1)
        return ()


def ignore(_: ErrorBesideData) -> None:
    """Drop the finding."""


def save_answer(
    tenant: str,
    result: SendResult,
    *,
    diagnostics: Diagnostics,
    now: datetime,
    success_codes: Collection[str] = ServiceSettings().success_codes,
    add_finding: Callable[[ErrorBesideData], None] = ignore,
) -> SaveAnswer | Retry:
    """Return what *result* means for a save: the table above. *add_finding* gets an error beside a job id."""
    if isinstance(result, NoReply):
        reason = diagnostics.no_reply(tenant, result)
        if result.sent:
            return _answer(AnswerKind.LOST, reason)
        return _answer(AnswerKind.UNSENT, reason) if result.failure is Failure.CERTIFICATE else Retry(reason)
    if result.status == 200:
        return _content(tenant, result, diagnostics, success_codes, add_finding)
    reason = diagnostics.status(tenant, result)
    if result.status == 429:
        return Retry(reason, retry_after_seconds(result.retry_after, now))
    if 400 <= result.status < 500 and result.status != 408:
        return _answer(AnswerKind.REJECTED, reason)
    return _answer(AnswerKind.LOST, reason)


def _content(
    tenant: str,
    reply: Reply,
    diagnostics: Diagnostics,
    success_codes: Collection[str],
    add_finding: Callable[[ErrorBesideData], None],
) -> SaveAnswer:
    unusable = diagnostics.unusable(tenant, reply)
    if unusable is not None:
        return _answer(AnswerKind.LOST, unusable)
    try:
        envelope = wire.envelope(reply.body, reply.content_type)
        reported = reported_error(envelope.beside, success_codes)
        if reported is not None and wire.is_empty(envelope.content):
            is_missing = envelope.content is None
            refusal = diagnostics.error(tenant, reply, ReplyRule.REQUEST_REFUSED, reported, is_missing=is_missing)
            return _answer(AnswerKind.REJECTED, refusal)
        if envelope.content is None:
            return _answer(
                AnswerKind.LOST, diagnostics.content(tenant, reply, ReplyRule.REPLY_WITHOUT_DATA, "no resp_data")
            )
        job_id = wire.job_id(envelope.content)
    except wire.MalformedError as error:
        return _answer(AnswerKind.LOST, diagnostics.content(tenant, reply, ReplyRule.REPLY_MALFORMED, str(error)))
    if reported is not None:
        add_finding(diagnostics.finding(tenant, reported))
    return SaveAnswer(AnswerKind.ACKNOWLEDGED, job_id=job_id)


def _answer(kind: AnswerKind, reason: Unreadable) -> SaveAnswer:
    return SaveAnswer(kind, reason.message, hint=reason.hint)
