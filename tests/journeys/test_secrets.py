"""No secret comes out: not on stdout or stderr, in no plan, report, event or ledger, whatever fails, however talkative.

Secrets stand in headers, in the address, for a proxy, for the ledger's server, and in variables that nobody asked for.
The service answers with what it was sent, in every spelling that a server may use.
"""

from __future__ import annotations

import base64
import html
import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from reconcile.report.formats import FORMATS
from reconcile.service.transport import RequestsTransport
from tests import postgres
from tests.journeys.service import nothing, rows

SECRETS = {
    "HEADER_TOKEN": "Hq7+/zR%3D9&<w>tL2m-header",
    "SECOND_TOKEN": 'jX4"k\\Vb8~pN6-second',
    "ADDRESS_PASSWORD": "mZ3!cYt5$dK9-address",
    "PROXY_PASSWORD": "Wf8(gS2)hJ6;uQ-proxy",
    "LEDGER_PASSWORD": "eB5*nP1,rT7|xA-ledger",
    "NOBODY_ASKED": "vG9^oM4_iC2-nobody",
}
USER = "robot"
# So much of a secret, at its beginning, is too much already.
MUCH = 9
WORKSPACE = """\
format_version: "1"
workspace: secrets
ledger: {ledger}
environments:
  test:
    url: ${{ADDRESS}}
    timeout: 60s
    headers:
      Authorization: Bearer ${{HEADER_TOKEN}}
      X-Key: ${{SECOND_TOKEN}}
    service:
      save: upsert
"""


def spellings(secret):
    """How a server or a library may write it."""
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (html.escape(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1])
    yield base64.b64encode(secret.encode()).decode()


def login(secret):
    """How a user and a password go over the line."""
    return base64.b64encode(f"{USER}:{secret}".encode()).decode()


# What the service, or the proxy on the way to it, may repeat: what it was sent.
SENT = [SECRETS[name] for name in ("HEADER_TOKEN", "SECOND_TOKEN", "ADDRESS_PASSWORD", "PROXY_PASSWORD")]
LOGINS = [login(secret) for secret in SECRETS.values()]
ECHO = " ".join([*(spelling for secret in SENT for spelling in spellings(secret)), *map(login, SENT[2:])])
# What shows is told by its beginning; of a login, by what comes after the user.
TRACES = {
    *(spelling[:MUCH] for secret in SECRETS.values() for spelling in spellings(secret)),
    *(one[len(login("")) :][:MUCH] for one in LOGINS),
}


def leaks(text):
    """Which beginnings of secrets stand in *text*, and where."""
    return [(trace, text[max(0, at - 60) : at + 30]) for trace in TRACES if (at := text.find(trace)) >= 0]


@dataclass
class Watch:
    """Runs the program, and looks at all that comes out of it."""

    program: object
    folder: Path
    variables: dict[str, str]
    codes: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, *arguments, **more):
        ended = self.program(*arguments, "-vv", **{**self.variables, **more})
        self.codes.append((" ".join(arguments), ended.code))
        assert (arguments, leaks(ended.out + ended.err)) == (arguments, [])
        return ended

    def everything(self, *, formats=FORMATS, file="first"):
        """Call every command that meets a service or a ledger, in each of *formats*."""
        for name in formats:
            how = ("--format", name)
            plan = f"{file}-{name}.json"
            run = self("validate", *how)
            self("plan", *how, "--out", plan, "--report", f"markdown={file}.md", "--report", f"json={file}.json")
            self("show", plan, *how)
            self("drift", *how)
            self("apply", "--yes", *how, "--events", f"{file}.ndjson", "--report", f"json={file}-{name}-run.json")
            self("apply", plan, "--yes", *how, "--events", "-")
            self("history", "acme", "1", *how)
            self("status", *how)
            self("runs", *how)
            run = self("runs", "--format", "json").document.get("runs") or [{"run": "2026"}]
            self("runs", "show", run[0]["run"], *how)
            self("rollback", run[0]["run"], "--yes", "--events", "-", *how)
            self("release", "acme/1", "acme/2", "acme/3", *how)
            self("unlock", "abc", *how)
            self("ledger", "rebuild", *how)
            self("explain", "0 0 2 * * ?", *how)

    def files(self):
        """Look into every file that there is."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        for path in found:
            assert leaks(path.read_bytes().decode("latin-1")) == [], path
        return found


@pytest.fixture
def robot(server):
    """A database of a user with a password that is a secret: its address, for the test; and how the setting says it."""
    with postgres.database(server) as url:
        name = urlsplit(url).path.strip("/")
        role = f"{USER}_{name}"
        password = SECRETS["LEDGER_PASSWORD"]
        postgres.execute(server, f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        postgres.execute(server, f"ALTER DATABASE {name} OWNER TO {role}")
        host = urlsplit(url).netloc.rpartition("@")[2]
        setting = f"postgresql://{role}:${{LEDGER_PASSWORD}}@{host}/{name}?{urlsplit(url).query}"
        yield url, setting
    postgres.execute(server, f"DROP ROLE {role}")


@pytest.fixture
def watch(program, service, write, tmp_path):
    """Declares what the program meets; *ledger* is the setting."""

    def one(ledger="file", proxy=None):
        write("reconcile.yaml", WORKSPACE.format(ledger=json.dumps(ledger)))
        (tmp_path / "kept").mkdir(exist_ok=True)
        password = quote(SECRETS["PROXY_PASSWORD"], safe="")
        # The service takes any address, so it is its own proxy.
        where = proxy or urlsplit(service.url).netloc
        variables = SECRETS | {
            "HTTP_PROXY": f"http://{USER}:{password}@{where}",
            "ADDRESS": f"http://{USER}:{quote(SECRETS['ADDRESS_PASSWORD'], safe='')}@scheduler.test:8001",
            "LEDGER_PASSWORD": quote(SECRETS["LEDGER_PASSWORD"], safe=""),
        }
        return Watch(program, tmp_path, variables)

    return one


def is_save(body):
    return body.get("xw_quartz", {}).get("opttype") == "save"


def history(_, body):
    """A journal whose rows repeat what the service was sent."""
    if body.get("xw_quartz", {}).get("opttype") != "quaryjournal":
        return None
    row = {
        "triggerid": "1", "jobinfoid": "1-0", "exedes": f"failed: {ECHO}", "exestatus": "failure",
        "triggerstatus": "success", "exetotaltime": "1", "dynamicid": "", "runtype": "trigger",
        "triggertime": "2020-04-26T15:59:59.652+0000", "exestarttime": "2020-04-26T15:59:59.652+0000",
        "updatetime": "2020-04-26T16:00:00.652+0000",
    }  # fmt: skip
    page = {"pageSize": 10, "pageIndex": 1, "resultCount": 1, "pageCount": 1, "data": [row]}
    return 200, json.dumps({"resp_data": {"quartz_list": page}}).encode()


PAGE = f"<html><head><title>{html.escape(ECHO)}</title></head><body>{ECHO}</body></html>".encode()
HOOKS = {
    "well": nothing,
    "headers-repeated-at-401": lambda *_: (401, json.dumps({"headers": ECHO, "Authorization": ECHO}).encode()),
    "page-at-502": lambda *_: (502, PAGE),
    "page-at-200": lambda *_: (200, PAGE),
    "code-and-message": lambda *_: (200, json.dumps({"resp_code": ECHO, "resp_msg": ECHO}).encode()),
    "saves-refused": lambda _, body: (400, ECHO.encode()) if is_save(body) else None,
    "saves-answered-with-a-page": lambda _, body: (500, PAGE) if is_save(body) else None,
    "journal": history,
    "foreign-rows": lambda _, body: rows({"bizcode": ECHO, "jobinfoid": ECHO}) if "codes" in body else None,
}
# What the program asks again after, with pauses.
REPEATED = {"page-at-502", "page-at-200", "saves-answered-with-a-page"}


@pytest.mark.slow
@pytest.mark.parametrize("answers", HOOKS)
def test_whatever_the_service_answers_no_secret_comes_out(watch, service, answers):
    one = watch()
    service.hook = HOOKS[answers]
    one.everything(formats=("text",) if answers in REPEATED else FORMATS)
    if answers == "well":
        assert {code for words, code in one.codes if words.startswith(("plan", "drift", "apply --yes"))} == {0}
        assert {path.suffix for path in one.files()} >= {".json", ".md", ".ndjson", ".db"}
    one.files()


@pytest.mark.slow
def test_of_a_service_that_is_down_no_secret_comes_out(watch):
    one = watch(proxy="127.0.0.1:1")
    one.everything(formats=("text",))
    one.files()


@pytest.mark.slow
@pytest.mark.parametrize("answers", ["well", "saves-refused"])
def test_with_a_ledger_on_a_server_no_secret_comes_out_nor_into_it(watch, service, robot, answers):
    url, setting = robot
    one = watch(setting)
    service.hook = HOOKS[answers]
    one.everything()
    if answers == "well":
        assert {code for words, code in one.codes if words.startswith(("plan", "drift", "apply --yes"))} == {0}
    one.files()
    tables = [name for (name,) in postgres.execute(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    kept = [str(row) for name in tables for row in postgres.execute(url, f'SELECT t::text FROM "{name}" t')]
    assert len(kept) > 10
    assert leaks("\n".join(kept)) == []


@pytest.mark.slow
@pytest.mark.parametrize("failing", ["wrong-password", "down", "no-such-database", "no-address"])
def test_of_a_ledger_that_cannot_be_reached_no_secret_comes_out(watch, robot, failing):
    _, setting = robot
    parts = urlsplit(setting)
    setting = {
        "wrong-password": setting.replace("${LEDGER_PASSWORD}", "${NOBODY_ASKED}"),
        "down": f"postgresql://{USER}:${{LEDGER_PASSWORD}}@127.0.0.1:1/ledger",
        "no-such-database": setting.replace(parts.path, "/nowhere"),
        "no-address": f"postgresql://{USER}:${{LEDGER_PASSWORD}}@@127.0.0.1:x/ledger",
    }[failing]
    one = watch(setting)
    one.everything()
    assert {code for words, code in one.codes if words.startswith("apply --yes --format")} <= {1, 3}
    one.files()


@pytest.mark.parametrize("name", FORMATS)
def test_a_bug_that_says_a_secret_is_told_without_it(watch, monkeypatch, name):
    one = watch()

    def fail(*_, **__):
        raise RuntimeError(f"cannot do this with {ECHO}")

    monkeypatch.setattr(RequestsTransport, "send", fail)
    for command in (("plan",), ("apply", "--yes", "--events", "-"), ("history", "acme", "1")):
        assert one(*command, "--format", name).code == 1
    monkeypatch.setattr("reconcile.session.observed.make_plan", fail)
    ended = one("plan", "--format", name)
    assert (ended.code, "bug in reconcile" in ended.err, "Traceback" in ended.err) == (1, True, True)


@pytest.mark.parametrize(
    "words", [["validate"], ["plan"], ["apply", "--yes"], ["status", "--format", "json"]], ids=" ".join
)
@pytest.mark.parametrize(
    "address",
    ["posgresql://u:s3cr3ttok@h/db", "https://u:s3cr3ttok@h/x.git", "git+https://u:s3cr3ttok@h/x y.git"],
)
def test_the_password_of_an_address_that_is_mistyped_is_shown_by_no_command(program, declare, address, words):
    declare(more=f'ledger: "{address}"\n')
    ended = program(*words)
    assert ended.code == 1
    assert "s3cr3ttok" not in ended.out + ended.err


@pytest.mark.parametrize("address", ["git+u:s3cr3ttok@h/x", "postgresql//u:s3cr3ttok@h/db"])
def test_the_password_of_an_address_to_take_a_ledger_from_is_not_shown(program, address):
    ended = program("ledger", "take", "--from", address)
    assert ended.code == 1
    assert "s3cr3ttok" not in ended.out + ended.err
