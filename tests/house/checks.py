"""The house rules as functions: source text in, complaints out (``line: what is wrong``); none: the rule is kept."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

# Imports point down only: a module may import what stands above its own row, and its own part.
LAYERS = (
    ("errors", "exits", "source", "text", "times", "secrets", "resources"),
    ("cron",),
    ("model",),
    ("engine",),
    ("ports",),
    ("flows", "report", "declare", "git", "service", "ledger", "twin"),  # strangers to each other
    ("session",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
RANK = {part: rank for rank, row in enumerate(LAYERS) for part in row}
NEIGHBOURS = frozenset(LAYERS[0])  # single modules that may lean on each other

PURE = frozenset(
    {"errors", "exits", "source", "text", "times", "secrets", "cron", "model", "engine", "ports", "report"}
)

# Files, clock, environment, network, logging, chance; and the libraries that bring them along.
IMPURE_MODULES = frozenset(
    [
        "asyncio",
        "click",
        "concurrent",
        "ctypes",
        "fcntl",
        "fileinput",
        "ftplib",
        "gc",
        "getpass",
        "glob",
        "http",
        "importlib",
        "io",
        "locale",
        "logging",
        "mmap",
        "multiprocessing",
        "os",
        "pathlib",
        "platform",
        "psycopg",
        "queue",
        "random",
        "requests",
        "resource",
        "rich",
        "sched",
        "secrets",
        "select",
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlalchemy",
        "sqlite3",
        "ssl",
        "starlette",
        "subprocess",
        "sys",
        "syslog",
        "tempfile",
        "threading",
        "time",
        "urllib3",
        "uuid",
        "uvicorn",
        "webbrowser",
    ]
)
PURE_WITHIN = ("rich.cells.",)  # how wide a character is: a table
CLOCK_CALLS = frozenset(
    [
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "date.today",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
    ]
)
IMPURE_CALLS = CLOCK_CALLS | {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}

WORLD_NAMES = frozenset({"os.environ", "os.environb", "os.getenv", "os.putenv", "sys.stdout", "sys.__stdout__"})
WORLD_CALLS = CLOCK_CALLS | {"print", "input", "click.echo", "click.secho", "rich.print"}

# Outside `cron`, who parses a text must know whose Quartz reads it; this module does.
CRON_READER = "reconcile.model.reading"
CRON_PARSERS = frozenset({"reconcile.cron.parse", "reconcile.cron.parse.parse", "reconcile.cron.*"})

# The one module that may hold the writer.
SAVING = "reconcile.session.saving"
# What only the modules named may import, so that there is one place for it.
ONLY_BY = {
    SAVING: frozenset({"reconcile.commands.apply", "reconcile.commands.rollback"}),
    "reconcile.ledger.open_ledger": frozenset({"reconcile.session.ledger_home"}),
    "open_client": frozenset({"reconcile.session.connect"}),  # by whatever name of its package
}

CONDITIONAL = frozenset({"pytest.mark.skipif", "pytest.mark.xfail"})

MOST_LINES = 400
MOST_FUNCTION_LINES = 60
MOST_PARAMETERS = 6


def part_of(module: str) -> str:
    """Return the part of the program that a dotted name belongs to; the package itself is ``""``."""
    return [*module.split("."), ""][1]


def imports(tree: ast.Module, module: str, *, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of all that is imported, wherever it stands; ``from a import b`` is ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                names = module.split(".")
                above = names[: len(names) - node.level + is_package]
                base = ".".join([*above, *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def upward_imports(source: str, module: str, *, is_package: bool = False) -> tuple[str, ...]:
    """Return the imports that do not point down the layers."""
    own = part_of(module)
    found = []
    if own and own not in RANK:
        return (f"1: {own} is in no layer: name it in LAYERS, and in the design",)
    for line, name in imports(ast.parse(source), module, is_package=is_package):
        other = part_of(name)
        if name.split(".")[0] != "reconcile" or other == own or {own, other} <= NEIGHBOURS:
            continue
        if other not in RANK:
            if not _is_of_the_package_itself(other):
                found.append(f"{line}: {name} is in no layer")
        elif not own or RANK[other] >= RANK[own]:
            found.append(f"{line}: {own or 'the package'} must not import {name}: imports point down")
    return tuple(found)


def _is_of_the_package_itself(name: str) -> bool:
    return name in {"", "__version__"}


def import_cycles(modules: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return the circles of *modules*, each with what it imports: ``a → b → a``, each circle once.

    An import counts wherever it stands: in a function or for the type checker, it is one all the same.
    """
    found: dict[frozenset[str], str] = {}
    done: set[str] = set()

    def follow(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            circle = path[path.index(module) :]
            found.setdefault(frozenset(circle), " → ".join([*circle, module]))
        elif module not in done:
            for other in sorted(modules.get(module, ())):
                follow(other, (*path, module))
            done.add(module)

    for module in sorted(modules):
        follow(module, ())
    return tuple(found.values())


def writer_imports(source: str, module: str) -> tuple[str, ...]:
    """Return where *module* gets hold of the one class that changes the service, without being the one that may."""
    if module == SAVING or part_of(module) == "service":
        return ()
    tree = ast.parse(source)
    taken = [line for line, name in imports(tree, module) if name.split(".")[-1] == "ServiceWriter"]
    taken += [line for line, name in imports(tree, module) if name.startswith("reconcile.service.writer")]
    taken += [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "ServiceWriter"]
    return tuple(f"{line}: {module} must not import ServiceWriter" for line in sorted(set(taken)))


def reserved_imports(source: str, module: str) -> tuple[str, ...]:
    """Return where *module* imports what only others may (`ONLY_BY`); the parts that such a thing is of may."""
    if part_of(module) in {"ledger", "service"}:
        return ()
    found = {
        (line, f"{module} must not import {reserved}")
        for line, name in imports(ast.parse(source), module)
        for reserved, allowed in ONLY_BY.items()
        if (f"{name}.".startswith(f"{reserved}.") or name.split(".")[-1] == reserved) and module not in allowed
    }
    return _lines(list(found))


def mutable_values(source: str) -> tuple[str, ...]:
    """Return the dataclasses that are not frozen."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            for decorator in node.decorator_list:
                call = decorator if isinstance(decorator, ast.Call) else None
                name = dotted(call.func if call else decorator)
                settings = {keyword.arg: keyword.value for keyword in call.keywords} if call else {}
                frozen = settings.get("frozen")
                is_frozen = isinstance(frozen, ast.Constant) and frozen.value is True
                if name in {"dataclass", "dataclasses.dataclass"} and not is_frozen:
                    found.append((node.lineno, f"{node.name} is not frozen"))
    return _lines(found)


def crowded(source: str) -> tuple[str, ...]:
    """Return the functions with more parameters than allowed; `self` and `cls` do not count."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            count = sum(one.arg not in ("self", "cls") for one in given)
            if count > MOST_PARAMETERS:
                found.append((node.lineno, f"{node.name} has {count} parameters, more than {MOST_PARAMETERS}"))
    return _lines(found)


def cron_parses(source: str, module: str) -> tuple[str, ...]:
    """Return where *module* gets hold of `cron.parse`, unless it is the one module that says whose reading is meant."""
    if part_of(module) == "cron" or module == CRON_READER:
        return ()
    tree = ast.parse(source)
    names = {"reconcile.cron"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname for alias in node.names if alias.asname and alias.name.startswith("reconcile.cron")}
        elif isinstance(node, ast.ImportFrom) and node.module == "reconcile":
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "cron"}
    taken = [line for line, name in imports(tree, module) if name in CRON_PARSERS]
    taken += [
        n.lineno
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and n.attr == "parse" and dotted(n.value).removesuffix(".parse") in names
    ]
    return tuple(f"{line}: {module} must not parse a cron itself: see {CRON_READER}" for line in sorted(set(taken)))


def impurities(source: str) -> tuple[str, ...]:
    """Return what touches files, clock, environment, network, logging or chance."""
    tree = ast.parse(source)
    found = [(line, f"imports {name}") for line, name in imports(tree, "") if is_impure(name)]
    found += [(line, f"calls {name}") for line, name in _calls(tree) if name in IMPURE_CALLS]
    return _lines(found)


def is_impure(name: str) -> bool:
    """Say whether the import of *name* brings in more than values."""
    return name.split(".")[0] in IMPURE_MODULES and not name.startswith(PURE_WITHIN)


def world_uses(source: str) -> tuple[str, ...]:
    """Return what reads the environment, writes to stdout or takes *now*: what only `cli` does."""
    tree = ast.parse(source)
    found = [
        (n.lineno, name) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and (name := dotted(n)) in WORLD_NAMES
    ]
    found += [(line, name) for line, name in imports(tree, "") if name in WORLD_NAMES]
    found += [(line, name) for line, name in _calls(tree) if name in WORLD_CALLS]
    return _lines(found)


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for the expression that says so; ``""`` for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (head := dotted(node.value)):
        return f"{head}.{node.attr}"
    return ""


def _calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield node.lineno, name


def _lines(found: list[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(f"{line}: {what}" for line, what in sorted(set(found)))


def too_long(source: str) -> tuple[str, ...]:
    """Return the module and its functions that are longer than allowed; decorators and docstrings count."""
    lines = len(source.splitlines())
    found = [(1, f"{lines} lines, more than {MOST_LINES}")] if lines > MOST_LINES else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            length = (node.end_lineno or start) - start + 1
            if length > MOST_FUNCTION_LINES:
                found.append((start, f"{node.name} has {length} lines, more than {MOST_FUNCTION_LINES}"))
    return _lines(found)


def lacks_docstring(source: str, name: str) -> tuple[str, ...]:
    """Return a complaint about a public module with code but without a docstring (an empty ``__init__`` has none)."""
    tree = ast.parse(source)
    is_private = name.startswith("_") and not name.startswith("__")
    return () if is_private or not tree.body or ast.get_docstring(tree) else ("1: has no docstring",)


def unexplained_skips(source: str) -> tuple[str, ...]:
    """Return the tests skipped, or expected to fail, without a reason. `importorskip` names the module: a reason."""
    tree = ast.parse(source)
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        name = dotted(node)
        if name not in {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.xfail"}:
            continue
        call = calls.get(id(node))
        if call is None or not _has_reason(call, takes_it_first=name not in CONDITIONAL):
            found.append((node.lineno, f"{name} gives no reason"))
    return _lines(found)


def _has_reason(call: ast.Call, *, takes_it_first: bool) -> bool:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    if takes_it_first:
        given += call.args[:1]
    return any(not (isinstance(value, ast.Constant) and not value.value) for value in given)


def unbounded(requirements: list[str]) -> tuple[str, ...]:
    """Return the requirements that accept any later version, or any earlier one."""
    return tuple(
        requirement
        for requirement in requirements
        if not (re.search(r"<\s*\d|==|~=", requirement) and re.search(r">|==|~=", requirement))
    )


def bare_properties(schema: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the properties, at any depth, without description or example, of their own or where they refer to."""
    found = []
    for path, subschema in properties(schema):
        chain = referred(subschema, schema, schemas)
        if not any(each.get("description") for each in chain):
            found.append(f"{path}: no description")
        if not any(each.get("examples") or "const" in each for each in chain):
            found.append(f"{path}: no example")
    return tuple(found)


def properties(node: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield place and schema of each property that is declared in *node*."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "properties" and isinstance(value, Mapping):
                for name, subschema in value.items():
                    if isinstance(subschema, Mapping):
                        # In a list of alternatives a property may be named again, only to tell them apart.
                        if set(subschema) - {"const", "enum", "not", "minItems", "maxItems", "pattern"}:
                            yield f"{path}/{name}", subschema
                        yield from properties(subschema, f"{path}/{name}")
            elif key not in {"examples", "const", "enum", "default"}:
                yield from properties(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from properties(value, f"{path}/{index}")


def referred(
    subschema: Mapping[str, Any], within: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return *subschema*, and what its ``$ref`` leads to, to the end; *schemas* are the files, by name."""
    chain = [subschema]
    while (reference := chain[-1].get("$ref")) and len(chain) < 10:
        file, _, pointer = str(reference).partition("#")
        target: Any = schemas[file] if file else within
        within = target
        for step in pointer.strip("/").split("/") if pointer.strip("/") else ():
            target = target[step.replace("~1", "/").replace("~0", "~")]
        chain.append(target)
    return chain
