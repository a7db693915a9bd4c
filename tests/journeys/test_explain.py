"""`explain`: offline, with or without a workspace."""

from __future__ import annotations

import pytest

EPOCH = {"SOURCE_DATE_EPOCH": "1767600000"}  # 2026-01-05T08:00:00Z


def test_it_needs_no_workspace_and_no_service(program, service, tmp_path):
    (tmp_path / "schedules" / "reconcile.yaml").unlink()
    ended = program("explain", "0 0 2 * * ?", **EPOCH)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("0 0 2 * * ?: At 02:00, every day\n")
    assert service.saves == []


def test_a_broken_workspace_is_not_even_read(program, write):
    write("reconcile.yaml", "{{{")
    assert program("explain", "0 0 2 * * ?").code == 0


def test_fires_are_later_than_now_in_the_zone(program):
    code, document = program.json("explain", "0 0 2 * * ?", "--timezone", "Asia/Shanghai", "--count", "1", **EPOCH)
    assert code == 0
    assert document["fires"] == [{"local": "2026-01-06T02:00:00+08:00", "utc": "2026-01-05T18:00:00+00:00"}]


def test_the_words_can_be_chinese(program):
    assert "每天 02:00" in program("explain", "0 0 2 * * ?", "--lang", "zh").out


def test_years_end_a_hundred_years_from_now(program):
    _, document = program.json("explain", "0 0 2 1 1 ? 2126/1", "--count", "9", **EPOCH)
    assert [fire["utc"][:4] for fire in document["fires"]] == ["2126"]


def test_what_never_fires_says_so(program):
    assert program("explain", "0 0 2 30 2 ?").out.endswith("It never fires.\n")


def test_another_spelling_is_no_difference(program):
    ended = program("explain", "0 0/30 * * * ?", "--against", "0 */30 * ? * * *")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "Both fire at the same times.")


def test_a_difference_is_exit_code_2(program):
    code, document = program.json("explain", "0 0 2 * * ?", "--against", "0 0 3 * * ?", "--count", "1", **EPOCH)
    assert (code, document["against"]["same"]) == (2, False)
    assert document["against"]["only_there"][0]["utc"] == "2026-01-06T03:00:00+00:00"


@pytest.mark.parametrize(
    "arguments, place",
    [
        pytest.param(["0 61 2 * * ?"], "<cron>:1:3", id="cron"),
        pytest.param(["0 0 2 * * ?", "--against", "0 61 2 * * ?"], "<against>:1:3", id="against"),
    ],
)
def test_a_refused_expression_is_shown_with_carets(program, arguments, place):
    ended = program("explain", *arguments)
    assert ended.code == 1
    assert f"{place}: Minute and Second values" in ended.err
    assert "\n    0 61 2 * * ?\n      ^^\n    hint: " in ended.out


def test_a_refused_expression_is_an_error_in_json_too(program):
    code, document = program.json("explain", "0 0 8 ？ * MON")
    (error,) = document["errors"]
    assert (code, document["kind"], error["kind"]) == (1, "error", "cron-syntax")
    assert (error["place"]["column"], error["hint"]) == (7, "？ is a full-width character; write ?")


@pytest.mark.parametrize(
    "zone, hint",
    [
        pytest.param("Asia/Shangai", "did you mean Asia/Shanghai?", id="near"),
        pytest.param("../../x", "write an IANA name", id="far"),
    ],
)
def test_an_unknown_zone_is_an_error_with_a_near_name(program, zone, hint):
    ended = program("explain", "0 0 2 * * ?", "--timezone", zone)
    assert (ended.code, ended.out) == (1, "")
    assert hint in ended.err


def test_markdown_has_tables(program):
    assert "| local | UTC |" in program("explain", "0 0 2 * * ?", "--format", "markdown").out


def test_findings_come_with_the_place_in_the_expression(program):
    ended = program("explain", "0 0 9 ? * 1-5")
    assert ended.code == 0
    assert "\n<cron>:1:11: warning: unix-weekdays: " in ended.out
    assert "\n    0 0 9 ? * 1-5\n              ^^^\n    hint: write MON-FRI " in ended.out
    code, document = program.json("explain", "0 0 9 ? * 1-5")
    (finding,) = document["findings"]
    assert (code, finding["rule"], finding["severity"]) == (0, "unix-weekdays", "warning")
    assert (finding["place"]["column"], finding["place"]["width"]) == (11, 3)


def test_a_fire_in_a_gap_is_found_in_the_zone_asked_for(program):
    assert "fire-in-gap" not in program("explain", "0 30 2 * * ?", **EPOCH).out
    assert "on 2026-03-08: clocks" in program("explain", "0 30 2 * * ?", "--timezone", "America/New_York", **EPOCH).out


def test_an_h_is_resolved_for_one_key(program):
    key = ("--tenant", "acme", "--code", "1085431505565651039")
    code, document = program.json("explain", "0 H 2 * * ?", *key)
    assert (code, document["declared_cron"], document["cron"]) == (0, "0 H 2 * * ?", "0 36 2 * * ?")


@pytest.mark.parametrize(
    "key", [[], ["--tenant", "acme"], ["--code", "1"], ["--tenant", "a", "--tenant", "b", "--code", "1"]]
)
def test_an_h_of_no_one_key_is_an_error(program, key):
    ended = program("explain", "0 H 2 * * ?", *key)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: H has another value for each tenant and code\n"
        "    hint: name the key, as in --tenant acme --code 1085431505565651039\n"
    )


def test_a_wrong_h_is_shown_with_carets(program):
    ended = program("explain", "0 H(50-70) 2 * * ?")
    assert (ended.code, "\n    0 H(50-70) 2 * * ?\n      ^^^^^^^^\n" in ended.out) == (1, True)


def test_another_version_of_quartz_reads_otherwise(program):
    older, newer = (program.json("explain", "0 0 2 15W,20W * ?", "--quartz", v)[1]["words"] for v in ("2.3", "2.5"))
    assert older.endswith("nearest to day 15 of the month")
    assert newer.endswith("nearest to day 15 and the weekday nearest to day 20 of the month")
    assert program("explain", "0 0 2 * * ? * x", "--quartz", "2.5").code == 1
