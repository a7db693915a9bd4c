"""Reads the service: status queries in batches, and histories. What it holds refuses to send a save."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from reconcile.errors import ServiceError
from reconcile.model.clock_skew import ClockSkew
from reconcile.model.execution import PAGE_SIZE, HistoryPage
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.live import Live, Unreadable
from reconcile.model.rules import ReplyRule
from reconcile.model.workspace import ServiceSettings, UnknownCodeMode
from reconcile.ports import Progress, no_progress
from reconcile.secrets import Redactor
from reconcile.service import wire
from reconcile.service.batch_sizes import BatchSizes
from reconcile.service.circuit_breaker import CircuitBreaker
from reconcile.service.client import Client
from reconcile.service.diagnostics import Diagnostics, may_pass, unreadable
from reconcile.service.dispatcher import Call, Dispatcher, GivenUp, Interrupted, Retry, Workload
from reconcile.service.messages import Failure, NoReply, Operation, Reply, Request, SendResult
from reconcile.service.query_answer import Found, QueryAnswer, Refused, Split, TooLong, query_answer
from reconcile.service.reply_findings import ReplyFindings
from reconcile.service.reported_errors import ReportedError, reported_error
from reconcile.service.retries import retry_after_seconds
from reconcile.service.sendable import unsendable_reason
from reconcile.service.skew_watch import SkewWatch

# The search for the codes to blame ends when so many were refused alone and no query was answered: it is not the codes.
ALONE_ENOUGH = 64
# The keys of a batch, of one tenant.
Batch: TypeAlias = tuple[Key, ...]
# A job's id, a page and its size.
PageOfJob: TypeAlias = tuple[str, int, int]

_STOPPED = unreadable(ReplyRule.INTERRUPTED, "the run was stopped before the service had answered")


@dataclass(frozen=True, slots=True)
class _Access:
    """The part of a client that a reader gets. The client itself can save."""

    dispatcher: Dispatcher
    settings: ServiceSettings
    batch_sizes: BatchSizes
    redactor: Redactor
    findings: ReplyFindings
    skew_watch: SkewWatch


class ServiceReader:
    """Implements `ports.Reader`."""

    def __init__(self, client: Client) -> None:
        self._access = _Access(
            client.dispatcher(Operation.QUERY, Operation.HISTORY),
            client.service,
            client.batch_sizes,
            client.redactor,
            client.findings,
            client.skew_watch,
        )
        self._batch_size = client.batch_size

    def take_findings(self) -> tuple[Finding, ...]:
        """Return the findings about the replies that the client received so far; each kind is returned once."""
        return (*self._access.findings.take(), *self._access.skew_watch.take())

    def skew(self) -> ClockSkew | None:
        """Return how far the service's clock is from the runner's, as replies tell; None: so little is tolerated."""
        return self._access.skew_watch.skew()

    def query(
        self, keys: Collection[Key], *, at_most: int | None = None, progress: Progress = no_progress
    ) -> Mapping[Key, Live]:
        """Return what the service holds for each of *keys*; see `ports.Reader`.

        With *at_most* the query confirms that keys are absent. Where `service.unknown_code` says how the service
        answers for a code without a job, only that answer to a query for the code alone confirms it: the keys are then
        asked for one by one.
        """
        size = self._batch_size
        if at_most is not None:
            omitted = self._access.settings.unknown_code.mode is UnknownCodeMode.OMITTED
            size = max(1, at_most) if omitted else 1
        query = _Query(self._access, keys, size, progress)
        self._access.dispatcher.run(query)
        return {key: query.live[key] for key in keys}

    def history(self, tenant: str, job_id: str, *, page: int = 1, page_size: int = PAGE_SIZE) -> HistoryPage:
        """Return one page of a job's history; see `ports.Reader`.

        Raises:
            ServiceError: it could not be read.
        """
        reason = unsendable_reason(tenant)
        try:
            body = wire.history_body(job_id, page=page, page_size=page_size)
        except UnicodeEncodeError:
            reason = "the job id is not valid Unicode; nothing was sent"
        if reason is not None:
            raise ServiceError(f"history of job {job_id[:80]!r}: {reason}")
        history = _History(self._access, Request(Operation.HISTORY, tenant, body), (job_id, page, page_size))
        self._access.dispatcher.run(history)
        if isinstance(history.answer, HistoryPage):
            return history.answer
        raise ServiceError(history.answer.message, hint=history.answer.hint)


class _Query(Workload[Batch, QueryAnswer]):
    """One query: its batches by tenant, the halves of refused batches, and what is known of each key."""

    def __init__(self, access: _Access, keys: Collection[Key], size: int, progress: Progress) -> None:
        self.live: dict[Key, Live] = {}
        self._waiting: dict[str, deque[Key]] = {}
        self._size = size
        self._clock = access.dispatcher.timing.clock
        self._settings = access.settings
        self._batch_sizes = access.batch_sizes
        self._diagnostics = Diagnostics(Operation.QUERY, access.redactor, access.settings.success_codes)
        self._findings = access.findings
        self._progress = progress
        # Codes that, asked for alone, were answered with a row whose code cannot be read.
        self._ownerless_alone = 0
        # More tenants than may be open at once: they did not all fail at the same moment.
        self._breaker = CircuitBreaker(max(20, 3 * access.dispatcher.pool.size))
        for key in dict.fromkeys(keys):
            reason = unsendable_reason(key.code) or (
                None if key.tenant in self._waiting else unsendable_reason(key.tenant)
            )
            if reason is None:
                self._waiting.setdefault(key.tenant, deque()).append(key)
            else:
                self._set([key], unreadable(ReplyRule.KEY_NOT_SENDABLE, reason))

    def calls(self) -> Iterator[Call[Batch]]:
        """Yield batches, each as long as is known to be answered at that moment."""
        for tenant, keys in self._waiting.items():
            while keys:
                refusal = self._breaker.refusal(tenant)
                if refusal is not None:
                    self._set(tuple(keys), refusal)
                    keys.clear()
                else:
                    length = min(self._size, self._batch_sizes.limit or self._size, len(keys))
                    yield Call(tenant, tuple(keys.popleft() for _ in range(length)))

    def request(self, call: Call[Batch]) -> Request | QueryAnswer:
        """Return the request for a batch, unless it is known by now to be too long."""
        limit = self._batch_sizes.limit
        if limit is not None and limit < len(call.payload) and not call.retries:
            return TooLong()
        return Request(Operation.QUERY, call.tenant, wire.query_body([key.code for key in call.payload]))

    def interpret(self, call: Call[Batch], result: SendResult) -> QueryAnswer | Retry:
        """Return what the reply to a batch means."""
        answer = query_answer(
            call.tenant,
            {key.code for key in call.payload},
            result,
            settings=self._settings,
            diagnostics=self._diagnostics,
            now=self._clock.now(),
        )
        if isinstance(answer, Found) and answer.is_list and answer.ownerless is None:
            self._batch_sizes.add_answered(len(call.payload))
        elif isinstance(answer, (Split, Refused)):
            self._batch_sizes.add_refused(len(call.payload))
        return answer

    def record(self, call: Call[Batch], answer: QueryAnswer | GivenUp | Interrupted) -> Iterable[Call[Batch]]:
        """Record what is known now, and return the halves of a batch that was refused."""
        keys = call.payload
        if isinstance(answer, GivenUp):
            self._breaker.add_failure(call.tenant)
            return self._set(keys, answer.reason)
        if isinstance(answer, Interrupted):
            return self._set(keys, _STOPPED)
        if isinstance(answer, TooLong):
            size = self._batch_sizes.limit or len(keys)
            return [Call(call.tenant, keys[start : start + size]) for start in range(0, len(keys), size)]
        self._breaker.add_success(call.tenant)
        if isinstance(answer, Split):
            return self._halves(call, answer)
        if isinstance(answer, Found):
            return self._record_found(call, answer)
        return self._set(keys, answer.reason if isinstance(answer, Refused) else answer)

    def _record_found(self, call: Call[Batch], found: Found) -> Iterable[Call[Batch]]:
        """Record what was found, and return what is to be asked again: an ownerless row may belong to any code that
        has no row."""
        for finding in found.findings:
            self._findings.add(finding)
        if found.ownerless is None:
            return self._set_found(call.payload, found)
        if len(call.payload) == 1:
            self._ownerless_alone += 1
            return self._set(call.payload, found.ownerless)
        known = found.rows.keys() | found.spoilt.keys()
        self._set_found([key for key in call.payload if key.code in known], found)
        lacking = tuple(key for key in call.payload if key.code not in known)
        if self._ownerless_alone >= ALONE_ENOUGH:
            return self._set(lacking, found.ownerless)
        middle = len(lacking) // 2
        return [Call(call.tenant, half) for half in (lacking[:middle], lacking[middle:]) if half]

    def _set_found(self, keys: Collection[Key], found: Found) -> tuple[()]:
        for key in keys:
            rows: Live = found.rows.get(key.code, ())
            self.live[key] = found.spoilt.get(key.code, rows)
        self._progress(len(keys))
        return ()

    def _halves(self, call: Call[Batch], split: Split) -> Iterable[Call[Batch]]:
        keys = call.payload
        alone = self._batch_sizes.refused_alone
        if alone >= ALONE_ENOUGH:
            message = f"{split.reason.message}; {alone} codes were refused alone and no query has worked yet"
            hint = "if that is how it answers for codes without a job, service.unknown_code can say so; else check url"
            return self._set(keys, unreadable(ReplyRule.ALL_REFUSED, message, split.reason.hint or hint))
        middle = len(keys) // 2
        return Call(call.tenant, keys[:middle]), Call(call.tenant, keys[middle:])

    def _set(self, keys: Collection[Key], live: Live) -> tuple[()]:
        self.live.update(dict.fromkeys(keys, live))
        self._progress(len(keys))
        return ()


class _History(Workload[PageOfJob, HistoryPage | Unreadable]):
    """The one call of `ServiceReader.history`."""

    def __init__(self, access: _Access, request: Request, page: PageOfJob) -> None:
        self.answer: HistoryPage | Unreadable = _STOPPED
        self._request = request
        self._call = Call(request.tenant, page)
        self._clock = access.dispatcher.timing.clock
        self._settings = access.settings
        self._findings = access.findings
        self._redactor = access.redactor
        self._diagnostics = Diagnostics(Operation.HISTORY, access.redactor, access.settings.success_codes)

    def calls(self) -> Iterator[Call[PageOfJob]]:
        """Yield the call."""
        yield self._call

    def request(self, call: Call[PageOfJob]) -> Request | HistoryPage | Unreadable:  # noqa: ARG002 - there is but one
        """Return the request for the page."""
        return self._request

    def interpret(self, call: Call[PageOfJob], result: SendResult) -> HistoryPage | Unreadable | Retry:
        """Return what the reply means."""
        diagnostics, tenant = self._diagnostics, call.tenant
        if isinstance(result, NoReply):
            reason = diagnostics.no_reply(tenant, result)
            return reason if result.failure is Failure.CERTIFICATE else Retry(reason)
        if may_pass(result.status):
            return Retry(diagnostics.status(tenant, result), retry_after_seconds(result.retry_after, self._clock.now()))
        if result.status != 200:
            return diagnostics.status(tenant, result)
        unusable = diagnostics.unusable(tenant, result)
        if unusable is not None:
            return unusable
        try:
            envelope = wire.envelope(result.body, result.content_type)
            reported = reported_error(envelope.beside, self._settings.success_codes)
            if reported is not None and wire.is_empty(envelope.content):
                return self._error(result, reported, is_missing=envelope.content is None)
            if envelope.content is None:
                return diagnostics.content(
                    tenant, result, ReplyRule.REPLY_WITHOUT_DATA, "no resp_data", "check service.job_path"
                )
            found = self._page(envelope.content)
        except wire.MalformedError as error:
            return diagnostics.content(tenant, result, ReplyRule.REPLY_MALFORMED, str(error))
        except wire.StrayRowError as error:
            return diagnostics.content(tenant, result, ReplyRule.ROW_NOT_ASKED_FOR, str(error))
        if reported is not None and not found.executions and not found.total:
            return self._error(result, reported, is_missing=False)
        if reported is not None:
            self._findings.add(diagnostics.finding(tenant, reported))
        # The text of a run may hold secrets that it was called with.
        executions = (replace(one, message=self._redactor.hide(one.message)) for one in found.executions)
        return replace(found, executions=tuple(executions))

    def _error(self, reply: Reply, reported: ReportedError, *, is_missing: bool) -> Unreadable:
        tenant = self._call.tenant
        return self._diagnostics.error(tenant, reply, ReplyRule.REQUEST_REFUSED, reported, is_missing=is_missing)

    def _page(self, content: object) -> HistoryPage:
        job_id, page, page_size = self._call.payload
        successful = self._settings.success_status
        return wire.history_page(content, job=job_id, page=page, page_size=page_size, successful=successful)

    def record(
        self,
        call: Call[PageOfJob],  # noqa: ARG002 - there is but one
        answer: HistoryPage | Unreadable | GivenUp | Interrupted,
    ) -> Iterable[Call[PageOfJob]]:
        """Record the answer."""
        if not isinstance(answer, Interrupted):
            self.answer = answer.reason if isinstance(answer, GivenUp) else answer
        return ()
