"""Rollbacks: what they bring back, what they leave alone, and the holds that they place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconcile.model.change import Change
from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.model.outcome import Intent
from tests.builders import row, schedule
from tests.journeys.conftest import FIRST, TENANT, rules, run_ids

BAD = TENANT.replace("0 0 2", "0 0 3")


@pytest.fixture
def gone_bad(applied, declare):
    """Then something bad was applied; gives the id of that run too."""
    declare(BAD)
    assert applied("apply", "--yes").code == 0
    return applied, run_ids(applied)[0]


def held(program):
    return [hold["code"] for hold in program.json("status")[1]["environments"][0]["holds"]]


def cron(service, code="1"):
    return service.jobs["acme", code][0]["cronexpression"]


def test_a_rollback_brings_back_what_was_live_and_holds_it(applied, service, declare):
    added = '  - code: "4"\n    name: 新\n    cron: "0 0 8 * * ?"\n'
    declare(TENANT.replace("0 0 2", "0 0 3") + added)
    assert applied("apply", "--yes").code == 0
    bad = run_ids(applied)[0]
    assert applied("rollback", bad, "--dry-run").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 3 * * ?"
    code, run = applied.json("rollback", bad, "--yes", "--reason", "orders came twice")
    assert (code, {one["code"]: one["action"] for one in run["changes"]}) == (0, {"1": "update", "4": "park"})
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 2 * * ?"
    assert service.jobs["acme", "4"][0]["cronexpression"] == "0 0 0 1 1 ? 2099"
    assert "Nothing to roll back: live is as it was." in applied("rollback", bad, "--yes").out
    code, run = applied.json("apply", "--yes")
    assert (code, rules(run)) == (3, ["held", "held"])
    code, drift = applied.json("drift")
    assert (code, {key["code"]: key["held_by"] is not None for key in drift["keys"]}) == (0, {"1": True, "4": True})
    assert "orders came twice" in applied("status").out
    assert applied("release", "acme/4").code == 0
    declare(TENANT.replace("0 0 2", "0 30 3") + added)
    assert applied("apply", "--yes").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 30 3 * * ?"
    assert applied.json("status")[1]["environments"][0]["holds"] == []


def test_what_was_changed_since_a_run_is_not_rolled_back(applied, service):
    service.put("acme", "1", "0 0 9 * * ?")
    code, run = applied.json("rollback", run_ids(applied)[0], "--yes", "--code", "1")
    assert (code, rules(run)) == (3, ["changed-since"])


def test_what_a_rollback_was_refused_is_held_and_the_next_merge_does_not_make_it_worse(gone_bad, service, declare):
    program, bad = gone_bad
    service.put("acme", "1", "0 0 9 * * ?")
    saves = len(service.saves)
    for _ in range(2):
        code, run = program.json("rollback", bad, "--yes", "--reason", "orders came twice")
        assert (code, rules(run), rules({"refusals": run["findings"]})) == (3, ["changed-since"], ["held-as-live"])
        assert held(program) == ["1"]
    declare(BAD.replace("0 0 4", "0 0 5"))
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), cron(service), cron(service, "3")) == (4, ["held"], "0 0 9 * * ?", "0 0 5 * * ?")
    assert [saved[1] for saved in service.saves[saves:]] == ["3"]
    declare(TENANT)
    code, run = program.json("apply", "--yes")
    assert (code, cron(service), held(program)) == (0, "0 0 2 * * ?", [])
    assert rules({"refusals": run["findings"]}) == ["hold-ended"]


def test_the_hold_of_what_no_file_declares_ends_and_one_that_is_only_not_selected_stays(gone_bad, declare):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes").code == 0
    declare(BAD.replace(FIRST.replace("0 0 2", "0 0 3"), ""))
    assert program("apply", "--yes", "--code", "2").code == 0
    assert held(program) == ["1"]
    code, run = program.json("apply", "--yes")
    assert (code, held(program)) == (0, [])
    assert [one["message"][:45] for one in run["findings"]] == ["acme/1: no file declares it any more: it is n"]
    code, run = program.json("apply", "--yes")
    assert (code, run["findings"]) == (0, [])


def test_an_apply_that_saved_nothing_ends_no_hold(gone_bad, service, declare):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes").code == 0
    declare(BAD.replace("0 0 3", "0 0 6"), more="limits: {max_changes: 0}\n")
    assert program("apply", "--yes").code == 3
    assert held(program) == ["1"]
    declare(BAD)
    assert (program("apply", "--yes").code, cron(service)) == (3, "0 0 2 * * ?")


def test_what_was_brought_back_by_hand_and_is_held_is_no_drift(gone_bad, service):
    program, bad = gone_bad
    service.put("acme", "1", "0 0 2 * * ?")
    assert program("drift").code == 2
    assert program("rollback", bad, "--yes").code == 0
    code, drift = program.json("drift")
    assert (code, [(one["code"], one["held_by"] is not None, one["moved"]) for one in drift["keys"]]) == (
        0,
        [("1", True, False)],
    )
    text = program("drift").out
    assert ("\nHeld:\n" in text, "1 held, 2 as declared." in text) == (True, True)


def test_a_held_schedule_that_is_live_as_declared_is_no_difference(gone_bad, service):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes").code == 0
    service.put("acme", "1", "0 0 3 * * ?")
    code, drift = program.json("drift")
    assert (code, drift["keys"], held(program)) == (0, [], ["1"])
    assert (program("apply", "--yes").code, held(program)) == (0, ["1"])


@pytest.mark.parametrize(
    "arguments, said",
    [
        pytest.param(["rollback", "1999", "--yes"], "there is no run '1999'", id="no-such-run"),
        pytest.param(["rollback", "20", "--yes", "--tenant", "none"], "changed nothing that is selected", id="nothing"),
        pytest.param(["rollback", "20", "--yes", "--label", "a=b"], "cannot be selected by label", id="label"),
        pytest.param(["rollback", "20"], "no terminal to ask on", id="nobody-to-ask"),
        pytest.param(["runs", "show", "1999"], "there is no run '1999'", id="show-no-such-run"),
        pytest.param(["runs", "--env", "test", "show", "20"], "stands before show", id="option-before-subcommand"),
        pytest.param(["release", "acme"], "'acme' is not a key", id="no-key"),
        pytest.param(["release", "acme/1"], "acme/1 is not held", id="not-held"),
        pytest.param(["release", "acme/*"], "acme/* is not held", id="no-hold-fits"),
        pytest.param(["release", "--tenant", "acme"], "none of what is selected is held", id="none-is-held"),
        pytest.param(["release"], "no key is named", id="release-of-nothing"),
        pytest.param(["apply", "--yes", "--soak", "fire"], "such as 5m, nor next-fire", id="no-soak"),
        pytest.param(["unlock", "abc"], "there is no lock 'abc'", id="no-such-lock"),
    ],
)
def test_bad_words_to_commands_about_the_past_are_explained(applied, arguments, said):
    ended = applied(*arguments)
    assert (ended.code, said in ended.err) == (1, True), ended.err
    assert "hint" in ended.err


def test_a_run_that_was_killed_can_be_rolled_back_once_it_is_settled(applied, service, ledger_of):
    start = RunStart("20990101T000000Z-dead00", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "x")
    with ledger_of() as ledger, ledger.lock(start.id, "x", timeout_seconds=0):
        wanted = schedule("1", "0 0 5 * * ?")
        ledger.begin(start).record_intents([Intent(Change(wanted, None, (row("0 0 2 * * ?"),)))])
    service.put("acme", "1", "0 0 5 * * ?")
    assert applied("apply", "--yes", "--code", "2").code == 0  # reads and settles what was left open
    assert applied("rollback", start.id, "--yes").code == 0
    assert cron(service) == "0 0 2 * * ?"


def test_a_rollback_that_is_refused_leaves_an_earlier_hold_where_it_was(gone_bad, service, declare):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes", "--reason", "first").code == 0
    service.put("acme", "1", "0 0 9 * * ?")
    assert program("rollback", bad, "--yes", "--reason", "second").code == 3
    (hold,) = program.json("status")[1]["environments"][0]["holds"]
    assert hold["reason"] == "first"


def test_what_somebody_brought_back_by_hand_is_held_too(gone_bad, service):
    program, bad = gone_bad
    service.put("acme", "1", "0 0 2 * * ?")
    assert program("rollback", bad, "--yes").code == 0
    assert held(program) == ["1"]
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), cron(service)) == (3, ["held"], "0 0 2 * * ?")


def test_a_rollback_of_a_rollback_brings_back_what_is_declared_and_holds_nothing(gone_bad, service):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes").code == 0
    assert held(program) == ["1"]
    assert program("rollback", run_ids(program)[0], "--yes").code == 0
    assert (cron(service), held(program)) == ("0 0 3 * * ?", [])


def test_a_hold_outlasts_another_spelling_of_the_same_cron(gone_bad, declare):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes").code == 0
    declare(BAD.replace("0 0 3 * * ?", "0 0 3 ? * * *"))
    assert program("apply", "--yes").code == 3
    assert held(program) == ["1"]


def test_a_rollback_of_some_tells_only_of_those(gone_bad, service, declare):
    program, _ = gone_bad
    service.put("acme", "1", "0 0 3 * * ?", status="disable")
    service.put("acme", "3", "0 0 4 * * ?", status="disable")
    declare(TENANT.replace("0 0 4", "0 0 5"))
    assert program("apply", "--yes", "--allow-inactive").code == 0
    _, run = program.json("rollback", run_ids(program)[0], "--yes", "--code", "3", "--allow-inactive")
    assert [one["code"] for one in run["findings"] if one["rule"] == "stays-active"] == ["3"]


@pytest.mark.parametrize("words", [["rollback", "2", "--yes"], ["runs", "show", "2"]], ids=["rollback", "runs-show"])
def test_the_beginning_of_several_ids_is_an_error_that_lists_them(gone_bad, words):
    program, _ = gone_bad
    code, document = program.json(*words)
    (error,) = document["errors"]
    assert (code, error["kind"], rules(document)) == (1, "usage", [])
    assert all(run in error["message"] for run in run_ids(program))


@pytest.fixture
def three_held(applied, declare):
    """All three schedules of acme are held."""
    declare(TENANT.replace('"0 0 2', '"0 1 2').replace('"0 0/30', '"0 1/30').replace('"0 0 4', '"0 1 4'))
    assert applied("apply", "--yes").code == 0
    assert applied("rollback", run_ids(applied)[0], "--yes").code == 0
    assert held(applied) == ["1", "2", "3"]
    return applied


@pytest.mark.parametrize(
    "words, left",
    [
        pytest.param(["acme/*"], [], id="tenant-and-any-code"),
        pytest.param(["*/[12]"], ["3"], id="any-tenant-and-some-codes"),
        pytest.param(["--tenant", "ac*"], [], id="tenant-alone"),
        pytest.param(["--code", "2"], ["1", "3"], id="code-alone"),
        pytest.param(["acme/*", "--code", "2"], ["1", "3"], id="pattern-within-the-selection"),
        pytest.param(["acme/1", "*/3"], ["2"], id="several"),
    ],
)
def test_a_release_takes_patterns_and_a_tenant_and_says_the_same_when_repeated(three_held, words, left):
    assert (three_held("release", *words).code, held(three_held)) == (0, left)
    again = [three_held("release", *words) for _ in range(2)]
    assert [(one.code, one.err) for one in again] == [(1, again[0].err)] * 2
    assert held(three_held) == left


def test_a_pattern_that_fits_no_hold_lifts_none_of_the_others(three_held):
    ended = three_held("release", "acme/*", "globex/*")
    assert (ended.code, "globex/* is not held" in ended.err, held(three_held)) == (1, True, ["1", "2", "3"])
