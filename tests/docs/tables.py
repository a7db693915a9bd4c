"""The tables of the docs that are read from the code. ``python -m tests.docs.tables`` writes them anew."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from reconcile.cli import COMMANDS
from reconcile.commands.decorators import command
from reconcile.cron.fields import DAY_OF_WEEK, FIELDS
from reconcile.declare.schema_check import schema
from reconcile.engine.guard import GUARDS, Guard
from reconcile.exits import MEANINGS, Exit, ExitMeaning
from reconcile.flows.wording import WORDS
from reconcile.git.configuration import UNSAFE_SETTINGS
from reconcile.session.command_line import COMMON, Group
from reconcile.twin.control_api import ROUTES, ControlApi
from reconcile.twin.habits import HABITS, OPERATIONS, Habit, ValueType
from tests.docs import architecture, rules

ROOT = Path(__file__).parents[2]
REGION = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> Iterator[str]:
    """Yield a row for each setting of the workspace file that has a default, or may be left out."""
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    whole = schema("workspace")
    for path, one, needed in _properties(whole, whole, ""):
        if not needed:
            yield f"| `{path}` | {_default(one)} | {_cell(one['description'])} |"


def _properties(
    whole: Mapping[str, Any], node: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for name, given in node.get("properties", {}).items():
        one = _resolved(whole, given)
        kinds = one.get("additionalProperties")
        inner = _resolved(whole, kinds) if isinstance(kinds, dict) else {}
        nested = "properties" in one or "properties" in inner
        if not nested or one.get("type") != "object":
            yield f"{prefix}{name}", one, name in node.get("required", ())
        if one.get("type") == "object":
            yield from _properties(whole, one, f"{prefix}{name}.")
            yield from _properties(whole, inner, f"{prefix}{name}.NAME.")


def _resolved(whole: Mapping[str, Any], one: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in one:
        return one
    return {**whole["$defs"][one["$ref"].removeprefix("#/$defs/")], **one}


def _default(one: Mapping[str, Any]) -> str:
    value = one.get("default")
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(f"`{entry}`" for entry in value)
    return f"`{value}`"


def overview() -> Iterator[str]:
    """Yield a row for each command, as `reconcile --help` has them."""
    yield "| command | what it does |"
    yield "|---|---|"
    for name, said in COMMANDS.items():
        yield f"| `{name}` | {said} |"


def commands() -> Iterator[str]:
    """Yield a section for each command: what it says of itself, and its own options; a group, then its commands."""
    for name in COMMANDS:
        yield from sections(name, _command(name))


def sections(name: str, one: click.Command) -> Iterator[str]:
    """Yield the section of a command, with the options that are not as all commands have them."""
    usage = " ".join(one.collect_usage_pieces(click.Context(one, info_name=name)))
    yield f"### {name}\n"
    yield f"`reconcile {name} {usage}`\n"
    yield f"{_help(one)}\n"
    everywhere = [_row(option) for option in _common()]
    rows = [row for row in map(_row, _options(one)) if row not in everywhere]
    if rows:
        yield from ("| option | meaning |", "|---|---|", *rows, "")
    if isinstance(one, click.Group):
        for inner in one.list_commands(click.Context(one)):
            yield from sections(f"{name} {inner}", one.commands[inner])


def options() -> Iterator[str]:
    """Yield a row for each common option, with its variable and the commands that take it."""
    yield "| option | variable | after | meaning |"
    yield "|---|---|---|---|"
    named = list(commands_by_words())
    for option in _common():
        common = COMMON[str(option.name)]
        names = [f"`{name}`" for name, one in named if any(each.name == option.name for each in _options(one))]
        after = "every command with a report" if common.group is Group.ALWAYS else ", ".join(names)
        yield _row(option).replace(" | ", f" | `{common.variable}` | {after} | ", 1)


def commands_by_words() -> Iterator[tuple[str, click.Command]]:
    """Yield each command, and those of groups, with the words that call it."""
    for name in COMMANDS:
        yield from _with_inner(name, _command(name))


def _with_inner(words: str, one: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield words, one
    if isinstance(one, click.Group):
        for name, inner in one.commands.items():
            yield from _with_inner(f"{words} {name}", inner)


def habits() -> Iterator[str]:
    """Yield a row for each awkward habit of the twin: its option, what it takes, what it does."""
    yield "| option | takes | what the twin does |"
    yield "|---|---|---|"
    for habit in HABITS.values():
        yield f"| `{habit.option}` | {_takes(habit)} | {_cell(habit.description)} |"


def _takes(habit: Habit) -> str:
    words = [f"`{word}`" for word in habit.words]
    return ", ".join([f"{words[0]} (as it is)", *words[1:]]) if words else _TAKES[habit.value_type]


_TAKES = {
    ValueType.SWITCH: "nothing; `--no-…` takes it back",
    ValueType.TEXT: "a text",
    ValueType.COUNT: "a number",
    ValueType.NUMBER: "a number",
    ValueType.SHARE: "a share: `0.05`",
    ValueType.RATE: "a rate: `50/s`",
    ValueType.SPAN: "a duration: `20ms`",
    ValueType.SHIFT: "a duration: `-348ms`",
    ValueType.OPERATIONS: f"of {', '.join(f'`{name}`' for name in OPERATIONS)}",
}


def steering() -> Iterator[str]:
    """Yield a row for each thing that a twin is asked or told under `/_twin/`."""
    yield "| asked | what it does |"
    yield "|---|---|"
    for route in ROUTES:
        says = (getattr(ControlApi, route.act).__doc__ or "").strip()
        yield f"| `{route.method} /_twin/{route.path}` | {_cell(says)} |"


def _common() -> list[click.Option]:
    """Return the common options, as a command of every group takes them."""
    return _options(click.command("any")(command(*Group)(lambda *_: None)))  # type: ignore[arg-type,return-value]


def _options(one: click.Command) -> list[click.Option]:
    return [parameter for parameter in one.params if isinstance(parameter, click.Option)]


def _command(name: str) -> click.Command:
    found = getattr(importlib.import_module(f"reconcile.commands.{name}"), name)
    assert isinstance(found, click.Command)
    return found


def _help(one: click.Command) -> str:
    paragraphs = (one.help or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = (
        ""
        if option.is_flag or option.count
        else f" {option.metavar or option.make_metavar(click.Context(click.Command('x')))}"
    )
    default = f" Default: `{option.default}`." if option.show_default else ""
    return f"| {names}{_cell(value)} | {_cell(option.help or '')}{default} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def cron_fields() -> Iterator[str]:
    """Yield a row for each field of a cron expression."""
    yield "| field | values | names | also |"
    yield "|---|---|---|---|"
    also = {"day-of-month": "`?` `L` `L-3` `LW` `15W`", "day-of-week": "`?` `FRIL` or `6L`, `FRI#2` or `6#2`"}
    for field in FIELDS:
        last = "any" if field.last is None else f"{field.first}–{field.last}"
        names = f"{field.names[0]}–{field.names[-1]}" if field.names else ""
        first = ", 1 is SUN" if field is DAY_OF_WEEK else ""
        yield f"| {field.name} | {last}{first} | {names} | {also.get(field.name, '')} |"


def exits() -> Iterator[str]:
    """Yield a row for each exit code, with all that it may mean."""
    yield "| exit | when |"
    yield "|---|---|"
    for codes in dict.fromkeys(meaning.exits for meaning in MEANINGS):
        yield f"| {_codes(codes)} | {'; '.join(_when(one) for one in MEANINGS if one.exits == codes)} |"


def exits_at_night() -> Iterator[str]:
    """Yield a row for each way in which a command that saves may end, and what to do about it."""
    yield "| exit | when | at night |"
    yield "|---|---|---|"
    for one in MEANINGS:
        if one.at_night:
            yield f"| {_codes(one.exits)} | {one.when} | {one.at_night} |"


def _codes(codes: tuple[Exit, ...]) -> str:
    return ", ".join(str(code.value) for code in codes)


def _when(one: ExitMeaning) -> str:
    commands = ", ".join(f"`{name}`" for name in one.commands)
    return f"{commands}: {one.when}" if commands else one.when


def reasons() -> Iterator[str]:
    """Yield a row for each reason of an outcome: what is said of it, and what to do."""
    yield "| reason | what is said | what to do |"
    yield "|---|---|---|"
    for reason, (said, hint) in WORDS.items():
        message = "why, in the words of the guard" if reason == "guard" else said.format(answer="…", live="…")
        yield f"| `{reason}` | {_cell(message)} | {_cell(hint or '')} |"


def guards(table: Iterable[Guard] = GUARDS) -> Iterator[str]:
    """Yield a row for each guard, in the order in which their reasons are shown."""
    yield "| rule | refuses | setting | what lifts it |"
    yield "|---|---|---|---|"
    for guard in table:
        setting = f"`{guard.setting}`" if guard.setting else ""
        lifts = ", ".join([*(f"`{option}`" for option in guard.lifted_by), *([guard.remedy] if guard.remedy else [])])
        yield f"| `{guard.rule}` | {'one' if guard.binds_key else 'all'}: {guard.refuses} | {setting} | {lifts} |"


def set_aside() -> Iterator[str]:
    """Yield a row for each setting of a repository's configuration that is set aside."""
    yield "| setting | in its place | with |"
    yield "|---|---|---|"
    for row in UNSAFE_SETTINGS:
        instead = "refused" if row.replacement is None else f"`{row.replacement}`" if row.replacement else "nothing"
        yield f"| `{row.key}` | {instead} | {f'`{row.lifted_by}`' if row.lifted_by else ''} |"


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "overview": overview,
    "settings": settings,
    "commands": commands,
    "options": options,
    "cron_fields": cron_fields,
    "habits": habits,
    "exits": exits,
    "exits_at_night": exits_at_night,
    "reasons": reasons,
    "rules": rules.rules,
    "cron_examples": rules.cron_examples,
    "replies": rules.replies,
    "guards": guards,
    "set_aside": set_aside,
    "steering": steering,
    "layers": architecture.layers,
    "purity": architecture.purity,
    "packages": architecture.packages,
}


def filled(text: str) -> str:
    """Return a document with every marked region written anew."""
    return REGION.sub(lambda match: f"{match[1]}{chr(10).join(TABLES[match[2]]())}\n{match[3]}", text)


def regions(text: str) -> list[tuple[str, str]]:
    """Return every marked region of a document, with the name of its table."""
    return [(match[0], match[2]) for match in REGION.finditer(text)]


def documents() -> list[Path]:
    """Return every document of the project."""
    return [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]


if __name__ == "__main__":
    for document in documents():
        document.write_text(filled(document.read_text(encoding="utf-8")), encoding="utf-8")
