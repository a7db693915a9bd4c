"""Declaration files that an environment does not read: which there are, and what they declare."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from reconcile.declare.declaration_files import declaration_file, kind_of
from reconcile.declare.file_text import decoded
from reconcile.declare.files import check_file
from reconcile.declare.globs import matcher
from reconcile.declare.workspace_file import WORKSPACE_FILE
from reconcile.engine.declarations import DeclarationFile
from reconcile.engine.orphans import OtherFiles

_YAML = (".yaml", ".yml")
# A key at the top of a file: at the beginning of a line, or the first of a mapping in braces.
_KIND = re.compile(rb"""^(?:\xef\xbb\xbf)?(?:\{\s*)?["']?(?:tenant|set)["']?[ \t]*:""", re.MULTILINE)


def unread_paths(paths: Collection[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """Return those YAML files of *paths* that no pattern covers, sorted.

    Workspace files, and the folders below that have one and so are workspaces of their own, are left out.

    >>> unread_paths(["reconcile.yaml", "sets/a.yaml", "old/a.yaml", "b/reconcile.yaml", "b/old/c.yaml"], ["sets/*"])
    ('old/a.yaml',)
    """
    covers = [matcher(pattern) for pattern in patterns]
    others = tuple(path.removesuffix(WORKSPACE_FILE) for path in paths if path.endswith(f"/{WORKSPACE_FILE}"))
    return tuple(
        sorted(
            path
            for path in paths
            if path.endswith(_YAML)
            and path != WORKSPACE_FILE
            and not path.startswith(others)
            and not any(covered(path) for covered in covers)
        )
    )


def holds_declarations(content: bytes) -> bool:
    """Return whether *content* says `tenant:` or `set:` at its top. It looks, and does not parse.

    >>> [holds_declarations(text) for text in (b"# x\\ntenant: acme", b"set : core", b"a:\\n  set: 1", b"settings: 1")]
    [True, True, False, False]
    """
    return _KIND.search(content) is not None


def other_files(contents: Mapping[str, bytes]) -> OtherFiles:
    """Return what the files of *contents*, keyed by the names that messages use, declare.

    A file that cannot be parsed, or is neither a tenant file nor a set file, is kept as text: it may declare any key
    whose code it holds.
    """
    tenants: list[DeclarationFile] = []
    sets: list[DeclarationFile] = []
    texts: dict[str, str] = {}
    for file, content in contents.items():
        opened = decoded(file, content)
        checked = check_file(opened, kind_of)
        if checked.value is None or checked.problems:
            texts[file] = opened.text
        elif "set" in checked.value:
            sets.append(declaration_file(checked, "set"))
        else:
            tenants.append(declaration_file(checked, "tenant"))
    return OtherFiles(tuple(tenants), tuple(sets), texts)
