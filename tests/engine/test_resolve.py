"""Resolve: sets, exclusions, defaults and overrides, field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.cron import resolve_h
from reconcile.engine.declarations import DeclarationFile, Declarations
from reconcile.engine.problems import Part, Place, Pointer
from reconcile.engine.resolve import resolve
from reconcile.model.keys import Key
from reconcile.model.reading import Reading
from reconcile.model.rules import Severity
from reconcile.model.schedule import PARKED_CRON, DeclaredAt, State
from reconcile.model.workspace import Environment
from reconcile.source import Span

HERE = Environment("here", "http://127.0.0.1:8001")
DAILY = "0 0 8 * * ?"
HOURLY = "0 0 * * * ?"


def locate(pointers):
    """Place every pointer at the line after its position in the list, so that tests can see which is meant."""
    return {
        pointer: Place(Span(pointer.file, 1, 1 + pointer.offset, pointer.width or 1), said(pointer))
        for pointer in pointers
    }


def said(pointer):
    way = ".".join(map(str, pointer.path))
    return f"key {way}" if pointer.part is Part.KEY else way


def document(name, *entries, file=None, **more):
    lines = [10 * position + 3 for position in range(len(entries))]
    return DeclarationFile(file or f"{name}.yaml", name, entries, lines, **more)


def documents(*tenants, sets=(), **more):
    return Declarations(tuple(tenants), tuple(sets), locate, **more)


def entry(code="1", **fields):
    return {"code": code, "name": "n", "cron": DAILY, **fields}


CORE = document("core", entry("1", owner="set"), entry("2", name="two"), file="sets/core.yaml")
EXTRA = document("extra", entry("2", name="other"), entry("3"), file="sets/extra.yaml")


def findings(*tenants, sets=(), environment=HERE, **more):
    """Return where each finding stands and its rule."""
    found = resolve(documents(*tenants, sets=sets, **more), environment).findings
    return [f"{finding.place.file} {finding.line_text} {finding.rule}" for finding in found]


def only(*tenants, sets=()):
    """Return the schedules by code of what resolves without findings."""
    resolution = resolve(documents(*tenants, sets=sets), HERE)
    assert resolution.findings == ()
    return {key.code: schedule for key, schedule in resolution.desired.items()}


def test_nothing_is_desired_of_no_documents():
    resolution = resolve(documents(), HERE)
    assert (resolution.desired, resolution.findings, resolution.tenants) == ({}, (), ())


def test_an_entry_is_a_schedule_with_every_field():
    fields = entry(state="parked", owner="o", description="d", labels={"tier": "gold"}, protect=True)
    (schedule,) = only(document("acme", fields)).values()
    assert (schedule.key, schedule.name, schedule.cron, schedule.declared_cron) == (Key("acme", "1"), "n", DAILY, DAILY)
    assert (schedule.state, schedule.cron_to_save) == (State.PARKED, PARKED_CRON)
    assert (schedule.owner, schedule.description, schedule.labels, schedule.protect) == (
        "o",
        "d",
        {"tier": "gold"},
        True,
    )
    assert schedule.origin == DeclaredAt("acme.yaml", 3)


def test_what_an_entry_does_not_say_is_the_default():
    (schedule,) = only(document("acme", entry())).values()
    assert (schedule.state, schedule.owner, schedule.description) == (State.ACTIVE, None, None)
    assert (schedule.labels, schedule.protect) == ({}, False)


def test_desired_is_sorted_by_key():
    resolution = resolve(documents(document("b", entry("2"), entry("1")), document("a", entry("9"))), HERE)
    assert list(resolution.desired) == [Key("a", "9"), Key("b", "1"), Key("b", "2")]
    assert resolution.tenants == ("a", "b")


def test_an_included_set_is_taken_over_from_where_it_stands():
    schedules = only(document("acme", include=["core"]), sets=[CORE])
    assert {code: (one.key.tenant, str(one.origin)) for code, one in schedules.items()} == {
        "1": ("acme", "sets/core.yaml:3"),
        "2": ("acme", "sets/core.yaml:13"),
    }


def test_a_set_that_nobody_includes_is_wanted_by_nobody():
    assert set(only(document("acme", entry("9")), sets=[CORE])) == {"9"}


def test_an_excluded_code_is_not_taken_over():
    assert set(only(document("acme", include=["core"], exclude=["2"]), sets=[CORE])) == {"1"}


def test_an_excluded_code_may_be_declared_anew():
    tenant = document("acme", entry("2", cron=HOURLY), include=["core"], exclude=["2"])
    schedules = only(tenant, sets=[CORE])
    assert (schedules["2"].name, schedules["2"].cron) == ("n", HOURLY)


def test_an_entry_overrides_a_set_field_by_field():
    schedule = only(document("acme", {"code": "1", "cron": HOURLY}, include=["core"]), sets=[CORE])["1"]
    assert (schedule.cron, schedule.name, schedule.owner) == (HOURLY, "n", "set")
    assert schedule.origin == DeclaredAt("acme.yaml", 3)


def test_labels_are_overridden_as_a_whole():
    core = document("core", entry(labels={"tier": "gold", "team": "a"}))
    tenant = document("acme", {"code": "1", "labels": {"tier": "silver"}}, include=["core"])
    assert only(tenant, sets=[core])["1"].labels == {"tier": "silver"}


@pytest.mark.parametrize(
    "own, in_set, set_default, tenant_default, expected",
    [
        pytest.param("own", "set", "set-default", "default", "own", id="the-entry-first"),
        pytest.param(None, "set", "set-default", "default", "set", id="then-the-set"),
        pytest.param(None, None, "set-default", "default", "set-default", id="then-defaults-of-the-set"),
        pytest.param(None, None, None, "default", "default", id="then-defaults-of-the-tenant"),
        pytest.param(None, None, None, None, None, id="then-nothing"),
    ],
)
@pytest.mark.parametrize("has_entry", [True, False])
def test_the_first_that_says_a_field_wins(own, in_set, set_default, tenant_default, expected, has_entry):
    def owner(name):
        return {"owner": name} if name else {}

    core = document("core", entry(**owner(in_set)), defaults=owner(set_default))
    entries = [{"code": "1", **owner(own)}] if has_entry else []
    tenant = document("acme", *entries, include=["core"], defaults=owner(tenant_default))
    if has_entry or not own:
        assert only(tenant, sets=[core])["1"].owner == expected


def test_defaults_are_those_of_the_file_with_the_entry_else_of_that_with_the_include():
    core = document("core", entry("1"), entry("2"))
    one = document("acme", include=["core"], defaults={"owner": "includer"}, file="a.yaml")
    two = document("acme", {"code": "1"}, defaults={"owner": "entry"}, file="b.yaml")
    assert {code: schedule.owner for code, schedule in only(one, two, sets=[core]).items()} == {
        "1": "entry",
        "2": "includer",
    }


def test_defaults_hold_for_entries_without_a_set():
    assert only(document("acme", entry(), defaults={"state": "parked"}))["1"].state is State.PARKED


@pytest.mark.parametrize(
    "tenants, expected",
    [
        pytest.param(("*",), ("acme", "shop-a", "shop-b"), id="all"),
        pytest.param(("shop-*",), ("shop-a", "shop-b"), id="glob"),
        pytest.param(("acme", "shop-[b]"), ("acme", "shop-b"), id="several"),
    ],
)
def test_an_environment_has_the_tenants_that_its_patterns_cover(tenants, expected):
    environment = Environment("here", "http://a", tenants=tenants)
    given_ones = documents(*(document(name, entry()) for name in ("shop-b", "acme", "shop-a")))
    resolution = resolve(given_ones, environment)
    assert resolution.tenants == expected
    assert tuple(key.tenant for key in resolution.desired) == expected
    assert resolution.findings == ()


def test_a_tenant_pattern_that_covers_nobody_is_a_warning():
    environment = Environment("here", "http://a", tenants=("acme", "shop-*"))
    (finding,) = resolve(documents(document("acme"), workspace_file="w.yaml"), environment).findings
    assert (finding.rule, finding.severity) == ("covers-nothing", Severity.WARNING)
    assert (finding.place.file, finding.line_text) == ("w.yaml", "environments.here.tenants.1")


def test_what_is_wrong_with_a_tenant_of_another_environment_is_found_too():
    environment = Environment("here", "http://a", tenants=("acme",))
    assert findings(document("acme"), document("b", entry(cron="x")), environment=environment) == [
        "b.yaml schedules.0.cron cron-syntax"
    ]


@pytest.mark.parametrize(
    "given_ones, sets, expected",
    [
        pytest.param(
            [document("acme", entry(), entry(cron=HOURLY))],
            [],
            ["acme.yaml schedules.1.code declared-twice"],
            id="a-key-twice-in-a-file",
        ),
        pytest.param(
            [document("acme", entry(), file="b.yaml"), document("acme", entry(), file="a.yaml")],
            [],
            ["b.yaml schedules.0.code declared-twice"],
            id="a-key-in-two-files",
        ),
        pytest.param(
            [document("acme", entry())],
            [document("core", entry(), entry())],
            ["core.yaml schedules.1.code declared-twice"],
            id="a-code-twice-in-a-set",
        ),
        pytest.param(
            [document("acme", include=["core"])],
            [CORE, document("core", entry("7"), file="sets/other.yaml")],
            ["sets/other.yaml set set-declared-twice"],
            id="a-set-in-two-files",
        ),
        pytest.param(
            [document("acme", include=["core", "extra"])],
            [CORE, EXTRA],
            ["acme.yaml include.1 in-two-sets"],
            id="a-code-in-two-sets",
        ),
        pytest.param(
            [document("acme", include=["core", "extra"], exclude=["2"])], [CORE, EXTRA], [], id="excluded-from-both"
        ),
        pytest.param(
            [document("acme", include=["core"], file="a.yaml"), document("acme", include=["core"], file="b.yaml")],
            [CORE],
            ["b.yaml include.0 included-twice"],
            id="included-by-two-files",
        ),
        pytest.param(
            [document("acme", include=["cor"])], [CORE], ["acme.yaml include.0 unknown-set"], id="unknown-set"
        ),
        pytest.param(
            [document("acme", include=["core"], exclude=["1", "9"])],
            [CORE],
            ["acme.yaml exclude.1 excludes-nothing"],
            id="excludes-nothing",
        ),
        pytest.param(
            [document("acme", exclude=["1"])],
            [CORE],
            ["acme.yaml exclude.0 excludes-nothing"],
            id="excludes-without-include",
        ),
        pytest.param(
            [document("acme", {"code": "1"})],
            [],
            ["acme.yaml schedules.0 missing-key", "acme.yaml schedules.0 missing-key"],
            id="neither-name-nor-cron",
        ),
        pytest.param(
            [document("acme", {"code": "9", "name": "n"}, include=["core"])],
            [CORE],
            ["acme.yaml schedules.0 missing-key"],
            id="no-cron-and-not-in-the-set",
        ),
    ],
)
def test_what_cannot_be_resolved_is_found_at_its_value(given_ones, sets, expected):
    assert findings(*given_ones, sets=sets) == expected


def messages(*tenants, sets=()):
    return [(one.message, one.hint) for one in resolve(documents(*tenants, sets=sets), HERE).findings]


def test_a_key_declared_twice_names_both_places():
    assert messages(document("acme", entry(), entry())) == [
        ("acme/1 is declared twice: here and at acme.yaml:3", "delete one of the two")
    ]


def test_an_unknown_set_is_guessed_or_the_known_ones_are_named():
    assert messages(document("acme", include=["cor"]), sets=[CORE])[0] == ("there is no set cor", "did you mean core?")
    assert messages(document("acme", include=["xyz"]), sets=[CORE])[0][1] == "known: core"
    assert messages(document("acme", include=["xyz"]))[0][1] == "no set file is covered by `paths`"


def test_an_idle_exclude_is_guessed():
    assert messages(document("acme", include=["core"], exclude=["1", "22"]), sets=[CORE])[0][1] == "did you mean 2?"


def test_a_code_in_two_sets_names_both_places():
    assert messages(document("acme", include=["extra", "core"]), sets=[CORE, EXTRA]) == [
        (
            "two included sets have 2: extra at sets/extra.yaml:3, core at sets/core.yaml:13",
            "exclude it and declare it here, or delete it from one set",
        )
    ]


def test_where_sets_are_not_known_as_a_whole_nothing_is_said_to_be_missing_from_them():
    tenant = document("acme", {"code": "9"}, include=["gone"], exclude=["1"])
    assert findings(tenant, is_whole=False) == []
    assert findings(document("acme", {"code": "9", "name": "n"}), is_whole=False) == [
        "acme.yaml schedules.0 missing-key"
    ]


def test_what_is_left_of_a_broken_entry_is_checked_and_not_resolved():
    tenant = document("acme", {"code": "1", "cron": "x"}, {"cron": "y"}, entry("1"), broken=frozenset({0, 1}))
    assert findings(tenant) == [
        "acme.yaml schedules.0.cron cron-syntax",
        "acme.yaml schedules.1.cron cron-syntax",
        "acme.yaml schedules.2.code declared-twice",
    ]
    core = document("core", {"code": "1"}, entry("2"), broken=frozenset({0}))
    resolution = resolve(documents(document("acme", {"code": "1"}, include=["core"]), sets=[core]), HERE)
    assert (list(resolution.desired), resolution.findings) == ([Key("acme", "2")], ())


def test_documents_without_a_usable_name_are_checked_each_for_itself():
    tenants = [document("", entry(cron="x"), file="a.yaml"), document("", entry(), file="b.yaml")]
    assert findings(*tenants, sets=[document("", entry(), file="s.yaml")]) == ["a.yaml schedules.0.cron cron-syntax"]
    assert resolve(documents(*tenants), HERE).tenants == ()


@pytest.mark.parametrize(
    "cron, rule, column, width",
    [
        pytest.param("0 0 25 * * ?", "cron-syntax", 5, 2, id="syntax"),
        pytest.param("0 0 8 ？ * *", "full-width-sign", 7, 1, id="full-width"),
        pytest.param("0　0 8 ? * *", "full-width-sign", 2, 1, id="ideographic-blank"),
        pytest.param("０ ０ 8 ? * *", "full-width-sign", 1, 1, id="full-width-digits"),
    ],
)
def test_a_wrong_cron_is_found_at_its_characters(cron, rule, column, width):
    (finding,) = resolve(documents(document("acme", entry(cron=cron))), HERE).findings
    assert (finding.rule, finding.place.column, finding.place.width) == (rule, column, width)
    assert finding.message.startswith("cron: ")
    assert finding.hint


def test_a_full_width_cron_is_shown_as_it_should_be():
    ((_, hint),) = messages(document("acme", entry(cron="0 0 8 ？ * ＊")))
    assert hint == "with an ASCII keyboard: 0 0 8 ? * *"


def test_a_wrong_cron_of_a_set_is_found_once_however_many_include_it():
    core = document("core", entry(cron="x"))
    tenants = [document(name, include=["core"]) for name in "abc"]
    assert findings(*tenants, sets=[core]) == ["core.yaml schedules.0.cron cron-syntax"]


NEW_YORK = Environment("ny", "http://127.0.0.1:8001", timezone="America/New_York")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_rules_look_at_what_an_h_stands_for_in_each_schedule():
    written, first, second = "0 H H(1-4) * * ?", "1085431505565651039", "8"
    tenant = document("acme", entry(first, cron=written), entry(second, cron=written))
    found = resolve(documents(tenant), NEW_YORK, now=NOW).findings
    assert [(one.rule, one.line_text, one.message.rpartition("(")[2]) for one in found] == [
        ("fire-in-doubled-hour", "schedules.0.cron", f"0 36 1 * * ? for acme/{first})"),
        ("fire-in-gap", "schedules.1.cron", f"0 14 2 * * ? for acme/{second})"),
    ]


def test_a_rule_speaks_once_about_an_h_of_a_set_and_at_its_place():
    core = document("core", entry(cron="0 H 2 * * ?"), file="sets/core.yaml")
    tenants = [document(name, include=["core"]) for name in "abc"]
    (finding,) = resolve(documents(*tenants, sets=[core]), NEW_YORK, now=NOW).findings
    assert (finding.rule, finding.place.file, finding.place.width) == ("fire-in-gap", "sets/core.yaml", 11)
    assert finding.message.endswith(f"({resolve_h('0 H 2 * * ?', 'a', '1')} for a/1)")


def test_an_h_is_not_held_against_rules_without_a_now():
    assert findings(document("acme", entry(cron="0 H 2 * * ?")), environment=NEW_YORK) == []


def test_each_distinct_cron_is_parsed_once(monkeypatch):
    parsed = []
    parse = Reading.parse

    def counting(reading, text):
        parsed.append(text)
        return parse(reading, text)

    monkeypatch.setattr(Reading, "parse", counting)
    resolve(documents(document("acme", entry("1"), entry("2"), entry("3", cron=HOURLY), entry("4", cron=HOURLY))), HERE)
    assert parsed == [DAILY, HOURLY]


def test_findings_have_the_pointer_of_the_file_that_says_it():
    core = document("core", entry(cron="x"), file="sets/core.yaml")
    tenant = document("acme", {"code": "1", "cron": "y"}, include=["core"])
    assert findings(tenant, sets=[core]) == [
        "acme.yaml schedules.0.cron cron-syntax",
        "sets/core.yaml schedules.0.cron cron-syntax",
    ]


CODES = st.sampled_from(["1", "2", "3", "4"])
ENTRIES = st.lists(st.builds(entry, CODES, cron=st.sampled_from([DAILY, HOURLY, "x"])), max_size=3)
TENANTS = st.lists(
    st.tuples(
        st.sampled_from(["acme", "b"]),
        ENTRIES,
        st.lists(st.sampled_from(["core", "extra", "gone"]), max_size=2, unique=True),
        st.lists(CODES, max_size=2, unique=True),
    ),
    max_size=3,
)


@given(TENANTS, st.permutations(range(3)))
def test_the_order_of_files_decides_nothing(tenants, order):
    made = [
        document(name, *entries, file=f"{number}.yaml", include=include, exclude=exclude)
        for number, (name, entries, include, exclude) in enumerate(tenants)
    ]
    shuffled = [made[position] for position in order if position < len(made)]
    one, other = (resolve(documents(*some, sets=[CORE, EXTRA]), HERE) for some in (made, shuffled))
    assert list(one.desired.items()) == list(other.desired.items())
    assert (one.findings, one.tenants) == (other.findings, other.tenants)


def test_the_order_of_sets_decides_nothing():
    tenant = document("acme", include=["core", "extra"])
    twin = document("core", entry("8"), file="sets/twin.yaml")
    results = {repr(resolve(documents(tenant, sets=some), HERE).findings) for some in permutations([CORE, EXTRA, twin])}
    assert len(results) == 1


def test_a_pointer_is_placed_once_for_all_findings_of_it():
    assert said(Pointer("f", ("a", 1), Part.KEY)) == "key a.1"
