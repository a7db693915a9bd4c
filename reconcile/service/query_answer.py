"""The answer that a reply to a query gives. Pure: a reply and the codes asked for go in, an answer comes out.

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
an error beside rows                      the rows, and a finding         the row, and a finding
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
from reconcile.model.live import Rows, Unreadable
from reconcile.model.rules import ReplyRule
from reconcile.model.workspace import ServiceSettings, UnknownCode, UnknownCodeMode
from reconcile.service import wire
from reconcile.service.diagnostics import MAY_MEAN_UNKNOWN, Diagnostics, may_pass, unreadable
from reconcile.service.dispatcher import Retry
from reconcile.service.messages import Failure, NoReply, Reply, SendResult
from reconcile.service.reply_findings import RepeatedRow, ReplyFinding
from reconcile.service.reported_errors import MemberRole, ReportedError, reported_error
from reconcile.service.retries import retry_after_seconds

SPLITTING = frozenset({400, 413, 414, 422})


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a complete answer, by code. *is_list* is False when `service.unknown_code` says what it means.

    *spoilt* says, by code, why its row cannot be read. *ownerless* says why the code of a row cannot be read: that
    row may belong to any code without one. *findings* are about the reply.
    """

    rows: Mapping[str, Rows]
    is_list: bool = True
    spoilt: Mapping[str, Unreadable] = field(default_factory=dict)
    ownerless: Unreadable | None = None
    findings: tuple[ReplyFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """A query for several codes was refused: for one of them, or for their number."""

    reason: Unreadable


@dataclass(frozen=True, slots=True)
class Refused:
    """A code alone was refused."""

    reason: Unreadable


@dataclass(frozen=True, slots=True)
class TooLong:
    """The batch was not sent: it is known by now that one of this length would be refused."""


QueryAnswer: TypeAlias = Found | Split | Refused | TooLong | Unreadable


def query_answer(
    tenant: str,
    codes: Collection[str],
    result: SendResult,
    *,
    settings: ServiceSettings,
    diagnostics: Diagnostics,
    now: datetime,
) -> QueryAnswer | Retry:
    """Return what *result* means for the *codes* of *tenant* that were asked for."""
    if isinstance(result, NoReply):
        reason = diagnostics.no_reply(tenant, result)
        return reason if result.failure is Failure.CERTIFICATE else Retry(reason)
    case = _Case(tenant, codes, result, settings, diagnostics)
    if result.status == 200:
        return _content(case)
    written = UnknownCode(UnknownCodeMode.STATUS, str(result.status))
    if result.status in SPLITTING or settings.unknown_code == written:
        return _refused(case, diagnostics.status(tenant, result), written)
    if may_pass(result.status):
        return Retry(diagnostics.status(tenant, result), retry_after_seconds(result.retry_after, now))
    return diagnostics.status(tenant, result)


@dataclass(frozen=True, slots=True)
class _Case:
    """A reply, and the codes asked for."""

    tenant: str
    codes: Collection[str]
    reply: Reply
    settings: ServiceSettings
    diagnostics: Diagnostics

    @property
    def unknown(self) -> UnknownCode:
        return self.settings.unknown_code

    def unreadable(self, rule: ReplyRule, words: str, hint: str | None = None) -> Unreadable:
        return self.diagnostics.content(self.tenant, self.reply, rule, words, hint)

    def unreadable_row(self, rule: ReplyRule, words: str, hint: str | None = None) -> Unreadable:
        """Return why one row is unreadable, without an excerpt: the beginning of the reply shows other rows."""
        return self.diagnostics.content(self.tenant, replace(self.reply, body=b""), rule, words, hint)


def _content(case: _Case) -> QueryAnswer:
    unusable = case.diagnostics.unusable(case.tenant, case.reply)
    if unusable is not None:
        return unusable
    try:
        envelope = wire.envelope(case.reply.body, case.reply.content_type)
        reported = reported_error(envelope.beside, case.settings.success_codes)
        if _is_unknown_code(envelope, reported, case.unknown):
            return _refused(case, case.unreadable(ReplyRule.UNKNOWN_CODE_ANSWER, "no resp_data"), case.unknown)
        if reported is not None and wire.is_empty(envelope.content):
            return _error(case, envelope, reported)
        if envelope.content is None:
            return _without_data(case)
        listing = wire.listing(envelope.content, asked=case.codes, active=case.settings.active_status)
    except wire.MalformedError as error:
        return case.unreadable(ReplyRule.REPLY_MALFORMED, str(error))
    except wire.StrayRowError as error:
        return case.unreadable(ReplyRule.ROW_NOT_ASKED_FOR, str(error))
    if reported is not None and listing.says_nothing_but_null:
        # Rows of null mean that there is no job; beside an error they do not.
        return _error(case, envelope, reported)
    return _found(case, listing, reported)


def _is_unknown_code(envelope: wire.Envelope, reported: ReportedError | None, unknown: UnknownCode) -> bool:
    """Whether this is the `resp_code` that `service.unknown_code` names, without data, and no other code beside it."""
    if unknown.mode is not UnknownCodeMode.RESP_CODE or envelope.code != unknown.value:
        return False
    codes = _error_codes(reported)
    is_alone = codes <= {unknown.value}
    return is_alone and (envelope.content is None or (bool(codes) and wire.is_empty(envelope.content)))


def _error_codes(reported: ReportedError | None) -> frozenset[str | None]:
    return (
        frozenset(member.text for member in reported.errors if member.role is MemberRole.CODE)
        if reported
        else frozenset()
    )


def _error(case: _Case, envelope: wire.Envelope, reported: ReportedError) -> QueryAnswer:
    """Judge an error beside data that holds nothing."""
    written = None
    if envelope.code is not None and _error_codes(reported) == {envelope.code}:
        written = UnknownCode(UnknownCodeMode.RESP_CODE, envelope.code)
    refusal = case.diagnostics.error(
        case.tenant,
        case.reply,
        ReplyRule.UNKNOWN_CODE_ANSWER,
        reported,
        is_missing=envelope.content is None,
    )
    return _refused(case, refusal, written)


def _without_data(case: _Case) -> QueryAnswer:
    written = UnknownCode(UnknownCodeMode.NULL_DATA)
    hint = f"{_unknown_code_hint(case, written)}; else check service.query_path"
    lacking = case.unreadable(ReplyRule.REPLY_WITHOUT_DATA, "no resp_data", hint)
    return _refused(case, lacking, written) if case.unknown == written else lacking


def _found(case: _Case, listing: wire.Listing, reported: ReportedError | None) -> QueryAnswer:
    """Read null rows, and the answer for a code alone, as `service.unknown_code` says."""
    spoilt = {
        code: case.unreadable_row(ReplyRule.REPLY_MALFORMED, f"{words} (code {code})", _ROW_HINT)
        for code, words in listing.spoilt.items()
    }
    if case.unknown.mode is not UnknownCodeMode.NULL_ROW:
        hint = "if that is how it answers for a code without a job, set service.unknown_code: null-row"
        for code in listing.null:
            spoilt[code] = case.unreadable_row(ReplyRule.UNKNOWN_CODE_ANSWER, f"a row of null for code {code}", hint)
    ownerless = (
        None
        if listing.ownerless is None
        else case.unreadable_row(ReplyRule.REPLY_MALFORMED, listing.ownerless, _ROW_HINT)
    )
    if len(case.codes) == 1 and listing.is_empty and case.unknown.mode is not UnknownCodeMode.OMITTED:
        unknown = _spelt(case.unknown, case.diagnostics)
        hint = f"service.unknown_code is {unknown}; leave it out if an empty list means the same"
        return case.unreadable(ReplyRule.UNKNOWN_CODE_ANSWER, "an empty list for one code", hint)
    findings: list[ReplyFinding] = [RepeatedRow(Key(case.tenant, code)) for code in sorted(listing.repeated)]
    if reported is not None:
        findings.append(case.diagnostics.finding(case.tenant, reported))
    return Found(listing.rows, spoilt=spoilt, ownerless=ownerless, findings=tuple(findings))


def _refused(case: _Case, refusal: Unreadable, written: UnknownCode | None) -> QueryAnswer:
    """Judge a refusal; *written* is the value of `service.unknown_code` that takes it for "no job"."""
    if len(case.codes) > 1:
        return Split(refusal)
    if case.unknown == written:
        return Found({}, is_list=False)
    (code,) = case.codes
    hints = [_unknown_code_hint(case, written), refusal.hint]
    hint = "; or, ".join(hint for hint in hints if hint) or _REFUSED_HINT
    return Refused(unreadable(ReplyRule.UNKNOWN_CODE_ANSWER, f"{refusal.message} (code {code} alone)", hint))


def _unknown_code_hint(case: _Case, written: UnknownCode | None) -> str | None:
    """Return the setting that would accept this answer for a code without a job, if it may be that answer."""
    is_set = case.unknown.mode is not UnknownCodeMode.OMITTED
    if written is not None and written.mode is UnknownCodeMode.STATUS and int(written.value) not in MAY_MEAN_UNKNOWN:
        written = None
    if written is None:
        return (
            f"service.unknown_code is {_spelt(case.unknown, case.diagnostics)}, and this is not it" if is_set else None
        )
    fitting = _spelt(written, case.diagnostics)
    if is_set:
        return f"service.unknown_code is {_spelt(case.unknown, case.diagnostics)}; this would be {fitting}"
    return f"if that is how it answers for a code without a job, set service.unknown_code: {fitting}"


_ROW_HINT = "the other rows were read; -vv shows this one, which must be repaired in the service"
_REFUSED_HINT = "find out why the service refuses this code; docs/service.md says what to do for a code without a job"


def _spelt(unknown: UnknownCode, diagnostics: Diagnostics) -> str:
    """Return the value of `service.unknown_code`, ready to be written into the workspace file."""
    if unknown.mode is UnknownCodeMode.STATUS:
        return f"{{status: {unknown.value}}}"
    if unknown.mode is UnknownCodeMode.RESP_CODE:
        return f"{{resp_code: {diagnostics.quoted(unknown.value)}}}"
    return str(unknown.mode)
