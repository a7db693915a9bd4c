"""Why a key could not be read: the ids, and the messages. The client, its tests and the docs share the table."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from reconcile.model.live import Unreadable
from reconcile.model.rules import ReplyRule
from reconcile.secrets import Redactor
from reconcile.service.charsets import shown_with
from reconcile.service.messages import Failure, Flaw, NoReply, Operation, Reply
from reconcile.service.reply_findings import ErrorBesideData
from reconcile.service.reported_errors import LONGEST_CODE, ReportedError

_LOGIN = "a gateway's login page? Redirects are not followed: check the address and the headers of the environment"
_HINTS: Mapping[int, str] = {
    401: "check the headers of the environment: the service does not know who asks",
    403: "check the headers of the environment, and whether this tenant may be read",
    404: "check url, service.query_path and service.job_path",
    405: "check url, service.query_path and service.job_path",
    407: "check the proxy that the variables name",
}
_FAILURES: Mapping[Failure, tuple[ReplyRule, str]] = {
    Failure.UNREACHABLE: (ReplyRule.SERVICE_UNREACHABLE, "no connection"),
    Failure.CERTIFICATE: (ReplyRule.CERTIFICATE_REFUSED, "the certificate is refused"),
    Failure.TIMEOUT: (ReplyRule.SERVICE_TIMEOUT, "no answer in time"),
    Failure.CUT_OFF: (ReplyRule.CONNECTION_LOST, "the connection was lost"),
}
_FAILURE_HINTS: Mapping[Failure, str] = {
    Failure.UNREACHABLE: "check url and the proxy variables, and whether the service is up",
    Failure.CERTIFICATE: "check ca_bundle and url",
    Failure.TIMEOUT: "is the service overloaded? timeout and concurrency can be set for the environment",
}
# For queries and histories only: the hint of a save comes from what is read back afterwards.
_READING_HINTS: Mapping[ReplyRule, str] = {
    ReplyRule.CONNECTION_LOST: "did the service, or a proxy before it, restart? Run again when it is well",
    ReplyRule.SERVICE_ERROR: "the service, or a gateway before it, is in trouble: see its log, "
    "and run again when it is well",
    ReplyRule.REPLY_MALFORMED: "is url that of the scheduling service, and does anything between change its replies? "
    "-vv shows them",
    ReplyRule.ROW_NOT_ASKED_FOR: "does anything between, such as a cache, mix up the replies of this service? "
    "-vv shows them",
}
MAY_MEAN_UNKNOWN = frozenset({404, 410})
"""The only statuses with the hint that they may mean "no such code". Every other status may mean that something is
wrong, and a service that fails must not lead to a setting by which all its jobs seem absent."""
_UNKNOWN_CODE_STATUS = "service.unknown_code: {status: %d}"


_LONGEST_QUOTED = 80


class Diagnostics:
    """Messages about the requests of one operation: tenant, operation, status, and an excerpt that is fit to print.

    *success_codes* is the environment's `service.success_codes`.
    """

    def __init__(self, operation: Operation, redactor: Redactor, success_codes: Collection[str]) -> None:
        self._operation = operation
        self._redactor = redactor
        self._success_codes = success_codes

    def no_reply(self, tenant: str, result: NoReply) -> Unreadable:
        """Return why keys are unreadable when a request got no reply."""
        rule, words = _FAILURES[result.failure]
        detail = self._redactor.line(result.detail)
        shown = f" ({detail})" if detail else ""
        hint = _FAILURE_HINTS.get(result.failure) or self._reading_hint(rule)
        return unreadable(rule, f"{self._who(tenant)}: {words}{shown}", hint)

    def status(self, tenant: str, reply: Reply) -> Unreadable:
        """Return why keys are unreadable after a status that is not 200."""
        rule = _rule_of_status(reply.status)
        hint = _HINTS.get(reply.status) or self._reading_hint(rule)
        if rule == ReplyRule.LOGIN_PAGE:
            hint = _LOGIN
        elif rule == ReplyRule.RATE_LIMITED:
            hint = "set rate or a lower concurrency for the environment"
        elif _is_page(reply):
            hint = f"{hint}; or a gateway's page?" if hint else "a gateway's page, not the service's?"
        elif self._operation is Operation.QUERY and reply.status in MAY_MEAN_UNKNOWN:
            setting = f"if that is how it answers for a code without a job, set {_UNKNOWN_CODE_STATUS % reply.status}"
            hint = f"{hint}; or, {setting}" if hint else setting
        return unreadable(
            rule, f"{self._who(tenant)}: HTTP {reply.status}{self._target(reply)}{self._shown(reply)}", hint
        )

    def content(self, tenant: str, reply: Reply, rule: ReplyRule, words: str, hint: str | None = None) -> Unreadable:
        """Return why keys are unreadable after a 200 whose content cannot be used."""
        # *words* may quote the reply.
        words = self._redactor.line(words)
        shown = self._shown(reply) if reply.body else ""
        hint = hint or self._reading_hint(rule)
        return unreadable(rule, f"{self._who(tenant)}: HTTP {reply.status}, {words}{shown}", hint)

    def error(
        self,
        tenant: str,
        reply: Reply,
        rule: ReplyRule,
        reported: ReportedError,
        *,
        is_missing: bool,
    ) -> Unreadable:
        """Return why keys are unreadable after a 200 with an error beside data that is empty or missing.

        The message quotes the service; the hint holds the setting that takes it for no error.
        """
        data = "no resp_data" if is_missing else "an empty resp_data"
        is_long = any(member.text is None for member in reported.errors)
        shown = self._shown(reply) if is_long else ""
        words = self._redactor.line(f"{data}, and the service says {self._members(reported)}")
        return unreadable(
            rule, f"{self._who(tenant)}: HTTP {reply.status}, {words}{shown}", self.success_codes_hint(reported)
        )

    def finding(self, tenant: str, reported: ReportedError) -> ErrorBesideData:
        """Return the finding about an error beside data."""
        words = self._redactor.line(f"data came, and beside it the service says {self._members(reported)}")
        message = f"{self._who(tenant)}: {words}"
        return ErrorBesideData(self._operation, tenant, message, self.success_codes_hint(reported))

    def success_codes_hint(self, reported: ReportedError) -> str:
        """Return the setting that takes *reported* for no error, where there can be one."""
        for member in reported.errors:
            if not member.is_allowable or self._redactor.hide(str(member.text)) != member.text:
                name = self._redactor.line(member.name, length=40)
                return f"no setting takes such a value of {name} for no error: ask who runs the service"
        values = (*self._success_codes, *(str(member.text) for member in reported.errors))
        codes = ", ".join(dict.fromkeys(self.quoted(text, length=LONGEST_CODE) for text in values))
        when = "if the service says so when nothing is wrong, and only then"
        return f"{when}, set below `service:` of the environment in reconcile.yaml: success_codes: [{codes}]"

    def _members(self, reported: ReportedError) -> str:
        members = (*reported.errors, *reported.texts)
        return ", ".join(
            f"{member.name} {'{…}' if member.text is None else self.quoted(member.text)}" for member in members
        )

    def quoted(self, text: str, *, length: int = _LONGEST_QUOTED) -> str:
        """Return *text* of a reply as a quoted YAML (and JSON) value on one line."""
        # Secrets are hidden before the text is cut: a part of a secret must not be shown.
        shown = self._redactor.line(text, length=length)
        return self._redactor.hide(json.dumps(shown, ensure_ascii=not shown.isprintable()))

    def unusable(self, tenant: str, reply: Reply) -> Unreadable | None:
        """Return why the body of a 200 cannot be read, or None."""
        if reply.flaw is Flaw.TOO_LARGE:
            hint = "is url that of the scheduling service? A smaller batch_size makes smaller replies"
            return self.content(tenant, reply, ReplyRule.REPLY_TOO_LARGE, "the reply is too large", hint)
        if reply.flaw is Flaw.UNDECODABLE:
            return self.content(tenant, reply, ReplyRule.REPLY_MALFORMED, "the reply's compression cannot be read")
        if _is_page(reply):
            return self.content(tenant, reply, ReplyRule.LOGIN_PAGE, "a page instead of JSON", _LOGIN)
        return None

    def _reading_hint(self, rule: ReplyRule) -> str | None:
        return None if self._operation is Operation.SAVE else _READING_HINTS.get(rule)

    def _who(self, tenant: str) -> str:
        return f"tenant {tenant}: {self._operation}"

    def _target(self, reply: Reply) -> str:
        """Return where a redirect leads, without its query: that may hold the key of a session."""
        if _rule_of_status(reply.status) != ReplyRule.LOGIN_PAGE or not reply.location:
            return ""
        return f" to {self._redactor.line(reply.location.partition('?')[0], length=80)}"

    def _shown(self, reply: Reply) -> str:
        excerpt = self._redactor.excerpt(reply.body, codec=shown_with(reply.content_type))
        return f": {excerpt}" if excerpt else ", with an empty body"


def unreadable(rule: ReplyRule, message: str, hint: str | None = None) -> Unreadable:
    """Return why a key is unreadable."""
    return Unreadable(rule, message, hint)


def may_pass(status: int) -> bool:
    """Return whether the cause of an HTTP status may pass: such a request is retried, never split."""
    return status in (408, 429) or status >= 500


def _rule_of_status(status: int) -> ReplyRule:
    if status in _RULES:
        return _RULES[status]
    if status >= 500:
        return ReplyRule.SERVICE_ERROR
    if status >= 400:
        return ReplyRule.REQUEST_REFUSED
    return ReplyRule.LOGIN_PAGE if status >= 300 else ReplyRule.UNEXPECTED_STATUS


_RULES: Mapping[int, ReplyRule] = {408: ReplyRule.SERVICE_TIMEOUT, 429: ReplyRule.RATE_LIMITED}


def _is_page(reply: Reply) -> bool:
    return "html" in reply.content_type.lower() or reply.body[:64].lstrip().startswith(b"<")
