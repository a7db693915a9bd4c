"""Errors that a reply reports beside its data: which values are errors, and what of them may be shown and allowed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconcile.model.workspace import ServiceSettings, UnknownCode, UnknownCodeMode
from reconcile.secrets import Redactor
from reconcile.service import wire
from reconcile.service.diagnostics import Diagnostics
from reconcile.service.messages import Operation, Reply
from reconcile.service.query_answer import Found, Refused, Split, query_answer
from reconcile.service.reported_errors import ROLES, MemberRole, reported_error
from tests.examples import examples
from tests.service.fakes import NOON, a_row, json_reply, null_row

DEFAULTS = ServiceSettings().success_codes


def errors(members: dict[str, Any], allowed: tuple[str, ...] = DEFAULTS) -> list[str]:
    """The members that make an error of *members*, as they come over the wire."""
    beside = wire.envelope(json.dumps(members).encode()).beside
    reported = reported_error(beside, allowed)
    return [] if reported is None else [member.name for member in reported.errors]


@pytest.mark.parametrize("name", ["error_code", "resp_code", "code", "errcode"])
@pytest.mark.parametrize(
    "value",
    [None, "", "  ", 0, "0", "0000", "000000", 0.0, 200, "200", 200.0, "success", "OK", " Success ", "成功"],
    ids=repr,
)
def test_a_code_that_is_no_error(name, value):
    assert errors({name: value}) == []


@pytest.mark.parametrize("name", ["error_code", "resp_code", "code", "errcode"])
@pytest.mark.parametrize(
    "value",
    ["租户不存在", "E1", 1, -1, 500, "0x0", "00a", "2000", 20, 200.5, 0.5, True, False, {}, [], {"a": 1}, ["0"]],
    ids=repr,
)
def test_any_other_code_is_an_error(name, value):
    assert errors({name: value}) == [name]


@pytest.mark.parametrize("value", [None, "", True, "true", "TRUE", 1, "1", "ok", "成功"], ids=repr)
def test_success_that_is_no_error(value):
    assert errors({"success": value}) == []


@pytest.mark.parametrize("value", [False, "false", 0, "0", "0000", "no", "E1", [], {}], ids=repr)
def test_any_other_success_is_an_error(value):
    assert errors({"success": value}) == ["success"]


@pytest.mark.parametrize(
    "members, expected",
    [
        pytest.param({"resp_code": "000000", "resp_msg": "查询成功"}, [], id="a-code-decides-over-a-message"),
        pytest.param({"success": True, "message": "查询成功"}, [], id="success-decides-over-a-message"),
        pytest.param({"code": None, "msg": "查询成功"}, [], id="a-code-of-null-decides-too"),
        pytest.param({"code": 0, "success": False}, ["success"], id="zeros-beside-success-false"),
        pytest.param({"code": 500, "success": True}, ["code"], id="a-code-beside-success-true"),
        pytest.param({"resp_code": "0", "error_code": "E1"}, ["error_code"], id="codes-that-disagree"),
        pytest.param({"error_code": 0, "error_msg": "timeout"}, ["error_msg"], id="error-msg-whatever-the-code"),
        pytest.param({"errcode": 0, "errmsg": "ok"}, [], id="errmsg-ok"),
        pytest.param({"error_code": 0, "error_msg": "", "errmsg": None}, [], id="error-msg-without-text"),
        pytest.param({"error_msg": {"a": 1}}, ["error_msg"], id="error-msg-an-object"),
        pytest.param({"error_msg": [], "msg": {}}, [], id="nothing-in-them"),
        pytest.param({"msg": "租户不存在"}, ["msg"], id="msg-alone"),
        pytest.param({"resp_msg": "no"}, ["resp_msg"], id="resp-msg-alone"),
        pytest.param({"message": "no", "msg": "ok"}, ["message"], id="one-of-two-messages"),
        pytest.param({"msg": "OK"}, [], id="msg-a-success-code"),
        pytest.param({"errorCode": "E1", "respMsg": "no"}, ["errorCode"], id="camel-case"),
        pytest.param({"trace_id": "x", "data": "y", "error": "z", "total": 3}, [], id="other-members-say-nothing"),
    ],
)
def test_which_member_decides(members, expected):
    assert errors(members) == expected


def test_a_value_is_allowed_without_case_and_blanks():
    assert errors({"code": "No  Data", "error_msg": "nothing\nhere"}, ("no data", "Nothing here ")) == []


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["0", "000", "200", "ok", "SUCCESS", "成功", "E1", "true", "false", 0, 1, 200, 200.0, 0.0])
)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=2), SCALARS, max_size=2)
MEMBERS = st.dictionaries(st.sampled_from(sorted(ROLES)) | st.text(max_size=4), VALUES, max_size=4).filter(
    lambda members: "resp_data" not in members
)


def says_nothing_bad(members: dict[str, Any]) -> bool:
    """The rule once more, in other words: no member known to tell of errors holds anything but what is harmless."""
    roles = {name: ROLES[name] for name in members if name in ROLES}
    decided = not {MemberRole.CODE, MemberRole.SUCCESS}.isdisjoint(roles.values())
    return all(
        (role is MemberRole.TEXT and decided) or is_harmless(role, members[name]) for name, role in roles.items()
    )


def is_harmless(role: MemberRole, value: Any) -> bool:
    if value is None or value in ([], {}):
        return value is None or role in (MemberRole.ERROR_TEXT, MemberRole.TEXT)
    if isinstance(value, (list, dict)):
        return False
    text = " ".join(json.dumps(value).split()) if not isinstance(value, str) else value
    text = re.sub(r"\s+", " ", "".join(one if one.isprintable() else " " for one in text)).strip().casefold()
    if text in ("", "success", "ok", "成功"):
        return True
    if role is MemberRole.CODE and not isinstance(value, bool):
        return text.strip("0") in ("", ".") or re.fullmatch(r"0+\.?0*(e.*)?|200(\.0*)?", text) is not None
    if role is MemberRole.SUCCESS:
        return text in ("true", "1")
    return role in (MemberRole.ERROR_TEXT, MemberRole.TEXT) and value is False


@examples(3)
@given(MEMBERS, st.sampled_from([["1"], ["1", "2"]]), st.sampled_from([[], None, "missing"]))
def test_no_member_beside_an_empty_list_is_read_as_absence_but_where_it_is_harmless(members, codes, data):
    """Absent by the rule, or unreadable; never absent otherwise."""
    document = dict(members) if data == "missing" else {"resp_data": data, **members}
    answer = query_answer(
        "acme",
        codes,
        Reply(200, json.dumps(document).encode("utf-8", "surrogatepass")),
        settings=ServiceSettings(),
        diagnostics=Diagnostics(Operation.QUERY, Redactor(()), DEFAULTS),
        now=NOON,
    )
    assert isinstance(answer, Found) == (data == [] and says_nothing_bad(members))
    if isinstance(answer, (Split, Refused)):
        assert isinstance(answer, Split) == (len(codes) > 1)


def asked(reply: Reply, service: ServiceSettings = ServiceSettings(), secrets: tuple[str, ...] = ()):
    diagnostics = Diagnostics(Operation.QUERY, Redactor(secrets), service.success_codes)
    return query_answer("acme", ["1"], reply, settings=service, diagnostics=diagnostics, now=NOON)


@examples(2)
@given(MEMBERS)
def test_the_line_that_is_printed_allows_what_it_was_printed_for(members):
    reply = Reply(200, json.dumps({"resp_data": [], **members}).encode("utf-8", "surrogatepass"))
    known = (*DEFAULTS, "x" * 200)
    answer = asked(reply, ServiceSettings(success_codes=known))
    if isinstance(answer, Found) or "no setting takes" in answer.reason.hint:
        return
    line = answer.reason.hint[answer.reason.hint.index("success_codes: [") :]
    codes = yaml.safe_load(line)["success_codes"]
    assert codes[: len(known)] == list(known)
    assert isinstance(asked(reply, ServiceSettings(success_codes=tuple(codes))), Found)


def test_the_services_own_words_are_shown_masked_and_on_one_line():
    answer = asked(
        json_reply({"resp_data": [], "error_code": "E1", "error_msg": "no\r\n\x1b[31mt0ps3cret"}),
        secrets=("t0ps3cret",),
    )
    assert 'the service says error_code "E1", error_msg "no [31m***"' in answer.reason.message
    assert "t0ps3cret" not in str(answer)
    assert "no setting takes such a value of error_msg" in answer.reason.hint


def test_what_is_an_object_is_shown_as_it_came():
    answer = asked(json_reply({"resp_data": [], "code": {"n": 1}}))
    assert 'the service says code {…}: {"resp_data": [], "code": {"n": 1}}' in answer.reason.message


def test_a_code_that_is_set_as_the_answer_for_no_job_stays_that_answer():
    service = ServiceSettings(unknown_code=UnknownCode(UnknownCodeMode.RESP_CODE, "E404"))
    for document in (
        {"resp_code": "E404"},
        {"resp_code": "E404", "resp_msg": "no such job", "success": False, "error_msg": "none"},
        {"resp_code": "E404", "resp_data": []},
        {"resp_code": "E404", "resp_data": None, "code": "E404"},
    ):
        assert asked(json_reply(document), service) == Found({}, is_list=False)
    disagreeing = asked(json_reply({"resp_code": "E404", "error_code": "DB_DOWN"}), service)
    assert isinstance(disagreeing, Refused)
    assert 'service.unknown_code is {resp_code: "E404"}, and this is not it' in disagreeing.reason.hint


def test_a_harmless_code_may_be_set_as_the_answer_for_no_job_too():
    service = ServiceSettings(unknown_code=UnknownCode(UnknownCodeMode.RESP_CODE, "0"))
    assert asked(json_reply({"resp_code": 0}), service) == Found({}, is_list=False)
    assert isinstance(asked(json_reply({"resp_code": 0, "resp_data": [a_row("1")]}), service), Found)


def test_rows_of_null_do_not_say_absent_beside_an_error():
    service = ServiceSettings(unknown_code=UnknownCode(UnknownCodeMode.NULL_ROW))
    assert isinstance(asked(json_reply({"resp_data": [null_row("1")]}), service), Found)
    assert isinstance(asked(json_reply({"resp_data": [null_row("1")], "error_code": "E1"}), service), Refused)
