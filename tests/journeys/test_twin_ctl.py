"""`twin ctl`: a twin that runs is steered from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reconcile.commands.time_types import Instant
from reconcile.commands.twin.option_types import Rate
from reconcile.twin.habits import HABITS, Habits
from reconcile.twin.testing import running_twin

NIGHTLY = "0 0 2 * * ?"
TENANTS = {"tenants": {"acme": [{"code": "1", "name": "订单同步", "cron": NIGHTLY}]}}


@pytest.fixture
def twin():
    with running_twin(clock=datetime(2026, 1, 5, tzinfo=UTC), speed=0) as running:
        running.seed("acme", TENANTS["tenants"]["acme"])
        yield running


@pytest.fixture
def ctl(program, twin):
    """Call a command of `twin ctl`, and return the JSON that it shows."""

    def call(*arguments: str) -> object:
        ended = program("twin", "ctl", *arguments, "--url", twin.url)
        assert (ended.code, ended.err) == (0, "")
        return json.loads(ended.out)

    return call


@pytest.fixture
def refused(program, twin):
    """Call a command of `twin ctl` that fails, and return what it says."""

    def call(*arguments: str) -> str:
        ended = program("twin", "ctl", *arguments, "--url", twin.url)
        assert (ended.code, ended.out) == (1, "")
        return ended.err

    return call


def test_the_jobs_of_a_tenant_are_listed_with_names(ctl):
    (job,) = ctl("jobs", "acme")
    assert (job["name"], job["next_fire"]) == ("订单同步", "2026-01-05T02:00:00+00:00")


def test_name_and_cron_are_changed(ctl):
    assert ctl("change", "acme", "1", "--cron", "0 0 3 * * ?", "--name", "other") == {"changed": 1}
    (job,) = ctl("jobs", "acme")
    assert (job["name"], job["cron"]) == ("other", "0 0 3 * * ?")


def test_a_change_of_nothing_is_refused(refused):
    assert "give --name, --cron, or both" in refused("change", "acme", "1")


def test_a_job_is_disabled_and_enabled(ctl):
    ctl("disable", "acme", "1")
    (off,) = ctl("jobs", "acme")
    ctl("enable", "acme", "1")
    (on,) = ctl("jobs", "acme")
    assert (off["status"], on["status"]) == ("disable", "enable")


def test_one_row_of_two_is_meant_by_its_id(ctl):
    added = ctl("duplicate", "acme", "1")["jobinfoid"]
    assert ctl("disable", "acme", "1", "--id", added) == {"changed": 1}
    assert [job["status"] for job in ctl("jobs", "acme")] == ["enable", "disable"]
    assert ctl("delete", "acme", "1", "--id", added) == {"deleted": 1}
    assert len(ctl("jobs", "acme")) == 1


def test_a_history_row_is_written(ctl, twin):
    given = ("--fired", "2026-01-04T02:00:00Z", "--took-ms", "5", "--exedes", "by hand", "--field", "runtype=manual")
    assert ctl("insert", "acme", "1", *given) == {"inserted": 1}
    (job,) = ctl("export")["tenants"]["acme"]
    assert job["journal"] == [[1767492000000, 5, "by hand", {"runtype": "manual"}]]


def test_history_rows_come_from_a_file(ctl, tmp_path):
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([{"fired": f"2026-01-0{day}T02:00:00Z"} for day in (1, 2, 3)]), encoding="utf-8")
    assert ctl("insert", "acme", "1", "--rows", str(file)) == {"inserted": 3}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["insert", "acme", "1"], "--fired 2026-01-05T02:00:00Z", id="row-without-instant"),
        pytest.param(["insert", "acme", "1", "--fired", "noon"], "not an instant with an offset", id="noon"),
        pytest.param(["insert", "acme", "1", "--fired", "2026-01-05T02:00:00"], "with an offset", id="no-offset"),
        pytest.param(
            ["insert", "acme", "1", "--fired", "2026-01-05T02:00:00Z", "--field", "x"],
            "--field runtype=manual",
            id="field",
        ),
        pytest.param(["insert", "acme", "1", "--rows", "text"], "cannot be read as JSON", id="rows-no-json"),
        pytest.param(["insert", "acme", "1", "--rows", "object"], "holds no list of rows", id="rows-no-list"),
        pytest.param(["import", "object"], 'no object "tenants"', id="import"),
        pytest.param(["seed", "none.json"], "none.json", id="seed"),
        pytest.param(["clock", "--advance", "1 week"], "'1 week' is not a span of time", id="advance"),
        pytest.param(["clock", "--speed", "nan"], "'nan' is not a number here", id="speed"),
        pytest.param(["awkward", "--rate", "50"], "'50' is not a rate: write 50/s", id="rate"),
        pytest.param(["awkward", "--html", "2"], "2.0 is not in the range", id="share"),
        pytest.param(["awkward", "--html", "0.6", "--reset", "0.6"], "add up to more than 1", id="shares"),
        pytest.param(["awkward", "--operations", "delete"], "may name query, history, save", id="operations"),
        pytest.param(["disable", "acme", "9"], "tenant acme has no job of code 9", id="job"),
        pytest.param(["clockk"], "Did you mean 'clock'?", id="command"),
    ],
)
def test_a_mistake_is_told(refused, tmp_path, arguments, words):
    (tmp_path / "text").write_text("{", encoding="utf-8")
    (tmp_path / "object").write_text("{}", encoding="utf-8")
    assert words in refused(*arguments)


def test_the_clock_is_advanced_and_what_was_due_has_fired(ctl):
    assert ctl("clock", "--advance", "7d")["now"] == "2026-01-12T00:00:00.000+00:00"
    assert [job["fires"] for job in ctl("jobs", "acme")] == [7]


def test_the_clock_is_put_made_faster_and_shown(ctl):
    ctl("clock", "--now", "2025-06-01T00:00:00+08:00", "--speed", "0")
    assert ctl("clock") == {"now": "2025-05-31T16:00:00.000+00:00", "speed": 0, "timezone": "UTC"}


def test_habits_are_switched_on_and_off_while_it_runs(ctl):
    ctl("awkward", "--max-codes", "10", "--save-enables", "--clock-skew", "-348ms", "--operations", "save,query")
    both = ctl("awkward", "--too-many", "cut", "--off", "save-enables")
    assert [both[name] for name in ("max_codes", "too_many", "save_enables", "clock_skew", "operations")] == [
        10,
        "cut",
        False,
        -0.348,
        ["save", "query"],
    ]
    assert ctl("awkward", "--all-off", "--html", "0.5") == Habits(html=0.5).as_json()
    assert ctl("awkward") == Habits(html=0.5).as_json()


def test_statistics_are_shown_and_begun_anew(ctl):
    assert ctl("statistics", "--reset")["requests"] == {}


def test_the_state_goes_out_and_comes_back(ctl, tmp_path):
    (tmp_path / "seed.json").write_text(json.dumps(TENANTS), encoding="utf-8")
    ctl("clock", "--advance", "2d")
    before = ctl("export")
    (tmp_path / "state.json").write_text(json.dumps(before), encoding="utf-8")
    assert ctl("reset") == {"jobs": 0}
    assert ctl("seed", "seed.json") == {"jobs": 1}
    assert ctl("import", "state.json") == {"jobs": 1}
    assert ctl("export")["tenants"] == before["tenants"]


def test_without_a_command_it_lists_them(program):
    ended = program("twin", "ctl")
    assert (ended.code, "statistics" in ended.out) == (0, True)


def test_a_twin_that_is_not_there_is_told_with_what_starts_one(program):
    with running_twin() as gone:
        url = gone.url
    ended = program("twin", "ctl", "clock", "--url", url)
    assert (ended.code, url in ended.err, "`reconcile twin` starts one" in ended.err) == (1, True, True)


def test_an_instant_and_a_rate_that_are_values_already_stay_as_they_are():
    instant = datetime(2026, 1, 5, tzinfo=UTC)
    assert (Instant().convert(instant, None, None), Rate().convert(2.0, None, None)) == (instant, 2.0)


def test_an_option_that_starts_a_twin_does_not_go_with_ctl(program):
    ended = program("twin", "--port", "8002", "ctl", "clock")
    assert (ended.code, "named by --url" in ended.err) == (1, True)


def _given(name: str) -> tuple[list[str], object]:
    """An option for the habit *name* as it is typed, and the value that the twin then has."""
    habit = HABITS[name]
    typed: dict[str, tuple[str, object]] = {
        "str": ("x", "x"),
        "int": ("7", 7),
        "whole number": ("7", 7),
        "share": ("0.01", 0.01),
        "rate": ("500/s", 500.0),
        "span": ("20ms", 0.02),
        "shift": ("-1s", -1.0),
        "operations": ("save", ["save"]),
    }
    if habit.value_type.value == "bool":
        return [habit.option], True
    text, value = (habit.words[-1], habit.words[-1]) if habit.words else typed[habit.value_type.value]
    return [habit.option, text], value


def test_every_habit_is_an_option_of_its_own_at_the_start_and_all_go_together(program):
    given = {name: _given(name) for name in HABITS}
    options = [word for words, _ in given.values() for word in words]
    process = program.start("twin", "--port", "0", *options)
    url = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
    shown = json.loads(program("twin", "ctl", "awkward", "--url", url).out)
    process.terminate()
    process.communicate(timeout=60)
    assert shown == {name: value for name, (_, value) in given.items()}


def test_the_clock_and_the_runs_are_set_at_the_start(program):
    process = program.start(
        *("twin", "--port", "0", "--clock", "2026-01-05T00:00:00+08:00", "--speed", "0", "--timezone", "Asia/Shanghai"),
        *("--run-time", "90s", "--failure-rate", "1", "--failure-text", "out of memory"),
    )
    url = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
    clock = json.loads(program("twin", "ctl", "clock", "--url", url).out)
    (program.folder / "seed.json").write_text(json.dumps(TENANTS), encoding="utf-8")
    program("twin", "ctl", "seed", "seed.json", "--url", url)
    program("twin", "ctl", "clock", "--advance", "1d", "--url", url)
    state = json.loads(program("twin", "ctl", "export", "--url", url).out)
    process.terminate()
    process.communicate(timeout=60)
    assert clock == {"now": "2026-01-05T00:00:00.000+08:00", "speed": 0, "timezone": "Asia/Shanghai"}
    assert state["tenants"]["acme"][0]["journal"] == [[1767549600000, 90_000, "out of memory", {}]]
