"""The program around its commands: options, variables, streams, files and signals."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from reconcile.cli import COMMANDS, write_file
from reconcile.errors import OutputError
from tests.journeys.program import ENVIRONMENT
from tests.journeys.service import nothing


def wait_for(seen, seconds=60.0):
    """Wait until *seen* says so."""
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["plan", "--help"]])
def test_help_goes_to_stdout(program, arguments):
    ended = program(*arguments)
    assert ended.code == 0
    assert ended.out.startswith("Usage: reconcile")


def test_help_names_every_command(program):
    out = program("--help").out
    assert [name for name in COMMANDS if f"\n  {name} " not in out] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(program, name):
    assert program(name, "--help").out.startswith(f"Usage: reconcile {name}")


def test_the_version(program):
    assert program("--version").out.startswith("reconcile 0.")


def test_help_loads_no_command():
    code = """
import sys
from reconcile.cli import CommandRun
CommandRun(["--help"], {}).exit_code()
print(sorted(name for name in sys.modules if name.startswith("reconcile.") or name in ("requests", "rich", "yaml")))
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.splitlines()[-1] == "['reconcile.cli', 'reconcile.errors', 'reconcile.exits']"


def test_options_may_be_variables(program):
    ended = program("plan", RECONCILE_FORMAT="json", RECONCILE_CODE="1, 2", RECONCILE_DIR="schedules")
    assert [change["code"] for change in ended.document["changes"]] == ["1", "2"]


def test_an_option_beats_its_variable(program):
    assert program("plan", "--format", "text", RECONCILE_FORMAT="json").out.startswith("Plan for test")


@pytest.mark.parametrize("variable", ["RECONCILE_YES", "RECONCILE_ALLOW_CHANGES", "RECONCILE_APPLY_YES"])
def test_no_variable_confirms_or_lifts_anything(program, service, variable):
    assert program("apply", **{variable: "1"}).code == 1
    assert service.saves == []


def test_a_format_that_a_variable_names_wrongly_is_an_error(program):
    ended = program("plan", RECONCILE_FORMAT="pdf")
    assert (ended.code, "pdf" in ended.err) == (1, True)


def test_verbose_tells_of_each_change_and_very_verbose_of_each_call(program):
    program("plan", "--out", "plan.json")
    assert "acme/1: verified" in program("apply", "plan.json", "--yes", "-v").err
    assert "> 1 POST " in program("plan", "-vv").err


def test_messages_can_be_json(program, service):
    service.put("acme", "1", "0 0 5 * * ?")
    program("plan", "--out", "plan.json")
    service.put("acme", "1", "0 0 6 * * ?")
    lines = program("apply", "plan.json", "--yes", "--log-format", "json").err.splitlines()
    assert [json.loads(line)["level"] for line in lines] == ["warning"]


def test_quiet_says_no_warning(program, service):
    service.put("acme", "1", "0 0 5 * * ?")
    program("plan", "--out", "plan.json")
    service.put("acme", "1", "0 0 6 * * ?")
    assert program("apply", "plan.json", "--yes", "-q").err == ""


def test_a_secret_is_in_no_output(program, service, tmp_path):
    path = tmp_path / "schedules" / "reconcile.yaml"
    text = path.read_text(encoding="utf-8").replace("    timeout", "    headers: {X-Key: '${KEY}'}\n    timeout")
    path.write_text(text, encoding="utf-8")
    service.hook = lambda tenant, body: (500, b"your key s3cr3t-s3cr3t is bad")
    ended = program("plan", "-vv", "--format", "json", "--report", "markdown=plan.md", KEY="s3cr3t-s3cr3t")
    everything = ended.out + ended.err + (tmp_path / "plan.md").read_text(encoding="utf-8")
    assert "HTTP 500" in everything
    assert "s3cr3t" not in everything


def test_several_reports_of_one_run(program, tmp_path):
    program("plan", "--report", "json=a.json", "--report", "text=a.txt", "--report", "markdown=a.md")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["kind"] == "plan"
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").startswith("Plan for test")
    assert (tmp_path / "a.md").read_text(encoding="utf-8").startswith("## Plan for test")


def test_a_report_is_written_of_a_failure_too(program, tmp_path):
    assert program("plan", "--env", "nope", "--report", "json=a.json").code == 1
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["kind"] == "error"


def test_a_report_that_cannot_be_written_is_told_and_the_run_fails(program):
    ended = program("plan", "--report", "json=no/where.json")
    assert (ended.code, "no/where.json could not be written" in ended.err) == (1, True)
    assert ended.out.startswith("Plan for test")


def test_schema_lists_and_prints_schemas(program):
    assert program("schema").out.split() == [
        "drift", "error", "explanation", "findings", "history", "ledger", "plan", "run", "runs", "set", "status",
        "tenant", "workspace",
    ]  # fmt: skip
    printed = program("schema", "set")
    assert json.loads(printed.out)["title"] == "A set file"
    assert ".schema.json#" not in printed.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(program, shell):
    assert "_RECONCILE_COMPLETE" in program("completion", shell).out


def test_completion_completes_commands(program):
    variables = ENVIRONMENT | {"_RECONCILE_COMPLETE": "bash_complete", "COMP_WORDS": "reconcile pl", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "reconcile"], env=variables, capture_output=True, text=True, check=True
    )
    assert "plan" in done.stdout


def test_validate_names_paths(program, write):
    write("tenants/bad.yaml", "tenant: no\n")
    assert program("validate", "schedules/tenants/acme.yaml").code == 0
    assert program("validate", "schedules/tenants").code == 1
    assert program("validate", "schedules/tenants/bad.yaml").code == 1
    assert program("validate", ".").code == 1


def test_validate_looks_at_every_environment(program, tmp_path):
    path = tmp_path / "schedules" / "reconcile.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "  other:\n    url: http://127.0.0.1:1\n    paths: ['none/*.yaml']\n", encoding="utf-8")
    assert "no-tenant" in program("validate").out
    assert program("validate", "--env", "test").code == 0
    assert "no environment is chosen" in program("plan").err


def test_a_bug_is_told_as_one_and_traced_when_asked(program, monkeypatch):
    def broken(*_, **__):
        raise KeyError("odd")

    monkeypatch.setattr("reconcile.session.observed.make_plan", broken)
    ended = program("plan")
    assert (ended.code, "this is a bug in reconcile: KeyError: 'odd'" in ended.err) == (1, True)
    assert "Traceback" not in ended.err
    assert "Traceback" in program("plan", "-vv").err


@pytest.mark.parametrize("epoch", ["soon", "9" * 30])
def test_a_source_date_epoch_that_is_no_time_is_an_error(program, epoch):
    assert "SOURCE_DATE_EPOCH" in program("plan", SOURCE_DATE_EPOCH=epoch).err


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a"
    path.write_text("old", encoding="utf-8")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(tmp_path, os.W_OK):
            path.rename(tmp_path / "moved")  # root may write everywhere: take away the folder instead
            with pytest.raises(OutputError):
                write_file(str(tmp_path / "none" / "a"), "new")
        else:
            with pytest.raises(OutputError, match="Permission denied"):
                write_file(str(path), "new")
            assert path.read_text(encoding="utf-8") == "old"
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".tmp")] == []


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_file(str(tmp_path / "link"), "new")
    assert (tmp_path / "target").read_text(encoding="utf-8") == "new"


def test_a_device_is_written_to():
    write_file("/dev/null", "new")


def test_a_reader_that_has_seen_enough_is_no_error(program):
    process = program.start("plan", "-q")
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_full_disk_behind_stdout_is_an_error(program):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reconcile", "validate"], cwd=program.folder, env=ENVIRONMENT, stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, "could not be written to stdout" in done.stderr) == (1, True)


def test_chinese_names_come_out_whole_where_the_locale_is_c(program):
    done = subprocess.run(
        [sys.executable, "-m", "reconcile", "plan"],
        cwd=program.folder,
        env=ENVIRONMENT | {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=False,
    )
    assert "订单同步" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_a_signal_ends_a_run_that_waits_for_the_service(program, service, number):
    held = threading.Event()
    asked = threading.Event()

    def hold(tenant, body):
        asked.set()
        held.wait(60)

    service.hook = hold
    process = program.start("plan", "--format", "json")
    assert asked.wait(60)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    held.set()
    assert process.returncode == 128 + number
    assert json.loads(out)["complete"] is False


def test_an_interrupted_apply_reports_what_it_did_and_running_again_finishes(program, service):
    held = threading.Event()
    saving = threading.Event()
    service.put("acme", "1", "0 0 5 * * ?")

    def hold(_, body):
        if "xw_quartz" in body:
            saving.set()
            held.wait(60)

    service.hook = hold
    process = program.start("apply", "--yes", "--format", "json", "--parallelism", "1")
    assert saving.wait(60)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    service.hook = nothing
    held.set()
    run = json.loads(out)
    assert process.returncode == 143
    assert run["kind"] in ("run", "error")
    wait_for(lambda: service.saves)
    assert program("apply", "--yes").code == 0
    assert {code for _, code, _, _ in service.saves} == {"1", "2", "3"}


class Terminal:
    """A terminal where somebody types *answer*."""

    def __init__(self, stream, answer=""):
        self._stream = stream
        self._answer = answer

    def isatty(self):
        return True

    def readline(self):
        return self._answer

    def __getattr__(self, name):
        return getattr(self._stream, name)


@pytest.mark.parametrize(
    "answer, code, saves",
    [pytest.param("yes\n", 0, 3, id="yes"), pytest.param("y\n", 1, 0, id="y"), pytest.param("", 1, 0, id="nothing")],
)
def test_on_a_terminal_only_yes_applies(program, service, monkeypatch, answer, code, saves):
    monkeypatch.setattr("sys.stdin", Terminal(sys.stdin, answer))
    monkeypatch.setattr("sys.stderr", Terminal(sys.stderr))
    ended = program("apply")
    assert (ended.code, len(service.saves)) == (code, saves)
    assert "Plan: 3 to create." in ended.err


def test_where_nothing_would_be_saved_nobody_is_asked(program, service, monkeypatch):
    program("apply", "--yes")
    monkeypatch.setattr("sys.stdin", Terminal(sys.stdin, "no\n"))
    monkeypatch.setattr("sys.stderr", Terminal(sys.stderr))
    assert program("apply").code == 0


def test_a_terminal_gets_a_bar_unless_quiet(program, monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal(sys.stderr))
    assert program("plan").code == 0
    assert program("plan", "-q").err == ""
    assert program("plan", CI="true").err == ""


def test_a_terminal_gets_colours_unless_it_wants_none(program, monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal(sys.stdout))
    assert "\x1b[32m" in program("plan").out
    assert "\x1b" not in program("plan", NO_COLOR="1").out
    assert "\x1b" not in program("plan", "--no-color").out


def test_no_argument_is_a_wish_for_help():
    done = subprocess.run(
        [sys.executable, "-m", "reconcile"], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.startswith("Usage: reconcile")) == (0, True)


HANGING = """
import time
from reconcile import cli
from reconcile.session import observed

def hang(*_):
    print("hanging", file=cli.sys.stderr, flush=True)
    time.sleep(60)

observed.read_live = hang
cli.CommandRun.__init__.__kwdefaults__["patience_seconds"] = 0.1
cli.main(["plan", "--format", "json"])
"""


def hanging(program, **streams):
    """Start a plan that hangs where no stop reaches it, and send it a signal."""
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING], cwd=program.folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True,
        **streams,
    )  # fmt: skip
    assert process.stderr.readline() == "hanging\n"
    process.send_signal(signal.SIGTERM)
    return process


def test_a_run_that_hangs_is_ended_with_a_report(program):
    process = hanging(program, stdout=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["errors"][0]["kind"]) == (143, "interrupted")
    assert "the run was interrupted" in err


def test_a_run_that_hangs_and_whose_report_nobody_reads_is_ended_all_the_same(program):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    process = hanging(program, stdout=writing)
    process.communicate(timeout=60)
    os.close(reading)
    os.close(writing)
    assert process.returncode == 143
