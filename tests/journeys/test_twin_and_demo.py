"""The embedded scheduler as a program, and the demo that runs against it."""

from __future__ import annotations

import os
import signal
import socket

import pytest


@pytest.mark.slow  # demo.md shows it, and is tried every day
def test_the_demo_shows_the_main_loop_and_leaves_nothing_behind(program, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    ended = program("demo")
    assert (ended.code, ended.err) == (0, "")
    assert [line for line in ended.out.splitlines() if line.startswith("[exit")] == [
        "[exit 0]",
        "[exit 2]",
        "[exit 4]",
        "[exit 0]",
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_the_demo_fails_when_a_step_does_not_end_as_it_should(program, monkeypatch):
    from reconcile.commands import demo

    odd = demo._Step("Odd.", "validate", 3)
    monkeypatch.setattr(demo, "_STEPS", (odd,))
    ended = program("demo")
    assert (ended.code, "ended with exit code 0, and not 3" in ended.err) == (1, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_a_demo_that_is_interrupted_says_so_and_leaves_nothing_behind(program, tmp_path, number):
    process = program.start("demo", start_new_session=True)
    assert "listens" in process.stdout.readline()
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in err, "bug" in err) == (128 + number, True, False)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def url_of(process):
    return next(word for word in process.stdout.readline().split() if word.startswith("http://"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_the_twin_says_where_it_listens_and_ends_cleanly(program, number):
    process = program.start("twin", "--port", "0", "--timezone", "Asia/Shanghai", "--latency", "1ms")
    assert url_of(process).startswith("http://127.0.0.1:")
    process.send_signal(number)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


def test_the_twin_is_a_service_for_the_program(program, write, tmp_path):
    process = program.start("twin", "--port", "0", "--db", "twin.db")
    text = (tmp_path / "schedules" / "reconcile.yaml").read_text(encoding="utf-8")
    old = next(word for word in text.split() if word.startswith("http://"))
    write("reconcile.yaml", text.replace(old, url_of(process)))
    assert program("apply", "--yes").code == 0
    process.terminate()
    process.communicate(timeout=60)
    again = program.start("twin", "--port", "0", "--db", "twin.db")
    write("reconcile.yaml", text.replace(old, url_of(again)))
    ended = program("plan", "--detailed-exitcode")
    again.terminate()
    again.communicate(timeout=60)
    assert (ended.code, "\nNo changes.\nDesired: " in ended.out) == (0, True)


def test_a_twin_that_others_can_reach_warns(program):
    process = program.start("twin", "--port", "0", "--host", "0.0.0.0")
    process.stdout.readline()
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert err.startswith("warning: the twin has no password")


def test_a_port_that_is_taken_is_an_error(program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = program("twin", "--port", str(taken.getsockname()[1]))
    assert (ended.code, "--port; 0 takes a free one" in ended.err) == (1, True)


@pytest.mark.parametrize(
    "arguments, words",
    [
        pytest.param(["--latency", "soon"], "'soon' is not a duration: write 20ms", id="latency"),
        pytest.param(["--latency", "20"], "'20' is not a duration", id="latency-without-unit"),
        pytest.param(["--timezone", "Mars/Base"], "there is no such zone", id="zone"),
        pytest.param(["--timezone", "../../etc"], "there is no such zone", id="path-as-zone"),
        pytest.param(["--port", "99999"], "99999", id="port"),
        pytest.param(["--seed", "none.json"], "none.json", id="seed"),
        pytest.param(["--db", "no/where.db"], "no/where.db", id="db"),
        pytest.param(["--clock", "2026-01-05"], "not an instant with an offset", id="clock"),
        pytest.param(["--speed", "-1"], "-1.0 is not in the range", id="speed"),
        pytest.param(["--failure-rate", "nan"], "'nan' is not a number here", id="failure-rate"),
        pytest.param(["--run-url", "ftp://127.0.0.1"], "http:// or https://", id="run-url"),
        pytest.param(["--html", "0.6", "--slow", "0.6"], "add up to more than 1", id="shares"),
        pytest.param(["--retention", "-1d"], "'-1d' is not a duration", id="retention"),
    ],
)
def test_a_mistake_when_starting_the_twin_is_told(program, arguments, words):
    ended = program("twin", "--port", "0", *arguments) if "--port" not in arguments else program("twin", *arguments)
    assert (ended.code, words in ended.err) == (1, True)
