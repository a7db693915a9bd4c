"""Crons that Quartz takes: what validate and plan say of them, what silences it, and what never reaches the service."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import WORKSPACE

EPOCH = {"SOURCE_DATE_EPOCH": "1767600000"}  # 2026-01-05T08:00:00Z
UNEVEN = "0 */45 * * * ?"


@pytest.fixture
def declare(write):
    """Declare one schedule with a cron, and a comment behind it."""

    def one(cron, comment=""):
        write(
            "tenants/acme.yaml",
            f'tenant: acme\nschedules:\n  - code: "1"\n    name: 订单同步\n    cron: "{cron}" {comment}\n',
        )

    return one


@pytest.fixture
def settle(write, service):
    """Write the workspace anew, with more at its end, or below `service:`."""

    def one(more="", *, settings=""):
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + settings + more)

    return one


def rules(document):
    return [(finding["severity"], finding["rule"]) for finding in document["findings"]]


def test_a_suspicious_cron_is_shown_at_its_characters_and_fails_nothing(program, declare):
    declare(UNEVEN)
    ended = program("validate")
    assert (ended.code, ended.err) == (0, "")
    assert (
        ended.out
        == """\
Validated 1 schedule of 1 tenant

Findings:
schedules/tenants/acme.yaml:5:14: warning: uneven-step: cron: minute */45 does not come out even: 45 is followed by 0 \
after 15, not after 45
        cron: "0 */45 * * * ?"
                 ^^^^
    hint: write the values out, or take a step that divides 60, such as 30

Found 1 warning.
"""
    )


@pytest.mark.parametrize(
    "severity, code",
    [
        pytest.param("error", 0, id="error"),
        pytest.param("warning", 1, id="warning"),
        pytest.param("note", 1, id="note"),
    ],
)
def test_fail_severity_says_what_fails(program, declare, severity, code):
    declare(UNEVEN)
    assert program("validate", "--fail-severity", severity).code == code


@pytest.mark.parametrize(
    "severity, code, found",
    [
        pytest.param("none", 0, [], id="none-switches-it-off"),
        pytest.param("note", 0, [("note", "uneven-step")], id="note"),
        pytest.param("warning", 0, [("warning", "uneven-step")], id="warning"),
        pytest.param("error", 1, [("error", "uneven-step")], id="error"),
    ],
)
def test_the_workspace_says_how_bad_a_rule_is(program, declare, settle, severity, code, found):
    declare(UNEVEN)
    settle(f"rules: {{uneven-step: {severity}}}\n")
    ended, document = program.json("validate")
    assert (ended, rules(document)) == (code, found)


def test_a_rule_that_is_an_error_keeps_a_plan_from_being_made(program, declare, settle, service):
    declare(UNEVEN)
    settle("rules: {uneven-step: error}\n")
    ended = program("plan")
    assert (ended.code, "uneven-step: cron: minute */45" in ended.out) == (1, True)
    assert service.queries == []


def test_a_plan_shows_what_is_suspicious_and_is_made(program, declare, service):
    declare(UNEVEN)
    service.put("acme", "1", "0 0 2 * * ?")
    code, document = program.json("plan", "--detailed-exitcode")
    assert (code, rules(document)) == (2, [("warning", "uneven-step")])
    assert "warning: uneven-step: cron: minute */45" in program("plan").out


def test_the_workspace_says_how_many_fires_a_day_are_too_many(program, declare, settle):
    declare("0 * * * * ?")
    assert rules(program.json("validate")[1]) == []
    settle("limits: {max_fires_per_day: 1439}\n")
    assert rules(program.json("validate")[1]) == [("warning", "too-many-fires")]


def test_a_fire_in_a_gap_is_found_in_the_zone_of_an_environment(program, declare, settle):
    declare("0 30 2 * * ?")
    assert program("validate", **EPOCH).out.endswith("No findings.\n")
    settle("    timezone: America/New_York\n")
    assert "does not fire at 02:30 on 2026-03-08: clocks in America/New_York" in program("validate", **EPOCH).out


def test_a_comment_silences_one_rule_of_its_schedule(program, declare, service):
    declare(UNEVEN, "# reconcile: ignore uneven-step the partner counts so")
    service.put("acme", "1", "0 0 2 * * ?")
    assert program("validate").out.endswith("No findings.\n")
    assert rules(program.json("plan")[1]) == []


def test_a_comment_silences_nothing_of_the_next_schedule(program, write):
    write(
        "tenants/acme.yaml",
        f"""\
tenant: acme
schedules:
  - code: "1"
    name: a
    # reconcile: ignore uneven-step the partner counts so
    cron: "{UNEVEN}"
  - code: "2"
    name: b
    cron: "{UNEVEN}"
""",
    )
    _, document = program.json("validate")
    assert [(finding["rule"], finding["place"]["line"]) for finding in document["findings"]] == [("uneven-step", 9)]


@pytest.mark.parametrize(
    "cron, comment, code, found",
    [
        pytest.param(
            "0 0 2 * * ?",
            "uneven-step the partner counts so",
            0,
            [("warning", "unused-ignore")],
            id="nothing-to-silence",
        ),
        pytest.param(UNEVEN, "uneven-step", 0, [("warning", "ignore-without-reason")], id="no-reason"),
        pytest.param(
            UNEVEN,
            "unven-step the partner counts so",
            1,
            [("warning", "uneven-step"), ("error", "unknown-rule")],
            id="unknown-rule",
        ),
        pytest.param(
            "0 0 2 0W * ?",
            "breaks-quartz we are brave",
            1,
            [("error", "breaks-quartz"), ("error", "unknown-rule")],
            id="no-rule-to-silence",
        ),
    ],
)
def test_a_comment_that_does_not_help_is_a_finding(program, declare, cron, comment, code, found):
    declare(cron, f"# reconcile: ignore {comment}")
    ended, document = program.json("validate")
    assert (ended, rules(document)) == (code, found)


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
@pytest.mark.parametrize(
    "cron, rule",
    [
        pytest.param("0 0 2 0W * ?", "breaks-quartz", id="0W"),
        pytest.param("0 0 2 L-30W * ?", "breaks-quartz", id="L-30W"),
        pytest.param(", 0 2 * * ?", "breaks-quartz", id="no-seconds"),
        pytest.param("0 0 2 * * ? 1970-2147483647", "cron-syntax", id="endless-years"),
    ],
)
def test_what_hangs_or_throws_inside_quartz_never_reaches_the_service(program, declare, service, command, cron, rule):
    declare(cron)
    code, document = program.json(command, *(["--yes"] if command == "apply" else []))
    assert (code, rules(document)) == (1, [("error", rule)])
    assert (service.queries, service.saves) == ([], [])


@pytest.mark.parametrize(
    "cron, of_2_3, of_2_5",
    [
        pytest.param("0 0 2 * * ? * x", [("warning", "ignored-fields")], [("error", "cron-syntax")], id="eight-fields"),
        pytest.param("0 0 2 15W,20W * ?", [("warning", "partly-read-list")], [], id="several-W"),
        pytest.param("0 0 2 L,15 * ?", [("error", "cron-syntax")], [], id="L-in-a-list"),
    ],
)
def test_crons_are_read_as_the_quartz_of_the_service_reads_them(program, declare, settle, cron, of_2_3, of_2_5):
    declare(cron)
    assert rules(program.json("validate")[1]) == of_2_3
    settle(settings='      quartz: "2.5"\n')
    assert rules(program.json("validate")[1]) == of_2_5


def test_a_plan_shows_an_h_as_declared_and_as_what_it_stands_for(program, declare, service):
    declare("0 H H(1-4) * * ?")
    assert program("validate").out.endswith("No findings.\n")
    text, markdown = program("plan").out, program("plan", "--format", "markdown").out
    assert "\n      cron      absent → 0 36 4 * * ?\n      declared  0 H H(1-4) * * ?\n" in text
    assert r"cron: `absent → 0 36 4 * * ?`<br>declared: `0 H H(1-4) * * ?`" in markdown
    _, document = program.json("plan")
    (change,) = document["changes"]
    assert (change["desired"]["cron"], change["desired"]["declared_cron"]) == ("0 36 4 * * ?", "0 H H(1-4) * * ?")
    assert program("apply", "--yes").code == 0
    assert [cron for _, _, cron, _ in service.saves] == ["0 36 4 * * ?"]
    assert program("plan", "--detailed-exitcode").code == 0


def test_a_wrong_h_is_shown_at_its_characters(program, declare):
    declare("0 H(50-70) 2 * * ?")
    ended = program("validate")
    assert ended.code == 1
    assert (
        '        cron: "0 H(50-70) 2 * * ?"\n                 ^^^^^^^^\n    hint: Quartz field 2 is the minute\n'
        in ended.out
    )
