"""Declaration files that an environment does not read."""

from __future__ import annotations

import pytest

from reconcile.declare.other_files import holds_declarations, other_files, unread_paths
from reconcile.engine.orphans import OtherFiles, declared_in
from reconcile.model.keys import Key

KEY = Key("acme", "12")
ENTRY = 'schedules:\n  - code: "12"\n    name: x\n    cron: "0 0 1 * * ?"\n'
OWN = f"tenant: acme\n{ENTRY}".encode()
CORE = f"set: core\n{ENTRY}".encode()
INCLUDES = b"tenant: acme\ninclude: [core]\n"
EXCLUDES = b'tenant: acme\ninclude: [core]\nexclude: ["12"]\n'


@pytest.mark.parametrize(
    "content, holds",
    [
        pytest.param(b"tenant: acme", True, id="tenant"),
        pytest.param(b"# a comment\n---\n'set' : core", True, id="quoted-set-below-a-comment"),
        pytest.param(b"\xef\xbb\xbftenant: acme", True, id="byte-order-mark"),
        pytest.param(b"{tenant: acme}", True, id="braces"),
        pytest.param(b"values:\n  tenant: acme", False, id="not-at-the-top"),
        pytest.param(b"tenants: [acme]\nsettings: 1", False, id="other-keys"),
    ],
)
def test_a_look_says_whether_a_file_holds_declarations(content, holds):
    assert holds_declarations(content) is holds


def test_covered_files_workspace_files_and_other_workspaces_are_not_unread():
    paths = [
        "reconcile.yaml",
        "tenants/a.yaml",
        "old/a.yml",
        "notes.txt",
        "in/reconcile.yaml",
        "in/x/a.yaml",
        "into.yaml",
    ]
    assert unread_paths(paths, ["tenants/*.yaml"]) == ("into.yaml", "old/a.yml")


@pytest.mark.parametrize(
    "others, read, place",
    [
        pytest.param({"a": OWN}, {}, "a:3", id="of-the-tenant"),
        pytest.param({"a": OWN.replace(b"acme", b"beta")}, {}, None, id="of-another-tenant"),
        pytest.param({"a": OWN.replace(b'"12"', b'"13"')}, {}, None, id="of-another-code"),
        pytest.param({"a": CORE}, {}, None, id="a-set-that-no-tenant-includes"),
        pytest.param({"a": CORE}, {"b": INCLUDES}, "a:3", id="a-set-that-a-read-tenant-includes"),
        pytest.param({"a": CORE}, {"b": EXCLUDES}, None, id="a-set-whose-code-the-tenant-excludes"),
        pytest.param({"a": INCLUDES}, {"b": CORE}, "a", id="a-tenant-that-includes-a-read-set"),
        pytest.param({"a": INCLUDES}, {"b": CORE.replace(b"core", b"x")}, None, id="a-tenant-without-the-read-set"),
        pytest.param({"a": INCLUDES, "b": CORE}, {}, "b:3", id="both-unread"),
        pytest.param({"a": OWN + b"  - ["}, {}, "a", id="a-text-that-holds-the-code"),
        pytest.param({"a": b"tenant: acme\nset: x\n"}, {}, None, id="a-text-without-the-code"),
    ],
)
def test_a_key_is_declared_where_a_file_says_so(others, read, place):
    assert declared_in(KEY, other_files(others), other_files(read)) == place


def test_no_files_declare_nothing():
    assert declared_in(KEY, OtherFiles()) is None
