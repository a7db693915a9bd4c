"""What a reply to a query means. Pure: a reply and what was asked go in, an answer comes out.

========================================  ==============================  =========================================
the reply                                 to several codes                to one code alone
========================================  ==============================  =========================================
complete, of the documented shape         the rows; none for a code:      the same; but where the environment says
                                          not in the answer               how an unknown code is answered, an empty
                                                                          list is not that answer
a row with the code and null fields,      no row                          not in the answer
in mode `null-row`
400, 413, 414, 422; 200 with a            split                           unreadable, and the message names
`resp_code` and no `resp_data`                                            `service.unknown_code`
the status or `resp_code` that            split                           not in the answer
`service.unknown_code` names
time-out, 408, 429, 5xx, no connection    again, whole                    again
anything else                             unreadable                      unreadable
========================================  ==============================  =========================================
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from reconcile.model.states import Rows, Unreadable
from reconcile.model.workspace import ServiceSettings, UnknownCode, UnknownCodeMode
from reconcile.service import wire
from reconcile.service.budget import retry_after_seconds
from reconcile.service.calls import Again
from reconcile.service.exchange import Broken, Fault, Reply, Result
from reconcile.service.troubles import Narrator, passes, trouble

SPLITTING = frozenset({400, 413, 414, 422})


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a complete answer, by code. *is_list* is False when `service.unknown_code` said what it means."""

    rows: dict[str, Rows]
    is_list: bool = True


@dataclass(frozen=True, slots=True)
class Split:
    """One of several codes, or their number, was refused; *trouble* says with which words."""

    trouble: Unreadable


@dataclass(frozen=True, slots=True)
class Refused:
    """A code alone was refused."""

    trouble: Unreadable


@dataclass(frozen=True, slots=True)
class TooLong:
    """The batch was not sent: by now it is known that one so long would be refused."""


Answer: TypeAlias = Found | Split | Refused | TooLong | Unreadable


def query_answer(
    tenant: str, codes: Collection[str], result: Result, *, settings: ServiceSettings, narrator: Narrator, now: datetime
) -> Answer | Again:
    """Say what *result* means for the *codes* of *tenant* that were asked for."""
    if isinstance(result, Broken):
        broken = narrator.broken(tenant, result)
        return broken if result.fault is Fault.CERTIFICATE else Again(broken)
    if result.status == 200:
        return _content(tenant, codes, result, settings, narrator)
    written = UnknownCode(UnknownCodeMode.STATUS, str(result.status))
    if result.status in SPLITTING or settings.unknown_code == written:
        return _refused(codes, narrator.status(tenant, result), written, settings, narrator)
    if passes(result.status):
        return Again(narrator.status(tenant, result), retry_after_seconds(result.retry_after, now))
    return narrator.status(tenant, result)


def _content(
    tenant: str, codes: Collection[str], reply: Reply, settings: ServiceSettings, narrator: Narrator
) -> Answer:
    unusable = narrator.unusable(tenant, reply)
    if unusable is not None:
        return unusable
    try:
        envelope = wire.envelope(reply.body)
        if envelope.content is None and envelope.code is not None:
            words = f"resp_code {narrator.quoted(envelope.code)} and no resp_data"
            refusal = narrator.content(tenant, reply, "unknown-code-answer", words)
            written = UnknownCode(UnknownCodeMode.RESP_CODE, envelope.code)
            return _refused(codes, refusal, written, settings, narrator)
        if envelope.content is None:
            hint = "if it answers so for a code without a job, service.unknown_code cannot say that; check query_path"
            return narrator.content(tenant, reply, "reply-without-data", "no resp_data", hint)
        listing = wire.listing(envelope.content, asked=codes, active=settings.active_status)
    except wire.MalformedError as error:
        return narrator.content(tenant, reply, "reply-malformed", str(error))
    except wire.StrayRowError as error:
        return narrator.content(tenant, reply, "row-not-asked-for", str(error))
    return _found(tenant, codes, reply, listing, settings, narrator)


def _found(
    tenant: str,
    codes: Collection[str],
    reply: Reply,
    listing: wire.Listing,
    settings: ServiceSettings,
    narrator: Narrator,
) -> Answer:
    """Read null rows, and the answer for a code alone, as `service.unknown_code` says."""
    unknown = settings.unknown_code
    if listing.null and unknown.mode is not UnknownCodeMode.NULL_ROW:
        hint = "if that is how it answers for a code without a job, set service.unknown_code: null-row"
        words = f"a row of null for code {listing.null[0]}"
        return narrator.content(tenant, reply, "unknown-code-answer", words, hint)
    if len(listing.null) != len(set(listing.null)) or not listing.rows.keys().isdisjoint(listing.null):
        return narrator.content(tenant, reply, "reply-malformed", "a row of null beside another for the same code")
    if len(codes) == 1 and not listing.rows and not listing.null and unknown.mode is not UnknownCodeMode.OMITTED:
        hint = f"service.unknown_code is {_spelt(unknown, narrator)}; leave it out if an empty list means the same"
        return narrator.content(tenant, reply, "unknown-code-answer", "an empty list for one code", hint)
    return Found(listing.rows)


def _refused(
    codes: Collection[str], refusal: Unreadable, written: UnknownCode, settings: ServiceSettings, narrator: Narrator
) -> Answer:
    if len(codes) > 1:
        return Split(refusal)
    if settings.unknown_code == written:
        return Found({}, is_list=False)
    (code,) = codes
    fitting = _spelt(written, narrator)
    if settings.unknown_code.mode is UnknownCodeMode.OMITTED:
        hint = f"if that is how it answers for a code without a job, set service.unknown_code: {fitting}"
    else:
        hint = f"service.unknown_code is {_spelt(settings.unknown_code, narrator)}; this would be {fitting}"
    return Refused(trouble("unknown-code-answer", f"{refusal.message} (code {code} alone)", hint))


def _spelt(unknown: UnknownCode, narrator: Narrator) -> str:
    """Return the value of `service.unknown_code`, ready to be written into the workspace file."""
    if unknown.mode is UnknownCodeMode.STATUS:
        return f"{{status: {unknown.value}}}"
    if unknown.mode is UnknownCodeMode.RESP_CODE:
        return f"{{resp_code: {narrator.quoted(unknown.value)}}}"
    return str(unknown.mode)
