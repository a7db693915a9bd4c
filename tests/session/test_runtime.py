"""What the process gives to a run, and what a run tells of itself for the report of its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconcile.errors import OutputError
from reconcile.session.command_line import Options
from reconcile.session.console import Console
from reconcile.session.runtime import RunFacts, Runtime, tool_version

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def runtime(written=None, **options):
    console = Console(write=(lambda _: None) if written is None else written.append)
    return Runtime({}, NOW, NOW + timedelta(days=1), console, lambda _: None).with_options(Options(**options))


def test_facts_are_unknown_until_they_are_learned():
    facts = RunFacts()
    assert (facts.options, facts.revision, facts.hide("a token")) == (None, None, "a token")


def test_a_failure_is_told_with_what_was_learned_until_then():
    facts = RunFacts()
    facts.learn_options(Options(format="json"))
    facts.learn_revision("4f1c")
    assert (facts.options, facts.revision) == (Options(format="json"), "4f1c")


def test_every_secret_that_was_learned_is_hidden():
    facts = RunFacts()
    facts.learn_secrets(lambda text: text.replace("token", "***"))
    facts.learn_secrets(lambda text: text.replace("password", "***"))
    assert facts.hide("a token and a password") == "a *** and a ***"


def test_other_options_leave_the_facts_of_the_run_as_they_are():
    first = runtime()
    second = first.with_options(Options(directory="elsewhere"))
    assert (first.options, str(second.directory)) == (Options(), "elsewhere")
    assert second.facts is first.facts


def test_a_document_tells_the_time_that_a_variable_may_set():
    head = runtime().head("4f1c")
    assert (head.tool_version, head.generated_at, head.git_revision) == (tool_version(), NOW, "4f1c")
    assert runtime().head().git_revision is None


@pytest.mark.parametrize(
    "given, said",
    [
        pytest.param({"quiet": True}, ["error"], id="quiet"),
        pytest.param({}, ["error", "warning"], id="plain"),
        pytest.param({"verbose": 1}, ["error", "warning", "info"], id="v"),
        pytest.param({"verbose": 2}, ["error", "warning", "info", "trace"], id="vv"),
    ],
)
def test_how_much_is_told_is_an_option(given, said):
    written: list[str] = []
    one = runtime(written, **given, log_format="json")
    for level in ("error", "warning", "info", "trace"):
        one.log(level, "x")
    assert written == [f'{{"level": "{level}", "message": "x"}}\n' for level in said]
    assert (one.trace() is not None) == ("trace" in said)


def test_lines_are_written_only_where_the_process_says_how():
    with pytest.raises(OutputError, match="events"):
        runtime().open_lines("events")
