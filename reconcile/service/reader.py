"""Reads the service: status queries in batches, and histories. What it holds refuses to send a save."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from reconcile.errors import ServiceError
from reconcile.model.execution import HistoryPage
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.states import Live, Unreadable
from reconcile.model.workspace import ServiceSettings, UnknownCodeMode
from reconcile.ports import Progress, no_progress
from reconcile.service import wire
from reconcile.service.answers import Answer, Found, Refused, Split, TooLong, query_answer
from reconcile.service.beside import Said, error_beside
from reconcile.service.budget import retry_after_seconds
from reconcile.service.calls import Again, Call, Channel, GivenUp, Interrupted, Work, make
from reconcile.service.client import Client
from reconcile.service.exchange import Broken, Fault, Operation, Reply, Request, Result
from reconcile.service.keys import unsendable
from reconcile.service.lengths import Lengths
from reconcile.service.notes import Notes
from reconcile.service.troubles import Narrator, passes, trouble

# When nothing has worked yet and this many codes were refused one by one, the fault is not in the codes.
ALONE_ENOUGH = 64
# So many batches of one tenant given up in a row: the tenant cannot be read now, the rest of it is not asked for.
TENANT_LOST_AFTER = 4
# The keys of a batch, of one tenant; a job's id, a page and its size.
Batch: TypeAlias = tuple[Key, ...]
PageOfJob: TypeAlias = tuple[str, int, int]

_STOPPED = trouble("interrupted", "the run was stopped before the service had answered")


class ServiceReader:
    """Implements `ports.Reader`."""

    def __init__(self, client: Client) -> None:
        self._channel = client.channel(Operation.QUERY, Operation.HISTORY)
        self._settings = client.service
        self._batch_size = client.batch_size
        self._lengths = client.lengths
        self._redactor = client.redactor
        self._notes = client.notes

    def take_notes(self) -> tuple[Finding, ...]:
        """Return what was noted of the replies that came over the client so far; each kind is told once."""
        return self._notes.take()

    def query(
        self, keys: Collection[Key], *, at_most: int | None = None, progress: Progress = no_progress
    ) -> Mapping[Key, Live]:
        """Return what the service holds for each of *keys*; see `ports.Reader`.

        *at_most* is asked for by who confirms that keys are absent. Where `service.unknown_code` says how the service
        answers for a code without a job, only that answer, to a query for the code alone, confirms it: such keys are
        asked for one by one.
        """
        size = self._batch_size
        if at_most is not None:
            omitted = self._settings.unknown_code.mode is UnknownCodeMode.OMITTED
            size = max(1, at_most) if omitted else 1
        narrator = Narrator(Operation.QUERY, self._redactor)
        work = _Query(keys, size, self._channel, self._settings, self._lengths, narrator, self._notes, progress)
        make(self._channel, work)
        return {key: work.live[key] for key in keys}

    def history(self, tenant: str, job_id: str, *, page: int = 1, page_size: int = 10) -> HistoryPage:
        """Return one page of a job's history; see `ports.Reader`.

        Raises:
            ServiceError: it could not be read.
        """
        reason = unsendable(tenant)
        try:
            body = wire.history_body(job_id, page=page, page_size=page_size)
        except UnicodeEncodeError:
            reason = "the job id is not valid Unicode; nothing was sent"
        if reason is not None:
            raise ServiceError(f"history of job {job_id[:80]!r}: {reason}")
        work = _History(Request(Operation.HISTORY, tenant, body), (job_id, page, page_size), self)
        make(self._channel, work)
        if isinstance(work.answer, HistoryPage):
            return work.answer
        raise ServiceError(work.answer.message, hint=work.answer.hint)


class _Query(Work[Batch, Answer]):
    """One call of `query`: batches by tenant, halves of what was refused, and what became of each key."""

    def __init__(
        self,
        keys: Collection[Key],
        size: int,
        channel: Channel,
        settings: ServiceSettings,
        lengths: Lengths,
        narrator: Narrator,
        notes: Notes,
        progress: Progress,
    ) -> None:
        self.live: dict[Key, Live] = {}
        self._waiting: dict[str, deque[Key]] = {}
        self._size = size
        self._clock = channel.timing.clock
        self._settings = settings
        self._lengths = lengths
        self._narrator = narrator
        self._notes = notes
        self._progress = progress
        # Codes that, asked for alone, were answered with a row whose code cannot be read.
        self._ownerless_alone = 0
        # Batches of each tenant given up since its last that was answered; tenants given up since any was.
        self._lost: dict[str, int] = {}
        self._lost_tenants: set[str] = set()
        # The service is lost when this many tenants were given up in a row: more than may be in flight at once.
        self._tenants_enough = max(20, 3 * channel.crew.size)
        for key in dict.fromkeys(keys):
            reason = unsendable(key.code) or (None if key.tenant in self._waiting else unsendable(key.tenant))
            if reason is None:
                self._waiting.setdefault(key.tenant, deque()).append(key)
            else:
                self._done([key], trouble("key-not-sendable", reason))

    def fresh(self) -> Iterator[Call[Batch]]:
        """Yield batches, each as long as is known to work at that moment."""
        for tenant, keys in self._waiting.items():
            while keys:
                why = self._why_not_ask(tenant)
                if why is not None:
                    self._done(tuple(keys), why)
                    keys.clear()
                else:
                    length = min(self._size, self._lengths.limit or self._size, len(keys))
                    yield Call(tenant, tuple(keys.popleft() for _ in range(length)))

    def compose(self, call: Call[Batch]) -> Request | Answer:
        """Return the request for a batch, unless it is known by now to be too long."""
        limit = self._lengths.limit
        if limit is not None and limit < len(call.payload) and not call.repeat:
            return TooLong()
        return Request(Operation.QUERY, call.tenant, wire.query_body([key.code for key in call.payload]))

    def judge(self, call: Call[Batch], result: Result) -> Answer | Again:
        """Say what the reply to a batch means."""
        answer = query_answer(
            call.tenant,
            {key.code for key in call.payload},
            result,
            settings=self._settings,
            narrator=self._narrator,
            now=self._clock.now(),
        )
        if isinstance(answer, Found) and answer.is_list and answer.ownerless is None:
            self._lengths.worked(len(call.payload))
        elif isinstance(answer, (Split, Refused)):
            self._lengths.refused(len(call.payload))
        return answer

    def settle(self, call: Call[Batch], answer: Answer | GivenUp | Interrupted) -> Iterable[Call[Batch]]:
        """Keep what is known now, and return the halves of a batch that was refused."""
        keys = call.payload
        if isinstance(answer, GivenUp):
            self._lost[call.tenant] = self._lost.get(call.tenant, 0) + 1
            self._lost_tenants.add(call.tenant)
            return self._done(keys, answer.trouble)
        if isinstance(answer, Interrupted):
            return self._done(keys, _STOPPED)
        if isinstance(answer, TooLong):
            size = self._lengths.limit or len(keys)
            return [Call(call.tenant, keys[start : start + size]) for start in range(0, len(keys), size)]
        self._lost.pop(call.tenant, None)
        self._lost_tenants.clear()
        if isinstance(answer, Split):
            return self._halves(call, answer)
        if isinstance(answer, Found):
            return self._take(call, answer)
        return self._done(keys, answer.trouble if isinstance(answer, Refused) else answer)

    def _take(self, call: Call[Batch], found: Found) -> Iterable[Call[Batch]]:
        """Keep what was found, and return what is to be asked again: where nobody knows whose a row is, it may be that
        of any code without one."""
        for note in found.notes:
            self._notes.add(note)
        if found.ownerless is None:
            return self._keep(call.payload, found)
        if len(call.payload) == 1:
            self._ownerless_alone += 1
            return self._done(call.payload, found.ownerless)
        known = found.rows.keys() | found.spoilt.keys()
        self._keep([key for key in call.payload if key.code in known], found)
        lacking = tuple(key for key in call.payload if key.code not in known)
        if self._ownerless_alone >= ALONE_ENOUGH:
            return self._done(lacking, found.ownerless)
        middle = len(lacking) // 2
        return [Call(call.tenant, half) for half in (lacking[:middle], lacking[middle:]) if half]

    def _keep(self, keys: Collection[Key], found: Found) -> tuple[()]:
        for key in keys:
            rows: Live = found.rows.get(key.code, ())
            self.live[key] = found.spoilt.get(key.code, rows)
        self._progress(len(keys))
        return ()

    def _halves(self, call: Call[Batch], split: Split) -> Iterable[Call[Batch]]:
        keys = call.payload
        alone = self._lengths.refused_alone
        if alone >= ALONE_ENOUGH:
            message = f"{split.trouble.message}; {alone} codes were refused alone and no query has worked yet"
            hint = "if that is how it answers for codes without a job, service.unknown_code can say so; else check url"
            return self._done(keys, trouble("all-refused", message, split.trouble.hint or hint))
        middle = len(keys) // 2
        return Call(call.tenant, keys[:middle]), Call(call.tenant, keys[middle:])

    def _why_not_ask(self, tenant: str) -> Unreadable | None:
        if self._lost.get(tenant, 0) >= TENANT_LOST_AFTER:
            return trouble("not-asked", f"tenant {tenant}: not asked for: the batches before it got no answer")
        if len(self._lost_tenants) >= self._tenants_enough:
            message = f"tenant {tenant}: not asked for: {len(self._lost_tenants)} tenants in a row got no answer"
            return trouble("not-asked", message, "is the service up?")
        return None

    def _done(self, keys: Collection[Key], live: Live) -> tuple[()]:
        self.live.update(dict.fromkeys(keys, live))
        self._progress(len(keys))
        return ()


class _History(Work[PageOfJob, HistoryPage | Unreadable]):
    """One call of `history`."""

    def __init__(self, request: Request, page: PageOfJob, reader: ServiceReader) -> None:
        self.answer: HistoryPage | Unreadable = _STOPPED
        self._request = request
        self._call = Call(request.tenant, page)
        self._clock = reader._channel.timing.clock
        self._successful = reader._settings.success_status
        self._allowed = reader._settings.success_codes
        self._notes = reader._notes
        self._redactor = reader._redactor
        self._narrator = Narrator(Operation.HISTORY, reader._redactor)

    def fresh(self) -> Iterator[Call[PageOfJob]]:
        """Yield the one call."""
        yield self._call

    def compose(self, call: Call[PageOfJob]) -> Request | HistoryPage | Unreadable:  # noqa: ARG002 - there is but one
        """Return the request for the page."""
        return self._request

    def judge(self, call: Call[PageOfJob], result: Result) -> HistoryPage | Unreadable | Again:
        """Say what the reply means."""
        narrator, tenant = self._narrator, call.tenant
        if isinstance(result, Broken):
            broken = narrator.broken(tenant, result)
            return broken if result.fault is Fault.CERTIFICATE else Again(broken)
        if passes(result.status):
            return Again(narrator.status(tenant, result), retry_after_seconds(result.retry_after, self._clock.now()))
        if result.status != 200:
            return narrator.status(tenant, result)
        unusable = narrator.unusable(tenant, result)
        if unusable is not None:
            return unusable
        try:
            envelope = wire.envelope(result.body, result.content_type)
            said = error_beside(envelope.beside, self._allowed)
            if said is not None and wire.is_empty(envelope.content):
                return self._error(result, said, is_missing=envelope.content is None)
            if envelope.content is None:
                return narrator.content(tenant, result, "reply-without-data", "no resp_data", "check service.job_path")
            found = self._page(envelope.content)
        except wire.MalformedError as error:
            return narrator.content(tenant, result, "reply-malformed", str(error))
        except wire.StrayRowError as error:
            return narrator.content(tenant, result, "row-not-asked-for", str(error))
        if said is not None and not found.executions and not found.total:
            return self._error(result, said, is_missing=False)
        if said is not None:
            self._notes.add(narrator.note(tenant, said, allowed=self._allowed))
        # What a run said may repeat what it was called with.
        told = (replace(one, message=self._redactor.hide(one.message)) for one in found.executions)
        return replace(found, executions=tuple(told))

    def _error(self, reply: Reply, said: Said, *, is_missing: bool) -> Unreadable:
        tenant, allowed = self._call.tenant, self._allowed
        return self._narrator.error(tenant, reply, "request-refused", said, is_missing=is_missing, allowed=allowed)

    def _page(self, content: object) -> HistoryPage:
        job_id, page, page_size = self._call.payload
        return wire.history_page(content, job=job_id, page=page, page_size=page_size, successful=self._successful)

    def settle(
        self,
        call: Call[PageOfJob],  # noqa: ARG002 - there is but one
        answer: HistoryPage | Unreadable | GivenUp | Interrupted,
    ) -> Iterable[Call[PageOfJob]]:
        """Keep the answer."""
        if not isinstance(answer, Interrupted):
            self.answer = answer.trouble if isinstance(answer, GivenUp) else answer
        return ()
