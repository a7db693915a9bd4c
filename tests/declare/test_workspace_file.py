"""The workspace file: its values and its findings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from reconcile.declare import load_workspace
from reconcile.declare.schema_check import schema
from reconcile.errors import SettingError
from reconcile.model.rules import Severity, WorkspaceRule
from reconcile.model.workspace import (
    Environment,
    Limits,
    SaveEnables,
    SaveMode,
    UnknownCode,
    UnknownCodeMode,
)

URL = "http://127.0.0.1:8001"
WHOLE = schema("workspace")
SERVICE = WHOLE["$defs"]["environment"]["properties"]["service"]
HEAD = 'format_version: "1"\nworkspace: test\nenvironments:\n  here:\n'
LEAST = f"{HEAD}    url: http://127.0.0.1:8001\n"


def setting(line: str) -> str:
    """Return a good workspace with one more *line* in its environment, line 6."""
    return f"{LEAST}    {line}\n"


def service(line: str) -> str:
    """Return a good workspace with one *line* in its service block, line 7."""
    return f"{LEAST}    service:\n      {line}\n"


BAD_DURATIONS = [
    ("huge", "999999d", "out-of-range"),
    ("over-a-year", "366d", "out-of-range"),
    ("beyond-numbers", "99999999999999h", "wrong-form"),
    ("negative", "-5m", "wrong-form"),
    ("zero", "0s", "wrong-form"),
    ("nan", "nan", "wrong-form"),
    ("infinite", "inf", "wrong-form"),
    ("empty", "", "wrong-form"),
    ("arabic-digits", "٣s", "wrong-form"),
    ("exponent", "1e9s", "wrong-form"),
]


def freeze(*lines: str) -> str:
    """Return a good workspace with a freeze that begins in line 7, and has *lines* from line 8 on."""
    return f"{LEAST}freezes:\n  - reason: it is so\n" + "".join(f"    {line}\n" for line in lines)


@pytest.fixture
def load(tree):
    return lambda text: load_workspace("schedules", tree({"reconcile.yaml": text}))


@pytest.fixture
def environment_of(load):
    def give(text):
        workspace, findings = load(text)
        assert findings == ()
        return workspace.environments["here"]

    return give


def test_what_the_file_does_not_say_is_the_default(load):
    workspace, findings = load(LEAST)
    assert findings == ()
    assert (workspace.id, workspace.directory, workspace.default_environment) == ("test", "schedules", None)
    assert workspace.environments == {"here": Environment("here", "http://127.0.0.1:8001")}
    assert workspace.limits == Limits()


def test_environments_are_sorted_by_name(load):
    text = 'format_version: "1"\nworkspace: t\nenvironments: {b: {url: "http://b"}, a: {url: "http://a"}}\n'
    assert list(load(text)[0].environments) == ["a", "b"]


@pytest.mark.parametrize(
    "line, name, value",
    [
        pytest.param("timezone: Asia/Shanghai", "timezone", "Asia/Shanghai", id="timezone"),
        pytest.param("headers: {X-Key: 'a ${KEY}'}", "headers", {"X-Key": "a ${KEY}"}, id="variables-stay-text"),
        pytest.param("paths: ['*.yaml']", "paths", ("*.yaml",), id="paths"),
        pytest.param("tenants: [acme, 'shop-*']", "tenants", ("acme", "shop-*"), id="tenants"),
        pytest.param("batch_size: 50", "batch_size", 50, id="batch-size"),
        pytest.param("concurrency: 2", "concurrency", 2, id="concurrency"),
        pytest.param("rate: 50/s", "rate", 50.0, id="rate"),
        pytest.param("rate: 0.5/s", "rate", 0.5, id="slow-rate"),
        pytest.param("timeout: 30s", "timeout", timedelta(seconds=30), id="seconds"),
        pytest.param("timeout: 5m", "timeout", timedelta(minutes=5), id="minutes"),
        pytest.param("timeout: 2h", "timeout", timedelta(hours=2), id="hours"),
        pytest.param("timeout: 1d", "timeout", timedelta(days=1), id="days"),
        pytest.param("ca_bundle: ca.pem", "ca_bundle", "ca.pem", id="ca-bundle"),
        pytest.param("client_cert: me.pem", "client_cert", "me.pem", id="client-cert"),
        pytest.param("ledger: none", "ledger", "none", id="no-ledger"),
        pytest.param("ledger: file", "ledger", "file", id="ledger-file"),
        pytest.param("ledger: ${LEDGER_URL}", "ledger", "${LEDGER_URL}", id="ledger-variable"),
    ],
)
def test_a_setting_is_what_the_file_says(environment_of, line, name, value):
    assert getattr(environment_of(setting(line)), name) == value


# Where a setting stands, and the value of the model that it becomes a field of.
BLOCKS = {
    "environment": (WHOLE["$defs"]["environment"], lambda one: {"environments": {"here": {"url": URL, **one}}}),
    "service": (SERVICE, lambda one: {"environments": {"here": {"url": URL, "service": one}}}),
    "limits": (WHOLE["properties"]["limits"], lambda one: {"limits": one}),
    "workspace": (WHOLE, lambda one: one),
}
VALUES = {
    "environment": lambda workspace: workspace.environments["here"],
    "service": lambda workspace: workspace.environments["here"].service,
    "limits": lambda workspace: workspace.limits,
    "workspace": lambda workspace: workspace,
}
# What the least workspace says already, and what `BLOCKS` has by its own settings.
SAID = {"format_version", "workspace", "default_environment", "environments", "url", "limits", "service"}


@pytest.mark.parametrize(
    "block, name",
    [
        pytest.param(block, name, id=f"{block}-{name}")
        for block, (schema_of, _) in BLOCKS.items()
        for name in schema_of["properties"]
        if name not in SAID
    ],
)
def test_every_setting_that_a_file_may_hold_is_read(load, block, name):
    schema_of, written = BLOCKS[block]
    node = schema_of["properties"][name]
    node = WHOLE["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    example = next((one for one in node["examples"] if one != node.get("default")), "/elsewhere")
    least = {"format_version": "1", "workspace": "test", "environments": {"here": {"url": URL}}}
    plain, _ = load(json.dumps(least))
    changed, findings = load(json.dumps(least | written({name: example})))
    assert findings == ()
    before, after = (getattr(VALUES[block](workspace), name) for workspace in (plain, changed))
    assert before != after, f"reconcile/declare/workspace_file.py does not read {name}"


@pytest.mark.parametrize(
    "line, name, value",
    [
        pytest.param("query_path: /q", "query_path", "/q", id="query-path"),
        pytest.param("job_path: /base/j", "job_path", "/base/j", id="job-path"),
        pytest.param("unknown_code: null-row", "unknown_code", UnknownCode(UnknownCodeMode.NULL_ROW), id="null-row"),
        pytest.param(
            "unknown_code: {status: 404}", "unknown_code", UnknownCode(UnknownCodeMode.STATUS, "404"), id="status"
        ),
        pytest.param(
            "unknown_code: {resp_code: E1}",
            "unknown_code",
            UnknownCode(UnknownCodeMode.RESP_CODE, "E1"),
            id="resp-code",
        ),
        pytest.param(
            "unknown_code: {resp_code: 9}", "unknown_code", UnknownCode(UnknownCodeMode.RESP_CODE, "9"), id="number"
        ),
        pytest.param("save: upsert", "save", SaveMode.UPSERT, id="save"),
        pytest.param("save_enables: unknown", "save_enables", SaveEnables.UNKNOWN, id="save-enables-unknown"),
        pytest.param("save_enables: true", "save_enables", SaveEnables.TRUE, id="save-enables-true"),
        pytest.param("save_enables: false", "save_enables", SaveEnables.FALSE, id="save-enables-false"),
        pytest.param("unknown_code: null-data", "unknown_code", UnknownCode(UnknownCodeMode.NULL_DATA), id="null-data"),
        pytest.param('success_codes: [ok, "租户不存在"]', "success_codes", ("ok", "租户不存在"), id="success-codes"),
        pytest.param("active_status: [enable, ok]", "active_status", ("enable", "ok"), id="active-status"),
        pytest.param("success_status: [fine]", "success_status", ("fine",), id="success-status"),
        pytest.param('quartz: "2.5"', "quartz", "2.5", id="quartz"),
    ],
)
def test_a_service_setting_is_what_the_file_says(environment_of, line, name, value):
    assert getattr(environment_of(service(line)).service, name) == value


def test_none_is_no_limit(load):
    text = f"{LEAST}limits: {{max_changes: none, max_change_percent: 12.5, min_population: 3, max_creates: 7}}\n"
    assert load(text)[0].limits == Limits(None, 12.5, 3, 7, 20)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8001",
        "https://scheduler.example.com/base/path",
        "http://[::1]:8001",
        "http://${HOST}:${PORT}/base",
        "${URL}",
    ],
)
def test_a_url_may_be(load, url):
    workspace, findings = load(f"{HEAD}    url: '{url}'\n")
    assert findings == ()
    assert workspace.environments["here"].url == url


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("", "1:1 empty-file []", id="empty"),
        pytest.param("a list\n", "1:1 not-a-mapping [a list]", id="not-a-mapping"),
        pytest.param("[", "1:1 unclosed-bracket [[]", id="syntax"),
        pytest.param(LEAST.replace('"1"', "1"), "1:17 quote-this [1]", id="plain-version"),
        pytest.param(LEAST.replace('"1"', '"2"'), '1:17 not-one-of ["2"]', id="other-version"),
        pytest.param(
            'format_version: "1"\nworkspace: t\n', '1:1 missing-key [format_version: "1"]', id="no-environments"
        ),
        pytest.param(
            'format_version: "1"\nworkspace: t\nenvironments: {}\n', "3:15 too-short [{}]", id="empty-environments"
        ),
        pytest.param('format_version: "1"\nworkspace: t\nenvironments: a\n', "3:15 wrong-type [a]", id="text"),
        pytest.param(HEAD + "    timezone: UTC\n", "5:5 missing-key [timezone: UTC]", id="no-url"),
        pytest.param(HEAD, "4:3 empty-value [here]", id="empty-environment"),
        pytest.param(HEAD + "    url: 127.0.0.1:8001\n", "5:10 bad-url [127.0.0.1:8001]", id="no-scheme"),
        pytest.param(HEAD + "    url: ftp://a\n", "5:10 bad-url [ftp://a]", id="ftp"),
        pytest.param(HEAD + "    url: http://\n", "5:10 bad-url [http://]", id="no-host"),
        pytest.param(HEAD + "    url: http://a:b\n", "5:10 bad-url [http://a:b]", id="bad-port"),
        pytest.param(HEAD + "    url: http://a:99999\n", "5:10 bad-url [http://a:99999]", id="far-port"),
        pytest.param(HEAD + '    url: "http://[::1"\n', '5:10 bad-url ["http://[::1"]', id="bad-ipv6"),
        pytest.param(HEAD + '    url: "http://a b"\n', '5:10 bad-url ["http://a b"]', id="blank-in-url"),
        pytest.param(HEAD + "    url: http://例.cn\n", "5:10 bad-url [http://例.cn]", id="not-ascii"),
        pytest.param(HEAD + "    url: http://u:p@a\n", "5:10 credentials-in-url [http://u:***]", id="credentials"),
        pytest.param(HEAD + "    url: http://a/?q=1\n", "5:10 bad-url [http://a/?q=1]", id="query"),
        pytest.param(HEAD + '    url: "http://a/#"\n', '5:10 bad-url ["http://a/#"]', id="fragment"),
        pytest.param(HEAD + "    url: http://${1A}\n", "5:17 bad-variable [${]", id="bad-variable"),
        pytest.param(setting("timezone: Asia/Shanghia"), "6:15 unknown-timezone [Asia/Shanghia]", id="timezone"),
        pytest.param(setting("timezone: ../etc/passwd"), "6:15 unknown-timezone [../etc/passwd]", id="path-as-zone"),
        pytest.param(setting("timezone: Asia"), "6:15 unknown-timezone [Asia]", id="folder-as-zone"),
        pytest.param(setting("rate: 50"), "6:11 quote-this [50]", id="rate-without-unit"),
        pytest.param(setting("rate: 0/s"), "6:11 wrong-form [0/s]", id="rate-of-nothing"),
        pytest.param(setting("timeout: 10"), "6:14 quote-this [10]", id="duration-without-unit"),
        pytest.param(setting("timeout: 10 s"), "6:14 wrong-form [10 s]", id="duration-with-a-blank"),
        *(
            pytest.param(setting(f"timeout: {text!r}"), f"6:14 {rule}", id=f"timeout-{name}")
            for name, text, rule in BAD_DURATIONS
        ),
        *(
            pytest.param(freeze(f"near_fire: {text!r}"), f"8:16 {rule}", id=f"near-fire-{name}")
            for name, text, rule in BAD_DURATIONS
        ),
        pytest.param(setting("batch_size: 0"), "6:17 out-of-range [0]", id="batch-of-nothing"),
        pytest.param(setting("batch_size: ten"), "6:17 wrong-type [ten]", id="batch-in-words"),
        pytest.param(setting("concurrency: 1000"), "6:18 out-of-range [1000]", id="too-concurrent"),
        pytest.param(setting("headers: {tecode: a}"), "6:15 own-header [tecode]", id="own-header"),
        pytest.param(setting("headers: {X-Key: 钥匙}"), "6:22 bad-header [钥匙]", id="not-latin-1"),
        pytest.param(setting("headers: {X-Key: 'a ${b-c}'}"), "6:25 bad-variable [${]", id="header-variable"),
        pytest.param(setting("headers: {'X Key': a}"), "6:15 wrong-form ['X Key']", id="header-name"),
        pytest.param(setting("headers: {X-Key: 1}"), "6:22 quote-this [1]", id="header-number"),
        pytest.param(setting("tenants: []"), "6:14 too-short [[]]", id="no-tenants"),
        pytest.param(setting("ledger: mysql://x/y"), "6:13 wrong-form [mysql://x/y]", id="ledger"),
        pytest.param(setting("freezes: []"), "6:5 unknown-key [freezes]", id="freezes-in-an-environment"),
        pytest.param(setting("timzone: UTC"), "6:5 unknown-key [timzone]", id="unknown-key"),
        pytest.param(service("quartz: 2.5"), "7:15 quote-this [2.5]", id="plain-quartz"),
        pytest.param(service("save: upsrt"), "7:13 not-one-of [upsrt]", id="save"),
        pytest.param(service("save_enables: yes"), "7:21 not-one-of [yes]", id="yes"),
        pytest.param(service("unknown_code: nothing"), "7:21 not-one-of [nothing]", id="unknown-code-word"),
        pytest.param(service("unknown_code: {}"), "7:21 too-short [{}]", id="unknown-code-nothing"),
        pytest.param(service("unknown_code: {status: 404, resp_code: a}"), "7:21 too-long", id="unknown-code-both"),
        pytest.param(service("unknown_code: {status: 9}"), "7:30 out-of-range [9]", id="unknown-code-status"),
        pytest.param(service("query_path: q"), "7:19 wrong-form [q]", id="relative-path"),
        pytest.param(
            LEAST + "default_environment: hree\n", "6:22 unknown-environment [hree]", id="default-environment"
        ),
        pytest.param(LEAST + "on_drift: keep\n", "6:11 not-one-of [keep]", id="on-drift"),
        pytest.param(freeze("weekly: FRI"), "8:13 wrong-form [FRI]", id="half-a-week"),
        pytest.param(
            freeze("weekly: MON 08:00 - MON 08:00"), "8:13 freeze-empty [MON 08:00 - MON 08:00]", id="no-week"
        ),
        pytest.param(freeze('from: "2026-12-31T00:00"'), "7:5 missing-key", id="freeze-without-end"),
        pytest.param(freeze('to: "2026-12-31T00:00"'), "7:5 missing-key", id="freeze-without-start"),
        pytest.param(
            freeze("to: 2026-12-31", 'from: "2026-12-30T00:00"'), "8:9 quote-this [2026-12-31]", id="plain-date"
        ),
        pytest.param(
            freeze('from: "2026-12-31T00:00"', 'to: "2026-12-31T00:00"'), "9:9 freeze-empty", id="freeze-of-no-time"
        ),
        pytest.param(
            freeze('from: "2026-02-30T00:00"', 'to: "2026-12-31T00:00"'), "8:11 no-such-date", id="february-30"
        ),
        pytest.param(freeze("near_fire: 5m", "weekly: SAT 00:00 - MON 00:00"), "7:5 freeze-when", id="two-freezes"),
        pytest.param(freeze("timezone: UTC"), "7:5 freeze-when", id="freeze-without-time"),
        pytest.param(freeze("near_fire: 5m", "timezone: Mars"), "9:15 unknown-timezone [Mars]", id="freeze-zone"),
        pytest.param(LEAST + "freezes: [1]\n", "6:11 wrong-type [1]", id="freeze-that-is-a-number"),
        pytest.param(LEAST + "freezes: 1\n", "6:10 wrong-type [1]", id="freezes-that-are-a-number"),
        pytest.param(freeze("from: 1", 'to: "2026-12-31T00:00"'), "8:11 quote-this [1]", id="number-for-a-time"),
        pytest.param(LEAST + "rules: {never-fire: note}\n", "6:9 unknown-key [never-fire]", id="unknown-rule"),
        pytest.param(LEAST + "rules: {never-fires: bad}\n", "6:22 not-one-of [bad]", id="rule-severity"),
        pytest.param(LEAST + "limits: {max_creates: few}\n", "6:23 not-one-of [few]", id="limit-in-words"),
        pytest.param(LEAST + "limits: {max_changes: -1}\n", "6:23 out-of-range [-1]", id="negative-limit"),
        pytest.param(LEAST + "limits: {max_change_percent: 101}\n", "6:30 out-of-range [101]", id="percent"),
        pytest.param(LEAST + "limits: {max_changes: 1.5}\n", "6:23 wrong-type [1.5]", id="half-a-change"),
    ],
)
def test_a_bad_workspace_gets_a_finding_at_its_characters(load, sketch_of, text, expected):
    workspace, findings = load(text)
    assert workspace is None
    assert sketch_of(findings[0]).startswith(expected)
    assert findings[0].hint


def test_every_finding_of_the_workspace_comes_in_one_run(load, sketch_of):
    text = setting("timezone: Nowhere").replace("http", "ftp").replace('"1"', "1") + "on_drift: keep\nx: z\n"
    assert [sketch_of(finding) for finding in load(text)[1]] == [
        "1:17 quote-this [1]",
        "5:10 bad-url [ftp://127.0.0.1:8001]",
        "6:15 unknown-timezone [Nowhere]",
        "7:11 not-one-of [keep]",
        "8:1 unknown-key [x]",
    ]


def test_a_folder_without_a_workspace_is_an_error_that_names_it(tree):
    with pytest.raises(SettingError, match=r"^schedules/reconcile\.yaml: there is no workspace file") as caught:
        load_workspace("schedules", tree({"tenants/a.yaml": "tenant: a\n"}))
    assert "--dir" in caught.value.hint


def test_a_workspace_file_of_another_name_is_told(tree):
    with pytest.raises(SettingError) as caught:
        load_workspace(".", tree({"reconcile.yml": LEAST}))
    assert caught.value.hint == "rename reconcile.yml to reconcile.yaml"


def test_no_variable_need_be_set(load, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    assert load(setting("headers: {X: '${NOT_SET}'}"))[1] == ()


@pytest.mark.parametrize(
    "lines, expected",
    [
        pytest.param(
            ['from: "2026-03-29T02:30"', 'to: "2026-03-30T00:00"', "timezone: Europe/Berlin"],
            ["8:11 from: 2026-03-29 02:30 does not exist in Europe/Berlin: clocks change"],
            id="begins-in-a-gap",
        ),
        pytest.param(
            ['from: "2026-10-24T00:00"', 'to: "2026-10-25T02:30"', "timezone: Europe/Berlin"],
            ["9:9 to: 2026-10-25 02:30 comes twice in Europe/Berlin: clocks change"],
            id="ends-in-a-doubled-hour",
        ),
        pytest.param(
            ["weekly: SUN 01:45 - SUN 09:00", "timezone: Australia/Lord_Howe"],
            ["8:13 weekly: 2026-04-05 01:45 comes twice in Australia/Lord_Howe: clocks change"],
            id="weekly-within-the-coming-year",
        ),
        pytest.param(["weekly: SUN 02:30 - SUN 09:00"], [], id="the-zone-of-the-environment-has-no-changes"),
        pytest.param(["weekly: MON 02:30 - SUN 09:00", "timezone: Europe/Berlin"], [], id="another-day"),
    ],
)
def test_an_end_of_a_freeze_that_clocks_skip_or_show_twice_is_a_warning(tree, lines, expected):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    workspace, findings = load_workspace("schedules", tree({"reconcile.yaml": freeze(*lines)}), now=now)
    assert workspace is not None
    assert [f"{one.place.line}:{one.place.column} {one.message}" for one in findings] == expected
    assert all((one.rule, one.severity) == (WorkspaceRule.FREEZE_CLOCK_CHANGE, Severity.WARNING) for one in findings)
