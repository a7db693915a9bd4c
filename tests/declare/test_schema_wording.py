"""Each problem with a schema is worded: which value is wrong, and what to do."""

from __future__ import annotations

import pytest

from reconcile.declare.schema_check import schema_problems
from reconcile.declare.schema_wording import worded_problems
from reconcile.engine.problems import Part, Pointer

TENANT = {"tenant": "acme"}


def entry(**fields):
    return {"tenant": "acme", "schedules": [{"code": "1", **fields}]}


def environment(**fields):
    return {
        "format_version": "1",
        "workspace": "w",
        "environments": {"here": {"url": "http://a", **fields}},
    }


@pytest.mark.parametrize(
    "kind, value, message, hint",
    [
        pytest.param(
            "tenant", entry(name="n" * 201), "name: 201 characters; at most 200 are allowed", "shorten it", id="long"
        ),
        pytest.param(
            "tenant",
            entry(name=""),
            "name: 0 characters; at least 1 is allowed",
            "write something, or delete the key",
            id="short",
        ),
        pytest.param("tenant", entry(ownr="a"), "ownr is not a key here", "did you mean owner?", id="close-key"),
        pytest.param(
            "tenant",
            entry(xyzzy="a"),
            "xyzzy is not a key here",
            "known here: code, name, cron, state, owner, description, labels, protect",
            id="no-close-key",
        ),
        pytest.param(
            "tenant",
            entry(grace="1m"),
            "grace: how late a fire may be is not judged yet",
            "delete it for now",
            id="later",
        ),
        pytest.param(
            "tenant",
            {"tenant": 12},
            "tenant: 12 without quotes is a number, not text",
            'quote it: "12"',
            id="number-for-text",
        ),
        pytest.param(
            "tenant",
            {"tenant": True},
            "tenant: true without quotes is true or false, not text",
            "put quotes around it",
            id="switch-for-text",
        ),
        pytest.param(
            "tenant", {"tenant": None}, "tenant has no value", "write text, or delete the key", id="nothing-for-text"
        ),
        pytest.param(
            "tenant",
            {"tenant": ["a"]},
            "tenant: text is meant, not a list",
            "write text",
            id="list-for-text",
        ),
        pytest.param(
            "tenant",
            {"tenant": {"a": "b"}},
            "tenant: text is meant, not a mapping",
            "write text",
            id="mapping-for-text",
        ),
        pytest.param(
            "tenant",
            {"tenant": "a b"},
            "tenant: a b cannot be used",
            "1 to 64 letters, digits, `_`, `.` or `-` are allowed",
            id="form",
        ),
        pytest.param("tenant", {"tenant": ""}, "tenant: nothing cannot be used", None, id="empty-form"),
        pytest.param(
            "tenant",
            {"tenant": "ａｃｍｅ"},
            "tenant: ａｃｍｅ cannot be used",
            "with an ASCII keyboard: acme",
            id="full-width",
        ),
        pytest.param(
            "tenant",
            entry(state="parkd"),
            "state: parkd is not one of active, parked",
            "did you mean parked?",
            id="close-word",
        ),
        pytest.param(
            "tenant",
            entry(state="off"),
            "state: off is not one of active, parked",
            "known: active, parked",
            id="no-close-word",
        ),
        pytest.param(
            "tenant",
            entry(protect="yes"),
            "protect: true or false is meant, not yes",
            "write true or false",
            id="text-for-switch",
        ),
        pytest.param("tenant", entry(labels={"a b": "c"}), "the key: a b cannot be used", None, id="name-of-a-label"),
        pytest.param(
            "tenant",
            {"tenant": "a", "include": ["b", "c", "b"]},
            "include lists b twice",
            "delete one of the two",
            id="twice",
        ),
        pytest.param("set", {"set": "core"}, "schedules is missing", "add `schedules: …`", id="missing-list"),
        pytest.param(
            "set",
            {"set": "core", "schedules": [{"code": "1", "name": "n"}]},
            "cron is missing",
            "add `cron: …`",
            id="missing-cron",
        ),
        pytest.param(
            "workspace",
            environment(batch_size=0),
            "batch_size: 0; at least 1 is allowed",
            "write a number of at least 1",
            id="too-little",
        ),
        pytest.param(
            "workspace",
            environment(concurrency=999),
            "concurrency: 999; at most 256 is allowed",
            "write a number of at most 256",
            id="too-much",
        ),
        pytest.param(
            "workspace",
            environment(timeout="10 seconds"),
            "timeout: 10 seconds cannot be used",
            "a duration such as 10s, 5m, 2h or 1d, at most 365d, is meant",
            id="duration",
        ),
        pytest.param(
            "workspace",
            environment(ledger="ledger.db"),
            "ledger: ledger.db cannot be used",
            "write file (a SQLite file at its own place), postgresql://USER:${PASSWORD}@HOST/NAME, git, git+REMOTE, "
            "git+URL, a ${VARIABLE} that holds such an address, or none",
            id="ledger",
        ),
        pytest.param(
            "workspace",
            {**environment(), "limits": {"max_changes": 1.5}},
            "max_changes: a whole number or none is meant, not 1.5",
            "write a whole number or none",
            id="half",
        ),
        pytest.param(
            "workspace",
            {**environment(), "limits": {"max_changes": "all"}},
            "max_changes: all is not none",
            "known: none",
            id="no-limit",
        ),
        pytest.param(
            "workspace",
            {"format_version": "1", "workspace": "w", "environments": {}},
            "environments: 0 keys; at least 1 is allowed",
            None,
            id="no-environment",
        ),
        pytest.param(
            "workspace",
            environment(service={"unknown_code": {"status": 404, "resp_code": "x"}}),
            "unknown_code: 2 keys; at most 1 is allowed",
            "shorten it",
            id="two-ways",
        ),
        pytest.param("workspace", [], "the file: a mapping is meant, not a list", None, id="a-list"),
    ],
)
def test_a_refusal_is_one_sentence_and_a_hint(kind, value, message, hint):
    (problem,) = schema_problems(kind, value, "f")
    assert problem.message == message
    assert problem.hint if hint is None else problem.hint == hint


def test_a_key_is_pointed_at_where_the_key_is_wrong():
    (problem,) = schema_problems("tenant", entry(ownr="a"), "f")
    assert problem.at == Pointer("f", ("schedules", 0, "ownr"), Part.KEY)


def test_of_a_value_of_the_wrong_type_nothing_else_is_said():
    assert [problem.rule for problem in schema_problems("workspace", environment(service={"save": 1}), "f")] == [
        "quote-this"
    ]


def test_all_problems_of_a_file_come_at_once():
    value = {"tenant": "a b", "schedules": [{"cron": ""}, {"code": "1", "x": 1}, 7]}
    assert [problem.rule for problem in schema_problems("tenant", value, "f")] == [
        "wrong-form",
        "too-short",
        "missing-key",
        "unknown-key",
        "wrong-type",
    ]


def test_a_keyword_without_words_of_its_own_shows_the_error():
    (problem,) = worded_problems({"multipleOf": 2}, 3, "f")
    assert (problem.rule, problem.message) == ("schema", "3 is not a multiple of 2")


def test_a_pattern_without_words_of_its_own_shows_the_pattern():
    (problem,) = worded_problems({"pattern": "^a$"}, "b", "f")
    assert problem.hint == "it must match ^a$"


def test_where_the_gate_alone_refuses_its_own_error_is_shown():
    # `$` of Python's patterns lets a line break pass; the reader lets none through to here.
    (problem,) = schema_problems("tenant", {"tenant": "acme\n"}, "f")
    assert problem.rule == "schema"
    assert problem.at == Pointer("f", ("tenant",))
