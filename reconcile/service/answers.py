"""What a reply to a query means. Pure: a reply and what was asked go in, an answer comes out.

========================================  ==============================  =========================================
the reply                                 to several codes                to one code alone
========================================  ==============================  =========================================
complete, of the documented shape         the rows; none for a code:      the same; but where the environment says
                                          not in the answer               how an unknown code is answered, an empty
                                                                          list is not that answer
a row with the code and null fields,      no row                          not in the answer
in mode `null-row`
a row that cannot be read                 its code unreadable             unreadable
a row whose code cannot be read           codes without a row: asked      unreadable
                                          again, in halves
an error beside rows (`beside`)           the rows, and a note            the row, and a note
400, 413, 414, 422; 200 with an error     split                           unreadable, in the service's words
beside an empty or missing `resp_data`
the status or `resp_code` that            split                           not in the answer
`service.unknown_code` names; no or null
`resp_data` in mode `null-data`
no or null `resp_data` in another mode    unreadable                      unreadable, and the message names the mode
time-out, 408, 429, 5xx, no connection    again, whole                    again
anything else                             unreadable                      unreadable
========================================  ==============================  =========================================
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from reconcile.model.keys import Key
from reconcile.model.states import Rows, Unreadable
from reconcile.model.workspace import ServiceSettings, UnknownCode, UnknownCodeMode
from reconcile.service import wire
from reconcile.service.beside import Role, Said, error_beside
from reconcile.service.dispatcher import Retry
from reconcile.service.messages import Failure, NoReply, Reply, SendResult
from reconcile.service.notes import ErrorBesideData, RowTwice
from reconcile.service.retries import retry_after_seconds
from reconcile.service.troubles import MAY_MEAN_UNKNOWN, Narrator, passes, trouble

SPLITTING = frozenset({400, 413, 414, 422})


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a complete answer, by code. *is_list* is False when `service.unknown_code` said what it means.

    *spoilt* says, by code, why a row of it cannot be read; *ownerless* why nobody knows whose a row is: a code without
    a row may be that one's. *notes* are what else is worth knowing.
    """

    rows: Mapping[str, Rows]
    is_list: bool = True
    spoilt: Mapping[str, Unreadable] = field(default_factory=dict)
    ownerless: Unreadable | None = None
    notes: tuple[ErrorBesideData | RowTwice, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """One of several codes, or their number, was refused; *reason* says with which words."""

    reason: Unreadable


@dataclass(frozen=True, slots=True)
class Refused:
    """A code alone was refused."""

    reason: Unreadable


@dataclass(frozen=True, slots=True)
class TooLong:
    """The batch was not sent: by now it is known that one so long would be refused."""


Answer: TypeAlias = Found | Split | Refused | TooLong | Unreadable


def query_answer(
    tenant: str,
    codes: Collection[str],
    result: SendResult,
    *,
    settings: ServiceSettings,
    narrator: Narrator,
    now: datetime,
) -> Answer | Retry:
    """Say what *result* means for the *codes* of *tenant* that were asked for."""
    if isinstance(result, NoReply):
        broken = narrator.broken(tenant, result)
        return broken if result.failure is Failure.CERTIFICATE else Retry(broken)
    case = _Case(tenant, codes, result, settings, narrator)
    if result.status == 200:
        return _content(case)
    written = UnknownCode(UnknownCodeMode.STATUS, str(result.status))
    if result.status in SPLITTING or settings.unknown_code == written:
        return _refused(case, narrator.status(tenant, result), written)
    if passes(result.status):
        return Retry(narrator.status(tenant, result), retry_after_seconds(result.retry_after, now))
    return narrator.status(tenant, result)


@dataclass(frozen=True, slots=True)
class _Case:
    """A reply, and what was asked."""

    tenant: str
    codes: Collection[str]
    reply: Reply
    settings: ServiceSettings
    narrator: Narrator

    @property
    def unknown(self) -> UnknownCode:
        return self.settings.unknown_code

    def trouble(self, rule: str, words: str, hint: str | None = None) -> Unreadable:
        return self.narrator.content(self.tenant, self.reply, rule, words, hint)

    def row_trouble(self, rule: str, words: str, hint: str | None = None) -> Unreadable:
        """Return the trouble of one row: the beginning of the reply would show others."""
        return self.narrator.content(self.tenant, replace(self.reply, body=b""), rule, words, hint)


def _content(case: _Case) -> Answer:
    unusable = case.narrator.unusable(case.tenant, case.reply)
    if unusable is not None:
        return unusable
    try:
        envelope = wire.envelope(case.reply.body, case.reply.content_type)
        said = error_beside(envelope.beside, case.settings.success_codes)
        if _is_unknown_code(envelope, said, case.unknown):
            return _refused(case, case.trouble("unknown-code-answer", "no resp_data"), case.unknown)
        if said is not None and wire.is_empty(envelope.content):
            return _error(case, envelope, said)
        if envelope.content is None:
            return _without_data(case)
        listing = wire.listing(envelope.content, asked=case.codes, active=case.settings.active_status)
    except wire.MalformedError as error:
        return case.trouble("reply-malformed", str(error))
    except wire.StrayRowError as error:
        return case.trouble("row-not-asked-for", str(error))
    if said is not None and listing.says_nothing_but_null:
        # Rows of null say that there is no job; beside an error they must not.
        return _error(case, envelope, said)
    return _found(case, listing, said)


def _is_unknown_code(envelope: wire.Envelope, said: Said | None, unknown: UnknownCode) -> bool:
    """Whether this is the `resp_code` that `service.unknown_code` names, without data, and no other code beside it."""
    if unknown.mode is not UnknownCodeMode.RESP_CODE or envelope.code != unknown.value:
        return False
    codes = _error_codes(said)
    is_alone = codes <= {unknown.value}
    return is_alone and (envelope.content is None or (bool(codes) and wire.is_empty(envelope.content)))


def _error_codes(said: Said | None) -> frozenset[str | None]:
    return frozenset(member.text for member in said.errors if member.role is Role.CODE) if said else frozenset()


def _error(case: _Case, envelope: wire.Envelope, said: Said) -> Answer:
    """Judge an error beside data that holds nothing."""
    written = None
    if envelope.code is not None and _error_codes(said) == {envelope.code}:
        written = UnknownCode(UnknownCodeMode.RESP_CODE, envelope.code)
    refusal = case.narrator.error(
        case.tenant,
        case.reply,
        "unknown-code-answer",
        said,
        is_missing=envelope.content is None,
        allowed=case.settings.success_codes,
    )
    return _refused(case, refusal, written)


def _without_data(case: _Case) -> Answer:
    written = UnknownCode(UnknownCodeMode.NULL_DATA)
    hint = f"{_unknown_code_hint(case, written)}; else check service.query_path"
    lacking = case.trouble("reply-without-data", "no resp_data", hint)
    return _refused(case, lacking, written) if case.unknown == written else lacking


def _found(case: _Case, listing: wire.Listing, said: Said | None) -> Answer:
    """Read null rows, and the answer for a code alone, as `service.unknown_code` says."""
    spoilt = {
        code: case.row_trouble("reply-malformed", f"{words} (code {code})", _ROW_HINT)
        for code, words in listing.spoilt.items()
    }
    if case.unknown.mode is not UnknownCodeMode.NULL_ROW:
        hint = "if that is how it answers for a code without a job, set service.unknown_code: null-row"
        for code in listing.null:
            spoilt[code] = case.row_trouble("unknown-code-answer", f"a row of null for code {code}", hint)
    ownerless = None if listing.ownerless is None else case.row_trouble("reply-malformed", listing.ownerless, _ROW_HINT)
    if len(case.codes) == 1 and listing.is_empty and case.unknown.mode is not UnknownCodeMode.OMITTED:
        unknown = _spelt(case.unknown, case.narrator)
        hint = f"service.unknown_code is {unknown}; leave it out if an empty list means the same"
        return case.trouble("unknown-code-answer", "an empty list for one code", hint)
    notes: list[ErrorBesideData | RowTwice] = [RowTwice(Key(case.tenant, code)) for code in sorted(listing.doubled)]
    if said is not None:
        notes.append(case.narrator.note(case.tenant, said, allowed=case.settings.success_codes))
    return Found(listing.rows, spoilt=spoilt, ownerless=ownerless, notes=tuple(notes))


def _refused(case: _Case, refusal: Unreadable, written: UnknownCode | None) -> Answer:
    """Judge a refusal; *written* is the value of `service.unknown_code` that would call it the answer for no job."""
    if len(case.codes) > 1:
        return Split(refusal)
    if case.unknown == written:
        return Found({}, is_list=False)
    (code,) = case.codes
    hints = [_unknown_code_hint(case, written), refusal.hint]
    told = "; or, ".join(hint for hint in hints if hint) or _REFUSED_HINT
    return Refused(trouble("unknown-code-answer", f"{refusal.message} (code {code} alone)", told))


def _unknown_code_hint(case: _Case, written: UnknownCode | None) -> str | None:
    """Return the line that would call it the answer for no job, where it may be one."""
    is_set = case.unknown.mode is not UnknownCodeMode.OMITTED
    if written is not None and written.mode is UnknownCodeMode.STATUS and int(written.value) not in MAY_MEAN_UNKNOWN:
        written = None
    if written is None:
        return f"service.unknown_code is {_spelt(case.unknown, case.narrator)}, and this is not it" if is_set else None
    fitting = _spelt(written, case.narrator)
    if is_set:
        return f"service.unknown_code is {_spelt(case.unknown, case.narrator)}; this would be {fitting}"
    return f"if that is how it answers for a code without a job, set service.unknown_code: {fitting}"


_ROW_HINT = "the other rows were read; -vv shows this one, which whoever runs the service must mend"
_REFUSED_HINT = "see what the service has against this code; of a code without a job, docs/service.md says how to go on"


def _spelt(unknown: UnknownCode, narrator: Narrator) -> str:
    """Return the value of `service.unknown_code`, ready to be written into the workspace file."""
    if unknown.mode is UnknownCodeMode.STATUS:
        return f"{{status: {unknown.value}}}"
    if unknown.mode is UnknownCodeMode.RESP_CODE:
        return f"{{resp_code: {narrator.quoted(unknown.value)}}}"
    return str(unknown.mode)
