"""Tenant and set files become documents, and a broken file does not keep the others from being read."""

from __future__ import annotations

import random

import pytest

from reconcile.declare import load_declarations, load_workspace
from reconcile.engine.resolve import resolve
from reconcile.errors import SettingError
from reconcile.model.keys import Key
from reconcile.model.rules import Severity
from tests.declare.conftest import WORKSPACE, MemoryTree

GOOD = 'tenant: acme\nschedules:\n  - {code: "1", name: a, cron: "0 0 8 * * ?"}\n'
OTHER = 'tenant: globex\nschedules:\n  - {code: "1", name: a, cron: "0 0 8 * * ?"}\n'


def test_every_finding_of_every_file_comes_in_one_run(sketches):
    files = {
        "tenants/a.yaml": GOOD.replace("name: a", "nam: a"),
        "tenants/b.yaml": "tenant: [\n",
        "tenants/c.yaml": OTHER.replace('"0 0 8 * * ?"', '"0 0 25 * * ?"').replace("globex", "no"),
        "sets/d.yaml": "set: core\n",
    }
    assert sketches(files) == [
        "sets/d.yaml:1:1 missing-key [set: core]",
        "tenants/a.yaml:3:17 unknown-key [nam]",
        "tenants/b.yaml:1:9 unclosed-bracket [[]",
        "tenants/c.yaml:1:9 quote-this [no]",
        "tenants/c.yaml:3:37 cron-syntax [25]",
    ]


def test_one_entry_shows_its_structure_and_its_cron_in_one_run(sketches):
    text = GOOD.replace("name: a", "nam: a").replace("0 0 8", "0 0 25")
    assert sketches({"tenants/a.yaml": text}) == ["3:17 unknown-key [nam]", "3:36 cron-syntax [25]"]


def test_a_good_file_beside_a_bad_one_is_resolved(outcome_of):
    found = outcome_of({"tenants/a.yaml": GOOD, "tenants/b.yaml": "["})
    assert list(found.resolution.desired) == [Key("acme", "1")]


def test_good_entries_beside_a_bad_one_are_resolved(outcome_of):
    text = f'{GOOD}  - {{code: "2", name: a, cron: "0 0 8 * * ?", x: y}}\n  - 7\n  - {{name: a}}\n'
    found = outcome_of({"tenants/a.yaml": text})
    assert list(found.resolution.desired) == [Key("acme", "1")]


def test_what_is_wrong_at_the_top_leaves_the_entries_to_be_checked(sketches):
    text = GOOD.replace("schedules", "include: core\ndefaults: [a]\nexclude: 1\nschedules").replace("0 0 8", "0 0 25")
    assert sketches({"tenants/a.yaml": text}) == [
        "2:10 wrong-type [core]",
        "3:11 wrong-type [[a]]",
        "4:10 wrong-type [1]",
        "6:37 cron-syntax [25]",
    ]


def test_two_files_without_a_usable_tenant_do_not_declare_the_same_keys(sketches):
    text = GOOD.replace("acme", '"a b"')
    assert sketches({"tenants/a.yaml": text, "tenants/b.yaml": text}) == [
        'tenants/a.yaml:1:9 wrong-form ["a b"]',
        'tenants/b.yaml:1:9 wrong-form ["a b"]',
    ]


def test_a_key_in_two_files_names_both(outcome_of):
    (finding,) = outcome_of({"tenants/a.yaml": GOOD, "tenants/b.yaml": GOOD}).findings
    assert finding.rule == "declared-twice"
    assert str(finding.place) == "schedules/tenants/b.yaml:3:12"
    assert finding.message == "acme/1 is declared twice: here and at schedules/tenants/a.yaml:3"


def test_the_line_of_an_entry_is_that_of_its_first_key(outcome_of):
    text = """\
tenant: a
schedules:

  # one
  - code: "1"
    name: a
    cron: "0 0 8 * * ?"
  -
    code: "2"
    name: b
    cron: "0 0 8 * * ?"
"""
    desired = outcome_of({"tenants/a.yaml": text}).resolution.desired
    assert [schedule.origin.line for schedule in desired.values()] == [5, 9]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\r"), id="CR"),
        pytest.param(lambda text: "\ufeff" + text, id="BOM"),
        pytest.param(lambda text: text.rstrip(), id="no-last-line-break"),
        pytest.param(lambda text: "---\n" + text + "...\n", id="markers"),
        pytest.param(lambda text: "# &anchor *alias !tag\n" + text, id="marks-in-a-comment"),
    ],
)
def test_ways_of_writing_a_file_that_mean_nothing(outcome_of, change):
    found = outcome_of({"tenants/a.yaml": change(GOOD)})
    assert found.findings == ()
    assert list(found.resolution.desired) == [Key("acme", "1")]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_do_not_depend_on_line_breaks_and_byte_order_marks(sketches, line_break, mark):
    text = mark + (GOOD + "owner: a\n").replace("\n", line_break)
    assert sketches({"tenants/a.yaml": text}) == ["4:1 unknown-key [owner]"]


def test_the_order_of_files_decides_nothing():
    names = [f"tenants/{name}.yaml" for name in "abcd"]
    texts = [GOOD, OTHER, GOOD.replace('"1"', '"2"'), GOOD.replace("name: a", "nam: a")]

    def run(seed: int) -> object:
        class Shuffled(MemoryTree):
            def paths(self):
                paths = list(super().paths())
                random.Random(seed).shuffle(paths)
                return paths

        files = {"reconcile.yaml": WORKSPACE, **dict(zip(names, texts, strict=True))}
        tree = Shuffled({path: text.encode() for path, text in files.items()})
        workspace, _ = load_workspace("schedules", tree)
        environment = workspace.environments["here"]
        documents, findings = load_declarations(workspace, environment, tree)
        resolution = resolve(documents, environment)
        return findings, list(resolution.desired.items()), resolution.findings, resolution.tenants

    assert len({repr(run(seed)) for seed in range(6)}) == 1


def test_a_folder_without_a_tenant_is_an_error_at_the_environment(outcome_of):
    (finding,) = outcome_of({"sets/a.yaml": "set: core\nschedules: []\n"}).findings
    assert (finding.rule, finding.severity) == ("no-tenant", Severity.ERROR)
    assert str(finding.place) == "schedules/reconcile.yaml:5:5"
    assert finding.line_text == "    url: http://127.0.0.1:8001"
    assert "tenants/acme.yaml" in finding.hint


def test_a_pattern_that_covers_no_file_is_a_warning_at_the_pattern(outcome_of):
    workspace = WORKSPACE + "    paths: ['tenants/*.yaml', 'teams/*.yaml']\n"
    (finding,) = outcome_of({"reconcile.yaml": workspace, "tenants/a.yaml": GOOD}).findings
    assert (finding.rule, finding.severity) == ("covers-nothing", Severity.WARNING)
    assert str(finding.place) == "schedules/reconcile.yaml:6:31"


def test_files_that_no_pattern_covers_are_not_read(outcome_of):
    found = outcome_of({"tenants/a.yaml": GOOD, "tenants/notes.md": "[", "other/b.yaml": "["})
    assert found.findings == ()


def test_the_workspace_file_is_no_tenant_file(outcome_of):
    workspace = WORKSPACE + "    paths: ['**/*.yaml']\n"
    assert outcome_of({"reconcile.yaml": workspace, "a.yaml": GOOD}).findings == ()


def test_a_file_that_cannot_be_read_is_a_finding(outcome_of, monkeypatch):
    def read(self, path):
        if path == "tenants/b.yaml":
            raise SettingError("cannot be read: Permission denied", hint="see its permissions")
        return self.files[path]

    monkeypatch.setattr(MemoryTree, "read", read)
    (finding,) = outcome_of({"tenants/a.yaml": GOOD, "tenants/b.yaml": OTHER}).findings
    assert (finding.rule, str(finding.place)) == ("unreadable-file", "schedules/tenants/b.yaml:1:1")
    assert (finding.message, finding.hint) == ("cannot be read: Permission denied", "see its permissions")


def test_a_huge_file_is_a_finding(outcome_of, monkeypatch):
    monkeypatch.setattr("reconcile.declare.file_text.MAX_BYTES", 1024 * 1024)
    (finding,) = outcome_of({"tenants/a.yaml": GOOD + "#" * 3 * 1024 * 1024}).findings
    assert finding.rule == "file-too-large"
    assert finding.message == "the file holds 3 MiB; at most 1 MiB are read"


def test_a_link_to_a_folder_is_told(outcome_of):
    (finding,) = outcome_of({"tenants/a.yaml": GOOD, "tenants/shared/": b"", "docs/more/": b""}).findings
    assert (finding.rule, str(finding.place)) == ("linked-folder", "schedules/tenants/shared:1:1")


def test_a_file_that_is_gone_when_a_place_is_looked_for_is_placed_at_its_first_line(tree):
    files = {"reconcile.yaml": WORKSPACE, "tenants/a.yaml": GOOD.replace("0 0 8", "0 0 25")}
    given = tree(files)
    workspace, _ = load_workspace("schedules", given)
    environment = workspace.environments["here"]
    documents, _ = load_declarations(workspace, environment, given)
    del given.files["tenants/a.yaml"]
    (finding,) = resolve(documents, environment).findings
    assert (str(finding.place), finding.line_text) == ("schedules/tenants/a.yaml:1:1", None)


def test_paths_are_relative_to_the_folder_that_is_named(tree):
    given = tree({"reconcile.yaml": WORKSPACE, "tenants/a.yaml": "["})
    for directory, expected in (
        (".", "tenants/a.yaml"),
        ("./x/../y", "y/tenants/a.yaml"),
        ("../s", "../s/tenants/a.yaml"),
    ):
        workspace, _ = load_workspace(directory, given)
        _, findings = load_declarations(workspace, workspace.environments["here"], given)
        assert findings[0].place.file == expected
