"""Bad input gets a clear error, and nothing is lost."""

from __future__ import annotations

import json
import threading

import pytest

from tests.journeys.conftest import TENANT, WORKSPACE
from tests.journeys.service import rows

HTML = (200, b"<!DOCTYPE html><html><body>Please log in</body></html>")


def only_queries(answer):
    """Answer queries, and nothing else, with *answer*."""
    return lambda tenant, body: answer if "codes" in body else None


@pytest.fixture
def twenty(write):
    """Twenty tenants with one schedule each."""
    for number in range(1, 20):
        write(f"tenants/t{number}.yaml", TENANT.split('  - code: "2"')[0].replace("acme", f"t{number}"))


@pytest.fixture
def settle(write, service):
    """Write the workspace anew, with more below `service:`."""

    def one(more: str, timeout: str = "2s") -> None:
        text = WORKSPACE.format(url=service.url).replace("timeout: 60s", f"timeout: {timeout}")
        write("reconcile.yaml", text + more)

    return one


def test_no_workspace(program):
    ended = program("plan", "--dir", "nowhere")
    assert (ended.code, ended.out) == (1, "")
    assert "nowhere" in ended.err
    assert "hint: " in ended.err


def test_an_empty_workspace_file(program, write):
    write("reconcile.yaml", "")
    ended = program("validate")
    assert (ended.code, "schedules/reconcile.yaml:1:1: empty-file" in ended.out) == (1, True)


def test_a_folder_that_holds_no_tenant(program, tmp_path):
    (tmp_path / "schedules" / "tenants" / "acme.yaml").unlink()
    ended = program("validate")
    assert (ended.code, "no-tenant" in ended.out) == (1, True)


def test_an_environment_that_does_not_exist_is_told_with_the_near_one(program):
    ended = program("plan", "--env", "tset")
    assert (ended.code, ended.err) == (1, "error: there is no environment 'tset'\n    hint: did you mean test?\n")


def test_a_variable_that_is_not_set_is_named_and_validate_works_without_it(program, settle):
    settle("")
    program.folder.joinpath("schedules/reconcile.yaml").write_text(
        WORKSPACE.format(url="http://127.0.0.1:1").replace(
            "    timeout", "    headers: {X: '${NOT_SET}'}\n    timeout"
        ),
        encoding="utf-8",
    )
    assert program("validate").code == 0
    ended = program("plan")
    assert ended.code == 1
    assert "NOT_SET" in ended.err


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("git+/srv/ledgers.git", id="git-and-a-path"),
        pytest.param("git+ext::sh", id="git-and-a-program"),
        pytest.param("postgresql://h:x/d", id="no-port"),
        pytest.param("postgresql://u:p@x@h/d", id="an-at-in-a-password"),
    ],
)
@pytest.mark.parametrize("is_of_environment", [False, True], ids=["of-the-workspace", "of-an-environment"])
def test_a_ledger_that_apply_refuses_is_a_finding_of_validate_in_the_same_words(
    program, write, service, setting, is_of_environment
):
    text = WORKSPACE.format(url=service.url)
    line = f'ledger: "{setting}"\n'
    text = text.replace("    timeout:", f"    {line}    timeout:") if is_of_environment else text + line
    write("reconcile.yaml", text)
    code, found = program.json("validate")
    (finding,) = found["findings"]
    assert (code, finding["rule"], finding["place"]["file"]) == (1, "bad-ledger", "schedules/reconcile.yaml")
    _, refused = program.json("apply", "--yes")
    assert finding["message"] in refused["errors"][0]["message"]
    assert finding["hint"] in refused["errors"][0]["hint"]


@pytest.mark.parametrize(
    "setting",
    [
        "${LEDGER}",
        "postgresql://${A}:${B}@${C}:${D}/${E}",
        "git+ssh://${A}@${B}/x.git",
        "git+${A}",
        "git+origin",
        "none",
    ],
)
def test_validate_knows_no_variable_of_the_ledger_and_misses_none(program, write, service, setting):
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + f'ledger: "{setting}"\n')
    assert program.json("validate", RECONCILE_TRUSTED_HOSTS="db.example.com")[1]["findings"] == []


def test_a_service_that_is_down_makes_every_key_unreadable(program, write):
    write("reconcile.yaml", WORKSPACE.format(url="http://127.0.0.1:1"))
    code, plan = program.json("plan")
    assert (code, plan["complete"], plan["changes"]) == (1, False, [])
    assert plan["summary"]["unreadable"] == 3
    assert "no connection (http://127.0.0.1:1: Connection refused)" in plan["attention"][0]["message"]


def test_one_tenant_of_twenty_that_answers_503_is_unreadable_and_the_others_are_shown(program, service, twenty):
    asked = []

    def busy(tenant, body):
        if tenant != "acme":
            return None
        asked.append(body["codes"])
        return 503, b"busy"

    service.hook = busy
    code, plan = program.json("plan")
    assert (code, plan["complete"]) == (1, False)
    assert set(asked) == {"1,2,3"}, "an outage says nothing about single codes: no batch is split"
    assert {entry["tenant"] for entry in plan["attention"]} == {"acme"}
    assert {change["tenant"] for change in plan["changes"]} == {f"t{number}" for number in range(1, 20)}


@pytest.mark.parametrize(
    "answer, words",
    [
        pytest.param(HTML, "login page", id="html"),
        pytest.param((302, b""), "login page", id="redirect"),
        pytest.param((200, b""), "empty", id="empty-body"),
        pytest.param((200, b"{}"), "resp_data", id="empty-object"),
        pytest.param((200, b'{"resp_data": null}'), "resp_data", id="null"),
        pytest.param((200, b'{"resp_data": [{"jobinf'), "JSON", id="half-a-document"),
        pytest.param(
            rows({"jobinfoid": "1", "cronexpression": "0 0 2 * * ?", "bizcode": "77", "jobstatus": "enable"}),
            "77",
            id="a-code-nobody-asked-for",
        ),
        pytest.param(
            rows({"jobinfoid": 5.5, "cronexpression": "0 0 2 * * ?", "bizcode": "1", "jobstatus": "enable"}),  # type: ignore[dict-item]
            "jobinfoid",
            id="a-fraction-for-an-id",
        ),
    ],
)
def test_an_answer_that_cannot_be_trusted_makes_keys_unreadable_and_never_absent(program, service, answer, words):
    service.hook = only_queries(answer)
    code, plan = program.json("plan")
    assert (code, plan["summary"]["create"], plan["summary"]["unreadable"]) == (1, 0, 3)
    assert words in " ".join(f"{entry['message']} {entry['hint']}" for entry in plan["attention"])


@pytest.mark.slow
def test_a_silent_service_is_given_up_in_bounded_time_and_the_message_names_the_setting(program, service, settle):
    over = threading.Event()

    def silent(*_):
        over.wait(30)

    settle("", timeout="1s")
    service.hook = silent
    code, plan = program.json("plan")
    over.set()
    assert (code, plan["summary"]["unreadable"], plan["changes"]) == (1, 3, [])
    assert f"no answer in time ({service.url}: timeout is 1 s); tried 4 times" in plan["attention"][0]["message"]
    assert "timeout" in plan["attention"][0]["hint"]


def test_the_text_of_a_plan_holds_the_id_that_the_docs_explain(program, service):
    service.hook = only_queries(HTML)
    out = program("plan").out
    assert "why      login-page: tenant acme: query: HTTP 200" in out


def test_more_keys_in_a_row_than_documented_are_no_matter(program, service):
    service.put("acme", "1", "0 0 2 * * ?")
    service.jobs["acme", "1"][0]["more"] = "x"
    code, plan = program.json("plan")
    assert (code, plan["summary"]["unchanged"]) == (0, 1)


def test_a_service_that_cuts_long_lists_makes_no_creates(program, service, write):
    entries = "".join(f'  - {{code: "{n}", name: job, cron: "0 0 2 * * ?"}}\n' for n in range(100, 180))
    write("tenants/acme.yaml", f"tenant: acme\nschedules:\n{entries}")
    for n in range(100, 180):
        service.put("acme", str(n), "0 0 2 * * ?")

    def cut(tenant, body):
        if "codes" not in body:
            return None
        asked = body["codes"].split(",")[:50]
        return rows(*(service.jobs[tenant, code][0] for code in asked))

    service.hook = cut
    code, plan = program.json("plan")
    assert (code, plan["summary"]["create"]) == (1, 0)
    assert "batch-truncated" in json.dumps(plan)


def test_a_service_that_errors_for_unknown_codes_names_the_setting_which_then_helps(program, service, settle):
    def error(_, body):
        if "codes" not in body or set(body["codes"].split(",")) <= {code for _, code in service.jobs}:
            return None
        return 200, '{"resp_code": "E404", "resp_msg": "无此任务"}'.encode()

    service.hook = error
    code, plan = program.json("plan")
    assert (code, plan["summary"]["create"]) == (1, 0)
    assert "unknown_code" in json.dumps(plan)
    settle("      unknown_code: {resp_code: E404}\n")
    code, plan = program.json("plan")
    assert (code, plan["summary"]["create"]) == (0, 3)


@pytest.mark.parametrize(
    "text, words",
    [
        pytest.param("tenant: acme\nschedules:\n\t- code: 1\n", ":3:1: ", id="tab"),
        pytest.param("tenant: acme\nschedules:\n  - code: 1085431505565651039\n", "quote", id="unquoted-code"),
        pytest.param("tenant: no\nschedules: []\n", "quote", id="tenant-no"),
        pytest.param("[" * 100_000, "too-deep", id="nested-brackets"),
        pytest.param("a: &a [x]\nb: [*a, *a]\n", "anchor", id="alias"),
        pytest.param(
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)),
            "alias",
            id="alias-bomb",
        ),
    ],
)
def test_a_file_with_a_mistake_is_told_with_place_and_hint(program, write, text, words):
    write("tenants/bad.yaml", text)
    ended = program("validate")
    assert ended.code == 1
    assert "schedules/tenants/bad.yaml:" in ended.out
    assert words in ended.out
    assert "hint: " in ended.out


def test_a_file_that_is_no_utf_8(program, tmp_path):
    (tmp_path / "schedules" / "tenants" / "gbk.yaml").write_bytes("tenant: 订单".encode("gbk"))
    ended = program("validate")
    assert (ended.code, "UTF-8" in ended.out) == (1, True)


def test_the_same_key_in_two_files_is_told_with_both_places(program, write):
    write("tenants/acme-too.yaml", TENANT)
    ended = program("validate")
    assert ended.code == 1
    assert "schedules/tenants/acme.yaml:" in ended.out
    assert "schedules/tenants/acme-too.yaml:" in ended.out


@pytest.fixture
def planned(program, tmp_path):
    """A plan file, as a document that can be changed and written back."""
    program("plan", "--out", "plan.json")
    path = tmp_path / "plan.json"
    return path, json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "edit, words",
    [
        pytest.param({"format_version": "2.0"}, "format_version '2.0'", id="another-version"),
        pytest.param({"kind": "drift"}, "kind is 'drift'", id="another-kind"),
        pytest.param({"environment": "prod"}, "was edited", id="another-environment"),
        pytest.param({"changes": []}, "was edited", id="fewer-changes"),
        pytest.param({"changes": [{}]}, "changes/0", id="no-change"),
        pytest.param({"more": 1}, "more", id="another-key"),
    ],
)
def test_a_plan_file_that_was_edited_is_refused(program, service, planned, edit, words):
    path, document = planned
    path.write_text(json.dumps(document | edit), encoding="utf-8")
    ended = program("apply", "plan.json", "--yes")
    assert (ended.code, ended.out, service.saves) == (1, "", [])
    assert words in ended.err
    assert "hint: " in ended.err


def test_a_cron_slipped_into_a_plan_file_is_noticed(program, service, planned):
    path, _ = planned
    path.write_text(path.read_text(encoding="utf-8").replace("0 0 2 * * ?", "0 0 3 * * ?"), encoding="utf-8")
    assert "was edited" in program("apply", "plan.json", "--yes").err
    assert service.saves == []


@pytest.mark.parametrize(
    "raw, words",
    [
        pytest.param(b"", "cut short", id="empty"),
        pytest.param(b'{"format_version": "1.0", "kind"', "cut short", id="cut"),
        pytest.param(b"{]", "not JSON", id="no-json"),
        pytest.param(b"[]", "no JSON object", id="a-list"),
        pytest.param(b"{}", "no format_version", id="another-object"),
        pytest.param(b"\xff", "is not UTF-8", id="no-utf-8"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="nested"),
    ],
)
def test_a_file_that_is_no_plan_is_told(program, tmp_path, raw, words):
    (tmp_path / "plan.json").write_bytes(raw)
    ended = program("show", "plan.json")
    assert (ended.code, words in ended.err) == (1, True)


def test_a_plan_file_that_is_not_there_or_a_folder(program):
    assert "there is no plan file" in program("show", "none.json").err
    assert "cannot be read" in program("show", "schedules").err


def test_a_plan_for_another_environment_is_refused(program, planned):
    ended = program("apply", "plan.json", "--yes", "--env", "other")
    assert (ended.code, "made for the environment test, not for other" in ended.err) == (1, True)


def test_a_saved_plan_is_not_applied_in_part(program, planned):
    ended = program("apply", "plan.json", "--yes", "--code", "1")
    assert (ended.code, "applied whole" in ended.err) == (1, True)


def test_without_a_terminal_and_without_yes_apply_refuses(program, service):
    ended = program("apply")
    assert (ended.code, service.saves) == (1, [])
    assert "--yes" in ended.err


def test_a_place_that_cannot_be_written_fails_the_run_and_shows_the_plan_all_the_same(program, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    ended = program("plan", "--out", "file/plan.json", "--format", "json")
    assert ended.code == 1
    assert "file/plan.json could not be written" in ended.err
    assert len(ended.document["changes"]) == 3
    assert ended.document["errors"][0]["kind"] == "output"


@pytest.mark.parametrize(
    "arguments, words",
    [
        pytest.param(["plna"], "did you mean plan?", id="a-command-mistyped"),
        pytest.param(["frobnicate"], "commands: validate", id="no-command"),
        pytest.param(["plan", "--nope"], "--nope", id="no-option"),
        pytest.param(["plan", "--label", "tier"], "--label tier=gold", id="a-label-without-value"),
        pytest.param(["plan", "--label", "tier=gold"], "is on no schedule", id="a-label-of-nothing"),
        pytest.param(["plan", "--tenant", "acne"], "did you mean acme?", id="a-tenant-mistyped"),
        pytest.param(["plan", "--code", "9"], "declared nowhere", id="a-code-of-nothing"),
        pytest.param(["plan", "--report", "pdf=x"], "formats: text, json, markdown", id="no-format"),
        pytest.param(["plan", "--parallelism", "0"], "--parallelism", id="no-parallelism"),
        pytest.param(["history", "a b", "1"], "TENANT 'a b'", id="no-tenant-code"),
        pytest.param(["validate", "nowhere"], "nowhere does not exist", id="no-path"),
        pytest.param(["schema", "plam"], "schemas: ", id="no-schema"),
    ],
)
def test_a_mistake_on_the_command_line_exits_one_and_says_what_to_do(program, arguments, words):
    ended = program(*arguments)
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err


def test_an_error_is_a_document_in_json(program):
    code, document = program.json("plan", "--env", "nope")
    assert (code, document["kind"], document["complete"]) == (1, "error", False)
    assert document["errors"][0]["kind"] == "setting"


def test_errors_of_declarations_are_in_the_document_that_a_plan_would_have_been(program, write):
    write("tenants/bad.yaml", "tenant: no\n")
    code, document = program.json("plan")
    assert (code, document["kind"]) == (1, "error")
    assert document["findings"]


@pytest.mark.parametrize("option", ["--soak", "--soak-limit", "--lock-timeout"])
def test_a_duration_beyond_a_year_is_a_usage_error_that_names_its_option(program, service, option):
    ended = program("apply", "--yes", option, "99999999999999h")
    assert (ended.code, service.saves) == (1, [])
    assert option in ended.err
    assert "365d is the longest duration" in ended.err
