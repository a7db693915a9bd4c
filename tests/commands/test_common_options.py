"""The common options: one table, of which each command takes what has an effect there."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from reconcile.cli import CommandRun
from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.errors import UsageError
from reconcile.report.formats import COMMON_FORMATS, FORMATS
from reconcile.session.command_line import COMMON, Group, Options
from reconcile.session.console import Console
from reconcile.session.runtime import Runtime
from tests.docs.tables import commands_by_words

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
COMMANDS = dict(commands_by_words())
REPORTING = {words: one for words, one in COMMANDS.items() if any(each.name == "format" for each in one.params)}
# The words that call a command, and a flag that it does not take.
NOT_TAKEN = [
    pytest.param(words, flag, id=f"{words} {flag}")
    for words, one in REPORTING.items()
    for name, option in COMMON.items()
    if option.group is not Group.ALWAYS and name not in {each.name for each in one.params}
    for flag in option.flags
]


def taken(one: click.Command) -> set[str]:
    return {str(each.name) for each in one.params} & set(COMMON)


def names(*groups: Group) -> set[str]:
    return {name for name, option in COMMON.items() if option.group in groups}


@pytest.mark.parametrize("words", REPORTING)
def test_every_command_with_a_report_takes_what_is_about_reports(words):
    assert taken(REPORTING[words]) >= names(Group.ALWAYS)


@pytest.mark.parametrize("words", sorted(set(COMMANDS) - set(REPORTING)))
def test_a_command_without_a_report_takes_no_option_that_is_about_reports(words):
    assert not {each.name for each in COMMANDS[words].params} & {"format", "reports", "environment"}


SELECTED = {"plan", "apply", "drift", "rollback", "ledger rebuild"}


@pytest.mark.parametrize(
    "group, expected",
    [
        pytest.param(Group.KEYS, {*SELECTED, "explain", "release"}, id="tenant-and-code"),
        pytest.param(Group.LABELS, SELECTED, id="label"),
        pytest.param(Group.REQUESTS, SELECTED, id="parallelism"),
    ],
)
def test_an_option_is_taken_where_it_has_an_effect(group, expected):
    assert {words for words, one in REPORTING.items() if taken(one) >= names(group)} == expected


@pytest.mark.parametrize("words, flag", NOT_TAKEN)
def test_an_option_without_effect_is_an_error_that_says_so(words, flag, capsys):
    code = CommandRun([*words.split(), flag, "x"], {}).exit_code()
    said = capsys.readouterr().err
    assert (code, said.splitlines()[0]) == (1, f"error: {words} does not take {flag}")


def test_a_misspelt_option_keeps_the_words_of_click(capsys):
    CommandRun(["status", "--formatt", "json"], {}).exit_code()
    assert "--formatt" in capsys.readouterr().err


def test_the_variable_of_an_option_that_is_not_taken_is_not_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    variables = {COMMON[name].variable: "no number" for name in names(Group.KEYS, Group.LABELS, Group.REQUESTS)}
    assert (
        CommandRun(["explain", "0 0 2 * * ?", "--format", "json"], variables | {"RECONCILE_TENANT": ""}).exit_code()
        == 0
    )
    assert '"kind": "explanation"' in capsys.readouterr().out


def test_a_variable_is_called_like_its_longest_flag():
    assert (COMMON["quiet"].variable, COMMON["no_color"].variable) == ("RECONCILE_QUIET", "RECONCILE_NO_COLOR")


def called(*arguments: str, formats: tuple[str, ...] = COMMON_FORMATS, **variables: str) -> Options:
    """What a command of all groups gets to know."""
    got: list[Options] = []

    def any_command(runtime):
        got.append(runtime.options)
        return CommandReport({}, None)

    runtime = Runtime(variables, NOON, NOON, Console(str), show=str)
    one = click.command("any")(command(*Group, formats=formats)(any_command))
    runner = CliRunner()
    done = runner.invoke(one, arguments, obj=runtime, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return got[0]


GIVEN = {
    "directory": ("elsewhere", "elsewhere"),
    "environment": ("prod", "prod"),
    "tenants": ("acme", ("acme",)),
    "codes": ("1", ("1",)),
    "labels": ("tier=gold", (("tier", "gold"),)),
    "format": ("json", "json"),
    "reports": ("json=a.json", (("json", "a.json"),)),
    "parallelism": ("3", 3),
    "quiet": ("1", True),
    "verbose": ("2", 2),
    "no_color": ("1", True),
    "log_format": ("json", "json"),
}


@pytest.mark.parametrize("name", COMMON)
def test_an_option_is_read_from_its_variable(name):
    text, value = GIVEN[name]
    assert getattr(called(**{COMMON[name].variable: text}), name) == value


@pytest.mark.parametrize("name", COMMON)
def test_an_option_beats_its_variable_and_else_has_its_default(name):
    text, _ = GIVEN[name]
    assert getattr(called(**{COMMON[name].variable: "  "}), name) == getattr(Options(), name)
    if name not in ("quiet", "verbose", "no_color"):
        given = called(COMMON[name].flags[-1], text, **{COMMON[name].variable: text.replace("a", "b")})
        assert given == called(COMMON[name].flags[-1], text)


def test_several_values_of_a_variable_are_separated_by_commas():
    assert called(RECONCILE_CODE="1, 2,3").codes == ("1", "2", "3")


def test_no_color_is_heeded_whatever_it_says():
    assert called(NO_COLOR="never").no_color


def test_a_command_offers_its_own_formats():
    formats = (*COMMON_FORMATS, "sarif")
    assert called("--format", "sarif", formats=formats).format == "sarif"
    assert called("--report", "sarif=a.sarif", formats=formats).reports == (("sarif", "a.sarif"),)


def test_another_command_refuses_them_and_names_its_own():
    with pytest.raises(click.BadParameter, match="'text', 'json', 'markdown'"):
        called("--format", "sarif")
    with pytest.raises(UsageError, match="is not a format and a path") as caught:
        called("--report", "sarif=a.sarif")
    assert caught.value.hint == "write FORMAT=PATH; formats: text, json, markdown"


def test_every_format_is_offered_by_some_command_and_exists():
    offered = {
        words: next(each.type for each in one.params if each.name == "format") for words, one in REPORTING.items()
    }
    named = {words: set(choice.choices) for words, choice in offered.items()}
    assert set().union(*named.values()) == set(FORMATS)
    assert [words for words, formats in named.items() if not formats >= set(COMMON_FORMATS)] == []


def test_an_option_before_a_subcommand_is_named_as_it_was_typed(capsys):
    CommandRun(["runs", "--dir", "x", "show", "y"], {}).exit_code()
    assert capsys.readouterr().err.startswith("error: --dir stands before show")
