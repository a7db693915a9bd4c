"""What drift checks noted, in a ref of its own: read with one call where there is none, and moved by one push."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import LedgerError
from reconcile.ledger.observed_ref import FILE, ObservedRef
from reconcile.model.drift_note import DriftNote
from reconcile.model.live import LiveRow
from reconcile.model.verdicts import Verdict
from reconcile.ports import Pushed, PushKind
from tests.builders import HOURLY, key, row
from tests.drawing import values
from tests.examples import examples
from tests.ledger.run_builders import NOON

NOTE = DriftNote(key("2"), Verdict.DRIFTED, (row(HOURLY),), NOON)
OTHER = DriftNote(key("10"), Verdict.VANISHED, (), NOON)
BOTH = {one.key: one for one in (NOTE, OTHER)}


class Ref:
    """A ref of a remote, in memory: the files of each commit, and the calls to the remote."""

    shown = "refs/x of origin"

    def __init__(self, **files):
        self.commits = {"c0": {name: text.encode() for name, text in files.items()}} if files else {}
        self.at = "c0" if files else None
        self.parents = {}
        self.calls = []

    def tip(self):
        self.calls.append("tip")
        return self.at

    def fetch(self):
        self.calls.append("fetch")
        return self.at

    def files(self, commit):
        return self.commits[commit]

    def commit(self, parent, changed, subject):
        new = f"c{len(self.commits)}"
        self.commits[new] = self.commits.get(parent, {}) | changed
        self.parents[new] = parent
        return new

    def push(self, old, new):
        self.calls.append("push")
        if old != self.at:
            return Pushed(PushKind.STALE, "refs/x of origin was not pushed: stale info")
        self.at = new
        return Pushed(PushKind.LANDED)


def test_where_there_is_no_such_ref_one_call_tells():
    ref = Ref()
    assert (ObservedRef(ref).drift_notes(), ref.calls) == ({}, ["tip"])


def test_what_is_noted_is_a_sorted_file_of_one_commit_without_a_parent():
    ref = Ref(**{FILE: ""})
    kept = ObservedRef(ref)
    assert kept.drift_notes() == {}
    kept.replace_drift_notes({}, BOTH)
    assert (ref.calls, ref.parents) == (["tip", "fetch", "push"], {"c1": None})
    lines = ref.files("c1")[FILE].decode().splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["10", "2"]
    whole = {"tenant": "acme", "code": "10", "verdict": "vanished", "live": [], "first_seen": "2026-11-25T12:00:00Z"}
    assert lines[0] == json.dumps(whole, separators=(",", ":"))
    assert ObservedRef(ref).drift_notes() == BOTH
    kept = ObservedRef(ref)
    kept.replace_drift_notes(kept.drift_notes(), {})
    assert ObservedRef(ref).drift_notes() == {}


def test_the_later_of_two_checks_notes_nothing():
    ref = Ref()
    first, second = ObservedRef(ref), ObservedRef(ref)
    for one in (first, second):
        assert one.drift_notes() == {}
    first.replace_drift_notes({}, {NOTE.key: NOTE})
    with pytest.raises(LedgerError, match="stale info"):
        second.replace_drift_notes({}, BOTH)
    assert ObservedRef(ref).drift_notes() == {NOTE.key: NOTE}


ROW = '{"job_id":"1","cron":"0 0 2 * * ?","status":"enable","active":true}'
LINE = f'{{"tenant":"acme","code":"1","verdict":"drifted","live":[{ROW}],"first_seen":"2026-11-25T12:00:00Z"}}\n'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("garbage\n", id="no-json"),
        pytest.param("[]\n", id="no-object"),
        pytest.param("[" * 100_000 + "\n", id="deep"),
        pytest.param(LINE.replace('"code":"1"', '"code":1'), id="a-code-that-is-a-number"),
        pytest.param(LINE.replace('"code":"1",', ""), id="no-code"),
        pytest.param(LINE.replace("drifted", "unheard-of"), id="no-verdict"),
        pytest.param(LINE.replace(ROW, "7"), id="no-row"),
        pytest.param(LINE.replace('"0 0 2 * * ?"', "null"), id="a-row-without-a-cron"),
        pytest.param(LINE.replace("2026-11-25T12:00:00Z", "yesterday"), id="no-instant"),
        pytest.param(LINE.replace('"2026-11-25T12:00:00Z"', "7"), id="a-number-for-an-instant"),
        pytest.param(LINE.replace("2026-11-25T12", "9999-12-31T23"), id="an-instant-that-no-other-zone-has"),
    ],
)
def test_what_no_check_writes_is_an_error(text):
    assert len(ObservedRef(Ref(**{FILE: LINE})).drift_notes()) == 1
    with pytest.raises(LedgerError, match="holds what no drift check writes"):
        ObservedRef(Ref(**{FILE: text})).drift_notes()


def test_a_commit_without_the_file_is_an_error():
    with pytest.raises(LedgerError, match="holds what no drift check writes"):
        ObservedRef(Ref(other="")).drift_notes()


TO_THE_SECOND = values(DriftNote, live=st.lists(values(LiveRow), max_size=2).map(tuple)).map(
    lambda note: DriftNote(note.key, note.verdict, note.live, note.first_seen.replace(microsecond=0))
)


@examples(0.5)
@given(st.lists(TO_THE_SECOND, max_size=3))
def test_what_is_read_is_what_was_noted(notes):
    by_key = {note.key: note for note in notes}
    ref = Ref()
    kept = ObservedRef(ref)
    assert kept.drift_notes() == {}
    if by_key:
        kept.replace_drift_notes({}, by_key)
    assert ObservedRef(ref).drift_notes() == by_key
