"""Whatever comes as a reply, the client ends in one of its declared answers: nothing else is raised."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reconcile.model.live import LiveRow, Unreadable
from reconcile.model.outcome import AnswerKind
from reconcile.model.rules import ReplyRule
from reconcile.model.workspace import ServiceSettings, UnknownCode, UnknownCodeMode
from reconcile.ports import SaveAnswer
from reconcile.secrets import Redactor
from reconcile.service.diagnostics import Diagnostics
from reconcile.service.dispatcher import Retry
from reconcile.service.messages import Failure, Flaw, NoReply, Operation, Reply
from reconcile.service.query_answer import Found, Refused, Split, query_answer
from reconcile.service.writer import save_answer
from tests.examples import examples
from tests.service.fakes import NOON

SAYING = ["resp_code", "error_code", "error_msg", "success", "msg"]
NAMES = ["resp_data", "resp_code", "bizcode", "jobinfoid", "cronexpression", "jobstatus", "group_job_id"]
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1", "2", "E"])
)
JSON = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=15,
)
BESIDE = st.dictionaries(st.sampled_from(SAYING), VALUES, max_size=2)
ROWS = st.fixed_dictionaries({name: VALUES | st.just("1") for name in NAMES[2:6]})
BODIES = (
    JSON.map(lambda document: json.dumps(document).encode("utf-8", "surrogatepass"))
    | st.builds(
        lambda rows, beside: json.dumps({"resp_data": rows, **beside}).encode("utf-8", "surrogatepass"),
        st.lists(ROWS, max_size=3),
        BESIDE,
    )
    | st.binary(max_size=40)
)
REPLIES = st.builds(
    Reply,
    status=st.just(200) | st.integers(100, 599),
    body=BODIES,
    content_type=st.sampled_from(["", "application/json", "text/html", "a/b;charset=gbk", "a/b;charset=x"]),
    retry_after=st.none() | st.text(max_size=8) | st.integers().map(str),
    flaw=st.none() | st.sampled_from(Flaw),
)
RESULTS = REPLIES | st.builds(NoReply, failure=st.sampled_from(Failure), detail=st.text(max_size=5), sent=st.booleans())
UNKNOWN = st.sampled_from(
    [
        UnknownCode(),
        UnknownCode(UnknownCodeMode.NULL_ROW),
        UnknownCode(UnknownCodeMode.STATUS, "404"),
        UnknownCode(UnknownCodeMode.RESP_CODE, "E"),
    ]
)


def believable(rows, codes):
    return all(
        code in codes and found and all(isinstance(row, LiveRow) for row in found) for code, found in rows.items()
    )


@examples(2)
@given(RESULTS, UNKNOWN, st.sampled_from([["1"], ["1", "2"]]))
def test_any_reply_to_a_query_is_one_of_the_answers(result, unknown, codes):
    diagnostics = Diagnostics(Operation.QUERY, Redactor(()), ServiceSettings().success_codes)
    answer = query_answer(
        "acme", codes, result, settings=ServiceSettings(unknown_code=unknown), diagnostics=diagnostics, now=NOON
    )
    if isinstance(answer, Found):
        assert believable(answer.rows, codes)
        return
    assert isinstance(answer, (Split, Refused, Retry, Unreadable))
    trouble = answer if isinstance(answer, Unreadable) else answer.reason
    assert isinstance(trouble.rule, ReplyRule)
    assert trouble.message.startswith("tenant acme: query: ")
    assert (trouble.message + (trouble.hint or "")).isprintable()
    assert isinstance(answer, Split) <= (len(codes) > 1)


@examples(2)
@given(RESULTS)
def test_any_reply_to_a_save_is_one_of_the_answers(result):
    answer = save_answer(
        "acme", result, diagnostics=Diagnostics(Operation.SAVE, Redactor(()), ServiceSettings().success_codes), now=NOON
    )
    if isinstance(answer, Retry):
        assert not result.sent if isinstance(result, NoReply) else result.status == 429
        return
    assert isinstance(answer, SaveAnswer)
    assert (answer.kind is AnswerKind.ACKNOWLEDGED) == (answer.job_id is not None)
    assert answer.message.isprintable()
    if isinstance(result, NoReply) and result.sent:
        assert answer.kind is AnswerKind.LOST
