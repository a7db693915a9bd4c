"""The workspace file → the workspace. The schema is checked first, then what it cannot say (zones, addresses, …)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconcile.declare.durations import duration_problem
from reconcile.declare.files import Files, check_file
from reconcile.declare.freeze_ends import end_problems
from reconcile.declare.freezes import freeze, freeze_problems
from reconcile.declare.zones import zone_problem
from reconcile.engine.problems import Part, Pointer, Problem, in_order, located
from reconcile.errors import SettingError
from reconcile.model.finding import Finding
from reconcile.model.rules import FileRule, Rule, Severity, WorkspaceRule, rule_called
from reconcile.model.variables import VARIABLE
from reconcile.model.workspace import (
    Environment,
    Limits,
    ServiceSettings,
    UnknownCode,
    UnknownCodeMode,
    Workspace,
)
from reconcile.ports import Tree
from reconcile.text import did_you_mean, shown
from reconcile.times import duration

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WORKSPACE_FILE = "reconcile.yaml"

# The client sets these for every call: declared ones would contradict it.
_OWN_HEADERS = ("tecode", "host", "content-length", "transfer-encoding", "connection")


def load_workspace(
    directory: str, tree: Tree, *, now: datetime | None = None
) -> tuple[Workspace | None, tuple[Finding, ...]]:
    """Return the workspace of *tree* (None when it has errors) and its findings, sorted.

    *tree* is the folder that holds ``reconcile.yaml``; *directory* is its path as findings show it, relative to the
    repository root. Ends of weekly freezes are checked for a year from *now* on, where it is given.

    Raises:
        SettingError: there is no workspace file.
    """
    files = Files(directory, tree)
    file = files.name(WORKSPACE_FILE)
    _require(tree, file)
    checked = check_file(files.open(WORKSPACE_FILE), _kind)
    findings = list(checked.findings)
    if isinstance(checked.value, dict):
        bad = {problem.at.path for problem in checked.problems}
        own = [problem for problem in _problems(checked.value, file) if problem.at.path not in bad]
        findings.extend(located(own, files.locate({file: WORKSPACE_FILE})))
    if checked.value is None or any(finding.severity is Severity.ERROR for finding in findings):
        return None, in_order(findings)
    workspace = _workspace(checked.value, directory)
    ends = [
        problem
        for position, one in enumerate(workspace.freezes)
        for problem in end_problems(one, checked.value["environments"], Pointer(file, ("freezes", position)), now=now)
    ]
    findings.extend(located(ends, files.locate({file: WORKSPACE_FILE})))
    return workspace, in_order(findings)


def _require(tree: Tree, file: str) -> None:
    present = tree.paths()
    if WORKSPACE_FILE in present:
        return
    folder = posixpath.dirname(file) or "."
    hint = f"name the folder that holds it with --dir, or write {file} (see docs/declarations.md)"
    if "reconcile.yml" in present:
        hint = "rename reconcile.yml to reconcile.yaml"
    raise SettingError(f"{file}: there is no workspace file in {folder}", hint=hint)


def _kind(value: Any, file: str) -> str | Problem:
    if isinstance(value, dict):
        return "workspace"
    hint = 'begin it with `format_version: "1"`; see docs/declarations.md'
    return Problem(
        FileRule.NOT_A_MAPPING, "keys with values are meant at the top of the file", Pointer(file), hint=hint
    )


def _problems(value: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """Yield the problems that a schema cannot find. *value* may not fit the schema: every type is checked."""
    freezes = value.get("freezes")
    for position, one in enumerate(freezes if isinstance(freezes, list) else ()):
        yield from freeze_problems(one, Pointer(file, ("freezes", position)))
    environments = value.get("environments")
    if not isinstance(environments, dict):
        return
    default = value.get("default_environment")
    if isinstance(default, str) and default not in environments:
        hint = did_you_mean(default, environments) or f"known: {', '.join(map(shown, sorted(environments)))}"
        at = Pointer(file, ("default_environment",))
        yield Problem(WorkspaceRule.UNKNOWN_ENVIRONMENT, f"there is no environment {shown(default)}", at, hint=hint)
    for name, environment in environments.items():
        if isinstance(environment, dict):
            yield from _environment_problems(environment, file, ("environments", name))


def _environment_problems(environment: Mapping[str, Any], file: str, path: tuple[str, ...]) -> Iterator[Problem]:
    url, zone, headers = environment.get("url"), environment.get("timezone"), environment.get("headers")
    yield from duration_problem(environment, "timeout", Pointer(file, path))
    if isinstance(url, str):
        yield from _url_problems(url, Pointer(file, (*path, "url")))
    if isinstance(zone, str):
        yield from zone_problem(zone, Pointer(file, (*path, "timezone")))
    if isinstance(headers, dict):
        for name, text in headers.items():
            yield from _header_problems(name, text, Pointer(file, (*path, "headers", name)))


def _url_problems(url: str, at: Pointer) -> Iterator[Problem]:
    yield from _variable_problems(url, at)
    if url.startswith("${"):
        return  # the value of the variable is checked when it is used
    hint = "write http:// or https://, a host, and a port and base path where there are any"
    try:
        parts = urlsplit(VARIABLE.sub("1", url))
        _ = parts.port
    except ValueError as error:
        yield Problem(WorkspaceRule.BAD_URL, f"url: {error}", at, hint=hint)
        return
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or " " in url:
        yield Problem(WorkspaceRule.BAD_URL, f"url: {shown(url)} is not an http or https address", at, hint=hint)
    if "@" in parts.netloc:
        hint = "put them into `headers`, from a ${VARIABLE}"
        yield Problem(WorkspaceRule.CREDENTIALS_IN_URL, "url: credentials do not belong into a file", at, hint=hint)
    elif parts.query or parts.fragment or url.endswith(("?", "#")):
        hint = "delete it from `?` or `#` on"
        yield Problem(WorkspaceRule.BAD_URL, "url: a query or fragment would be lost", at, hint=hint)


def _header_problems(name: str, text: Any, at: Pointer) -> Iterator[Problem]:
    if name.lower() in _OWN_HEADERS:
        key = at._replace(part=Part.KEY)
        yield Problem(
            WorkspaceRule.OWN_HEADER, f"the header {shown(name)} is set by reconcile itself", key, hint="delete it"
        )
    if isinstance(text, str):
        yield from _variable_problems(text, at)
        if any(ord(character) > 0xFF for character in text):
            hint = "headers hold Latin-1 characters only"
            yield Problem(WorkspaceRule.BAD_HEADER, f"the header {shown(name)} cannot be sent so", at, hint=hint)


def _variable_problems(text: str, at: Pointer) -> Iterator[Problem]:
    start = VARIABLE.sub(lambda match: "x" * len(match.group()), text).find("${")
    if start >= 0:
        hint = "write ${NAME}: letters, digits and `_`, not beginning with a digit"
        yield Problem(
            WorkspaceRule.BAD_VARIABLE, "this is not a variable", at._replace(offset=start, width=2), hint=hint
        )


def _workspace(value: Mapping[str, Any], directory: str) -> Workspace:
    given = _given(Workspace, value) | {
        "default_environment": value.get("default_environment"),
        "environments": {
            name: _environment(name, value["environments"][name]) for name in sorted(value["environments"])
        },
        "freezes": tuple(freeze(one) for one in value.get("freezes", ())),
        "rules": _severities(value.get("rules", {})),
    }
    return Workspace(value["workspace"], directory, **given)


def _severities(value: Mapping[str, str]) -> Mapping[Rule, Severity | None]:
    return {rule_called(rule): None if severity == "none" else Severity(severity) for rule, severity in value.items()}


def _environment(name: str, value: Mapping[str, Any]) -> Environment:
    given = _given(Environment, value)
    if "rate" in value:
        given["rate"] = float(value["rate"].removesuffix("/s"))
    return Environment(name, **given)


def _given(kind: type[DataclassInstance], value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of *kind* that the file gives, each read as the type of its default says.

    A setting that the file does not hold keeps the default of the model.
    """
    return {one.name: _read(one.default, value[one.name]) for one in fields(kind) if one.name in value}


def _read(default: object, value: Any) -> Any:
    match default:
        case tuple():
            return tuple(value)
        case timedelta():
            return duration(value)
        case StrEnum():
            return type(default)(str(value).lower())  # a plain `true` is one of the words
        case UnknownCode():
            return _unknown_code(value)
        case Limits():
            return _limits(value)
        case ServiceSettings():
            return ServiceSettings(**_given(ServiceSettings, value))
        case _:
            return value


def _unknown_code(value: str | Mapping[str, Any]) -> UnknownCode:
    if isinstance(value, str):
        return UnknownCode(UnknownCodeMode(value))
    ((mode, answer),) = value.items()
    return UnknownCode(UnknownCodeMode(mode), str(answer))


def _limits(value: Mapping[str, Any]) -> Limits:
    given: dict[str, Any] = {name: None if limit == "none" else limit for name, limit in value.items()}
    return Limits(**given)
