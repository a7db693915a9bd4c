"""No program that a repository's configuration names is run, and none of its credentials is sent, unless allowed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconcile.errors import ReconcileError, SettingError
from reconcile.git.clean_check import not_as_committed
from reconcile.git.configuration import UNSAFE_SETTINGS, Allow, ConfigEntry, allowed, is_for_any_host, settings
from reconcile.git.old_ref import old_applied_commit
from reconcile.git.refs import commit_of
from reconcile.git.repository import author, find, head
from reconcile.git.revision import revision_tree
from reconcile.git.worktree import WorkTree
from tests.git.conftest import run_git, unclean
from tests.git.remote_calls import fetch, push

NOTHING: frozenset[Allow] = frozenset()
CREDENTIALS = frozenset({Allow.CREDENTIALS})


def of(scope, *entries):
    return [ConfigEntry(scope, key, value) for key, value in entries]


def told(entries, allow=NOTHING):
    """What git is told for each key, in order."""
    values: dict[str, list[str]] = {}
    for key, value in settings(entries, allow).given:
        values.setdefault(key, []).append(value)
    return values


# What counts, of whom.


def test_the_runners_own_value_counts_in_the_place_of_the_repositorys():
    own = of("global", ("core.sshcommand", "ssh -i mine"))
    assert told([*own, *of("local", ("core.sshcommand", "evil"))])["core.sshcommand"] == ["ssh -i mine"]
    assert told(of("local", ("core.sshcommand", "evil")))["core.sshcommand"] == ["ssh"]


def test_a_credential_for_any_host_is_set_aside_alone_where_no_other_is():
    own = of("global", ("credential.helper", "store"))
    local = of(
        "local", ("credential.https://h.helper", "kept"), ("credential.helper", "evil"), ("http.extraheader", "x")
    )
    found = settings([*own, *local], CREDENTIALS, never=is_for_any_host)
    assert found.names == ("credential.helper", "http.extraHeader")
    assert [each for each in found.given if each[0].startswith(("credential", "http."))] == [
        ("http.extraheader", ""),
        ("credential.helper", ""),
        ("credential.helper", "store"),
        ("credential.https://h.helper", "kept"),
    ]


def test_what_only_the_runner_says_is_left_alone():
    own = of("system", ("credential.helper", "store")) + of("command", ("core.sshcommand", "ssh -i mine"))
    assert settings(own, NOTHING).set_aside == {}
    assert not {"credential.helper", "core.sshcommand"} & told(own).keys()


def test_a_list_is_emptied_and_holds_the_runners_own_again():
    entries = of("global", ("credential.helper", "store")) + of("local", ("credential.helper", "evil"))
    assert told(entries)["credential.helper"] == ["", "store"]


def test_helpers_of_the_runner_count_whatever_address_the_repository_names():
    key = "credential.https://example.org.helper"
    own = of("global", ("credential.helper", "store"), (key, ""), (key, "mine"))
    for evil in (key, "credential.helper", "credential..helper", "credential.https://example.org/.helper"):
        given = settings([*own, *of("local", (evil, "evil"))], NOTHING).given
        assert [each for each in given if "credential" in each[0]] == [
            ("credential.helper", ""),
            ("credential.helper", "store"),
            (key, ""),
            (key, "mine"),
        ]


@pytest.mark.parametrize(
    ("kept", "counts"),
    [
        ("http.extraheader", True),
        ("http.https://A.example.extraheader", True),
        ("http.https://a.example/org.extraheader", True),
        ("http.https://a.example/or.extraheader", False),
        ("http.https://a.example/org/deeper.extraheader", False),
        ("http.https://a.example.org/.extraheader", False),
        ("http.http://a.example/.extraheader", False),
    ],
)
def test_a_header_that_the_runner_keeps_counts_for_its_addresses(kept, counts):
    key = "http.https://a.example/org/.extraheader"
    entries = of("global", (kept, "X: mine")) + of("local", (key, "X: evil"))
    assert told(entries)[key] == (["", "X: mine"] if counts else [""])


def test_what_the_runner_keeps_for_one_address_is_never_sent_to_another():
    entries = [
        *of("global", ("http.https://a.example.extraheader", "X: secret")),
        *of("local", ("http.https://b.example.extraheader", "X: evil")),
    ]
    assert told(entries)["http.https://b.example.extraheader"] == [""]


@pytest.mark.parametrize("scope", ["local", "worktree"])
def test_both_files_of_a_repository_are_the_repositorys(scope):
    assert settings(of(scope, ("filter.x.clean", "evil")), NOTHING).names == ("filter.x.clean",)


def test_each_is_named_once_as_gits_documentation_spells_it():
    entries = of("local", ("core.sshcommand", "a"), ("core.sshcommand", "b"), ("credential.https://H/.helper", "c"))
    assert settings(entries, NOTHING).names == ("core.sshCommand", "credential.https://H/.helper")


def test_what_is_no_program_is_none():
    harmless = of("local", ("alias.co", "checkout"), ("pager.log", "false"), ("submodule.x.update", "merge"))
    assert settings(harmless, NOTHING).set_aside == {}


@pytest.mark.parametrize("key", ["credential..helper", "filter..clean", "filter.a.b=c\nd ].clean"])
def test_a_subsection_may_be_empty_or_of_any_signs(key):
    assert settings(of("local", (key, "evil")), NOTHING).set_aside.keys() == {key}


@pytest.mark.parametrize(
    ("allow", "left"),
    [
        ("credentials", {"filter.x.clean", "diff.external"}),
        ("filters", {"core.sshcommand", "diff.external"}),
        (" credentials , filters,", {"diff.external"}),
        ("", {"core.sshcommand", "filter.x.clean", "diff.external"}),
    ],
)
def test_the_variable_lifts_what_it_names_and_nothing_else(allow, left):
    entries = of("local", ("core.sshcommand", "a"), ("filter.x.clean", "b"), ("diff.external", "c"))
    assert settings(entries, allowed(allow)).set_aside.keys() == left


def test_an_unknown_word_of_the_variable_is_an_error():
    with pytest.raises(SettingError, match="RECONCILE_GIT_ALLOW: 'filter' is unknown") as caught:
        allowed("credentials,filter")
    assert "credentials, filters" in (caught.value.hint or "")


def test_hooks_that_any_configuration_names_are_off():
    entries = of("global", ("hook.a.command", "x")) + of("local", ("hook.b.c.event", "pre-push"))
    assert told(entries)["hook.a.enabled"] == told(entries)["hook.b.c.enabled"] == ["false"]


def test_a_transport_is_allowed_by_the_runner_alone():
    entries = of("global", ("protocol.ext.allow", "always")) + of("local", ("protocol.file.allow", "never"))
    given = told(entries)
    assert (given["protocol.ext.allow"], given["protocol.file.allow"][-1]) == (["always"], "always")
    assert told(of("local", ("protocol.ext.allow", "always")))["protocol.ext.allow"][-1] == "never"


# Every name in git's own list that smells of a program is in the table, or here with its reason.
SMELL = re.compile(
    r"(?i)(cmd|command|prog(ram)?|helper|hook|editor|pager|driver|textconv|external|proxy|vcs|pack|clean|smudge|process"
    r"|askpass|filter|smtpserver|httpd|tunnel|browser|viewer|tool|path|modulepath|alias\.\*|<cmd>|extraheader|cookiefile"
    r"|sslcert|sslkey)$"
)
NO_PROGRAM = {
    "advice.ignoredHook",
    "advice.updateSparsePath",
    "advice.waitingForEditor",
    "color.pager",  # whether, not which
    "column.clean",
    "core.quotePath",
    "credential.useHttpPath",
    "diff.<driver>.cachetextconv",
    "fsck.gitmodulesPath",  # how bad that is
    "gitcvs.dbDriver",  # a module of Perl's DBI, for git-cvsserver
    "help.htmlPath",
    "http.sslCAPath",
    "include.path",  # what it brings is the repository's
    "includeIf.<condition>.path",
    "receive.fsck.gitmodulesPath",
    "remote.<name>.partialclonefilter",  # which objects
    "sendemail.smtpsslcertpath",
    "uploadpack.allowFilter",
}


def listed_by_git():
    listed = subprocess.run(["git", "help", "--config"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.split("\n") if re.fullmatch(r"[a-z]\S*\.\S+", line)]


def test_the_table_holds_every_setting_of_gits_documentation_that_names_a_program():
    known = {re.sub(r"<[^>]+>", "*", row.key).lower() for row in UNSAFE_SETTINGS}
    missing = [
        name
        for name in listed_by_git()
        if SMELL.search(name) and name not in NO_PROGRAM and re.sub(r"<[^>]+>", "*", name).lower() not in known
    ]
    assert missing == []


# Planted: each row of the table, with a program that leaves a trace.


@pytest.fixture
def web():
    """A server that wants a password, and what it was sent."""
    sent = []

    class Guarded(BaseHTTPRequestHandler):
        def do_GET(self):
            sent.append(dict(self.headers.items()))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", sent
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def planted(git, tmp_path, web):
    """A repository with a remote, in which every row is planted; what plants one row; and what ran, by key."""
    folder, run = git
    address, sent = web
    (folder / "schedules" / "a.yaml").write_text("one", encoding="utf-8")
    (folder / ".gitattributes").write_text("* filter=x diff=x merge=x\n", encoding="utf-8")
    run("add", "--all")
    run("commit", "--quiet", "-m", "one")
    run_git(tmp_path, "clone", "--quiet", "--bare", str(folder), "remote.git")
    run_git(tmp_path, "clone", "--quiet", "--bare", str(folder), "alternate.git")
    (folder / ".git" / "objects" / "info" / "alternates").write_text(f"{tmp_path}/alternate.git/objects\n")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    traces = tmp_path / "traces"
    traces.mkdir()
    for name in ("reference-transaction", "pre-push", "post-index-change", "fsmonitor-watchman"):
        (hooks / name).write_text(f"#!/bin/sh\n: > {traces}/core.hooksPath\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    for name, url in {
        "origin": f"{tmp_path}/remote.git",
        "web": f"{address}/x.git",
        "secure": "ssh://127.0.0.1:9/x.git",
        "native": "git://127.0.0.1:9/x.git",
        "any": f"ext::touch {traces}/protocol.ext.allow",
    }.items():
        run("remote", "add", name, url)

    def plant(row):
        key, command = planting(row, address), f": > {traces}/{shlex.quote(row.key)}; false"
        special = {
            "core.hooksPath": str(hooks),
            "http.extraHeader": "X-Secret: planted",
            "http.*.extraHeader": "X-Secret: planted",
            "protocol.allow": "always",
            "protocol.*.allow": "always",
            "filter.*.required": "true",
            "remote.*.vcs": "planted",
            "http.proxy": "http://me:hunter2@127.0.0.1:9",
            "http.*.proxy": "http://me:hunter2@127.0.0.1:9",
            "remote.*.proxy": "http://me:hunter2@127.0.0.1:9",
        }
        script = tmp_path / f"{row.key.replace('*', '_')}.sh"
        script.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        script.chmod(0o755)
        value = special.get(row.key) or ("!" if row.value == "!" else "") + str(script)
        run("config", "--add", key, value)

    def ran():
        return {each.name for each in traces.iterdir()}

    return folder / "schedules", plant, ran, sent


def planting(row, address):
    """The key to plant *row* at: of the remote, address, driver or transport that the calls use."""
    section = row.key.partition(".")[0]
    middle = {"remote": "origin", "credential": address, "http": address, "protocol": "ext"}.get(section, "x")
    return row.key.replace("*", middle)


def use(folder, allow=NOTHING):
    """Make every kind of call with a repository; errors of a remote that cannot be reached are ignored."""
    (folder / "a.yaml").write_text("two", encoding="utf-8")
    found = find(folder, allow)
    commit = head(found)
    assert commit is not None
    assert commit_of(found, "main") == commit
    assert author(found) == "x <x>"
    assert revision_tree(found, "main").read("a.yaml") == b"one"
    assert unclean(folder, allow=allow) == ("a.yaml",)
    push(found)
    assert fetch(found) == commit
    for remote in ("web", "secure", "native", "any"):
        for call in (fetch, push):
            with pytest.raises(ReconcileError):
                call(found, remote)
    return found


SET_ASIDE = [row for row in UNSAFE_SETTINGS if row.replacement is not None]
UNUSABLE = [row for row in UNSAFE_SETTINGS if row.replacement is None]


def test_no_planted_program_is_run_and_each_is_named(planted, web):
    folder, plant, ran, sent = planted
    for row in SET_ASIDE:
        plant(row)
    found = use(folder)
    assert ran() == set()
    assert sent
    assert not any("X-Secret" in headers or "Authorization" in headers for headers in sent)
    assert set(found.settings.names) == {planting(row, web[0]) for row in SET_ASIDE}
    for name in found.settings.names:
        assert name in (found.set_aside_notice or "")


# With plain git these run: so the test above can fail. The others belong to commands that are never called.
CONTROLS = {
    "core.alternateRefsCommand": ("fetch", "origin"),
    "core.askPass": ("ls-remote", "web"),
    "core.fsmonitor": ("status",),
    "core.gitProxy": ("ls-remote", "native"),
    "core.hooksPath": ("update-ref", "refs/x/y", "HEAD"),
    "core.sshCommand": ("ls-remote", "secure"),
    "credential.helper": ("ls-remote", "web"),
    "credential.*.helper": ("ls-remote", "web"),
    "filter.*.clean": ("status",),
    "filter.*.process": ("status",),
    "remote.*.receivepack": ("push", "origin", "HEAD:refs/x/y"),
    "remote.*.uploadpack": ("ls-remote", "origin"),
}


@pytest.mark.parametrize("key", CONTROLS)
def test_plain_git_would_run_it(planted, key):
    folder, plant, ran, _ = planted
    plant(next(row for row in UNSAFE_SETTINGS if row.key == key))
    (folder / "a.yaml").write_text("two", encoding="utf-8")
    subprocess.run(["git", *CONTROLS[key]], cwd=folder, capture_output=True, check=False)
    assert ran() == {key}


def test_plain_git_would_run_a_transport(planted):
    folder, plant, ran, _ = planted
    plant(next(row for row in UNSAFE_SETTINGS if row.key == "protocol.*.allow"))
    subprocess.run(["git", "ls-remote", "any"], cwd=folder, capture_output=True, check=False)
    assert ran() == {"protocol.ext.allow"}


def test_a_transport_that_is_a_program_on_the_path_is_the_runners_to_allow(planted, tmp_path, monkeypatch):
    folder, _, ran, _ = planted
    program = tmp_path / "bin" / "git-remote-planted"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n: > {tmp_path}/traces/ran; false\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    run_git(folder, "remote", "set-url", "any", "planted::x")
    with pytest.raises(ReconcileError, match="transport 'planted' not allowed") as caught:
        fetch(find(folder), "any")
    assert (ran(), "protocol.NAME.allow" in (caught.value.hint or "")) == (set(), True)
    run_git(folder, "config", "--global", "protocol.planted.allow", "always")
    with pytest.raises(ReconcileError):
        fetch(find(folder), "any")
    assert ran() == {"ran"}


@pytest.mark.parametrize("row", UNUSABLE, ids=lambda row: row.key)
def test_where_nothing_can_stand_in_its_place_the_remote_is_refused(planted, row):
    folder, plant, _, sent = planted
    plant(row)
    remote = "web" if row.key.startswith("http") else "origin"
    with pytest.raises(ReconcileError, match="in the repository's configuration") as caught:
        fetch(find(folder), remote)
    assert caught.value.hint
    assert sent == []
    if remote == "web":
        assert fetch(find(folder), "origin") is None  # no credential is wanted there


def test_what_is_allowed_is_used(planted):
    folder, plant, ran, sent = planted
    for row in UNSAFE_SETTINGS:
        if row.key in ("http.extraHeader", "credential.helper", "core.sshCommand", "filter.*.clean"):
            plant(row)
    use(folder, frozenset(Allow))
    assert ran() == {"credential.helper", "core.sshCommand", "filter.*.clean"}
    assert any(headers.get("X-Secret") == "planted" for headers in sent)


def test_a_helper_that_the_runner_keeps_for_the_address_is_asked_where_the_repository_names_one_for_all(
    planted, tmp_path, web
):
    folder, plant, ran, sent = planted
    plant(next(row for row in UNSAFE_SETTINGS if row.key == "credential.helper"))
    mine = "!f() { echo username=me; echo password=mine; }; f"
    run_git(tmp_path, "config", "--global", f"credential.{web[0]}.helper", mine)
    with pytest.raises(ReconcileError, match="Authentication failed"):
        fetch(find(folder), "web")
    assert (ran(), sent[-1]["Authorization"]) == (set(), "Basic bWU6bWluZQ==")


def test_credentials_of_the_runner_reach_the_remote(planted, tmp_path, web, monkeypatch):
    folder, plant, ran, sent = planted
    plant(next(row for row in UNSAFE_SETTINGS if row.key == "credential.*.helper"))
    plant(next(row for row in UNSAFE_SETTINGS if row.key == "http.*.extraHeader"))
    run_git(tmp_path, "config", "--global", "credential.helper", "!f() { echo username=me; echo password=mine; }; f")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "X-Mine: yes")
    with pytest.raises(ReconcileError, match="Authentication failed"):
        fetch(find(folder), "web")
    assert ran() == set()
    assert sent[-1]["Authorization"] == "Basic bWU6bWluZQ=="
    assert {headers.get("X-Mine") for headers in sent} == {"yes"}


def test_the_runners_own_ssh_is_used_in_the_place_of_the_repositorys(planted, tmp_path, monkeypatch):
    folder, plant, ran, _ = planted
    plant(next(row for row in UNSAFE_SETTINGS if row.key == "core.sshCommand"))
    mine = tmp_path / "my ssh"
    mine.write_text(f"#!/bin/sh\n: > '{tmp_path}/mine'; false\n", encoding="utf-8")
    mine.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(mine))
    with pytest.raises(ReconcileError):
        fetch(find(folder), "secure")
    assert (ran(), (tmp_path / "mine").exists()) == (set(), True)


SECRETS = {  # ways to say it, of git or of curl
    "remote.web.url": ["http://me:hunter2@{}/x.git"],
    "remote.web.pushurl": ["http://me:hunter2@{}/x.git"],
    "url.http://me:hunter2@{}/.insteadOf": ["http://{}/"],
    "url.http://me:hunter2@{}/.pushInsteadOf": ["http://{}/"],
    "url.http://me:.insteadOf": ["A", "remote.web.url", "Ahunter2@{}/x.git"],
    "through-a-helper": ["", "remote.web.url", "http::http://me:hunter2@{}/x.git"],
    "three-slashes": ["", "remote.web.url", "http:///me:hunter2@{}/x.git"],
    "percent": ["", "remote.web.url", "http://me%3Ahunter2@{}/x.git"],
    "a-token-and-no-password": ["", "remote.web.url", "http://hunter2_0123456789abcdef@{}/x.git"],
}


@pytest.mark.parametrize("key", SECRETS)
def test_a_password_in_an_address_of_the_repository_is_sent_where_that_is_allowed_only(planted, web, key):
    folder, _, _, sent = planted
    host = web[0].removeprefix("http://")
    value, *more = SECRETS[key]
    if value:
        run_git(folder, "config", key.format(host), value.format(host))
    if more:
        run_git(folder, "config", more[0], more[1].format(host))

    def call(*allow):
        if "push" in key:
            push(find(folder, *allow), "web")
        else:
            fetch(find(folder, *allow), "web")

    with pytest.raises(ReconcileError, match="holds a password") as caught:
        call()
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"
    assert sent == []
    with pytest.raises(ReconcileError):
        call(CREDENTIALS)
    assert any("Authorization" in headers for headers in sent)


@pytest.mark.parametrize("legacy", ["remotes", "branches"])
def test_a_password_in_a_file_of_a_remote_is_not_sent_either(planted, web, legacy):
    folder, _, _, sent = planted
    place = folder.parent / ".git" / legacy
    place.mkdir(exist_ok=True)
    secret = web[0].replace("://", "://me:hunter2@")
    (place / "old").write_text(f"{'URL: ' if legacy == 'remotes' else ''}{secret}/x.git\n", encoding="utf-8")
    with pytest.raises(ReconcileError, match="holds a password"):
        fetch(find(folder), "old")
    assert sent == []


def test_a_user_alone_is_no_password(planted, web):
    folder, _, _, sent = planted
    run_git(folder, "config", "remote.web.url", f"{web[0].replace('://', '://an-organization@')}/x.git")
    with pytest.raises(ReconcileError, match="could not read Password"):
        fetch(find(folder), "web")
    assert sent


def test_the_runners_own_password_in_an_address_is_sent(planted, tmp_path, web):
    folder, _, _, sent = planted
    secret = web[0].replace("://", "://me:hunter2@")
    run_git(folder, "config", "url.http://me:other@other.example/.insteadOf", "http://other.example/")
    with pytest.raises(ReconcileError, match="Authentication failed"):
        fetch(find(folder), f"{secret}/x.git")
    run_git(tmp_path, "config", "--global", f"url.{secret}/.insteadOf", f"{web[0]}/")
    with pytest.raises(ReconcileError, match="Authentication failed"):
        fetch(find(folder), "web")
    assert [headers["Authorization"] for headers in sent if "Authorization" in headers] == [
        "Basic bWU6aHVudGVyMg=="
    ] * 2


def test_the_runners_own_password_is_not_sent_where_the_repository_would_lead_it(planted, web):
    folder, _, _, sent = planted
    run_git(folder, "config", f"url.{web[0]}/.insteadOf", "https://")
    with pytest.raises(ReconcileError, match="changes where") as caught:
        fetch(find(folder), "https://me:hunter2@git.example.com/x.git")
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"
    assert sent == []


def test_a_certificate_is_not_sent_to_where_a_remote_is_pushed(planted, web):
    folder, _, _, sent = planted
    run_git(folder, "config", "remote.origin.pushurl", f"{web[0]}/x.git")
    run_git(folder, "config", "http.sslCert", "/planted")
    with pytest.raises(ReconcileError, match=r"http\.sslCert in the repository's configuration"):
        push(find(folder))
    assert sent == []


def test_a_certificate_for_another_address_is_no_hindrance(planted):
    folder, _, _, sent = planted
    run_git(folder, "config", "http.https://other.example/.sslCert", "/planted")
    with pytest.raises(ReconcileError, match="could not read Username"):
        fetch(find(folder), "web")
    assert sent


def test_the_runners_own_certificate_counts_in_the_place_of_the_repositorys():
    entries = [*of("global", ("http.sslcert", "mine")), *of("local", ("http.sslcert", "evil"))]
    assert (told(entries)["http.sslcert"], settings(entries, NOTHING).unusable) == (["mine"], {})


def test_a_proxy_without_a_user_is_an_address():
    assert settings(of("local", ("http.proxy", "http://proxy.example:3128")), NOTHING).set_aside == {}


def test_what_a_file_that_is_included_names_is_the_repositorys(planted, tmp_path):
    folder, _, _, sent = planted
    (tmp_path / "included").write_text('[http]\n\textraHeader = "X-Secret: planted"\n', encoding="utf-8")
    git_dir = run_git(folder, "rev-parse", "--absolute-git-dir")
    run_git(folder, "config", f"includeIf.gitdir:{git_dir}.path", str(tmp_path / "included"))
    for allow in (NOTHING, CREDENTIALS):
        with pytest.raises(ReconcileError):
            fetch(find(folder, allow), "web")
        assert any("X-Secret" in headers for headers in sent) is bool(allow)


# Other ways to a program than the remote that is asked.


def test_an_extension_that_the_users_own_lfs_would_run_is_set_aside():
    entries = of("global", ("filter.lfs.process", "git-lfs filter-process"))
    entries += of("local", ("lfs.extension.x.clean", "evil"), ("lfs.url", "https://lfs.example"))
    assert settings(entries, NOTHING).names == ("lfs.extension.x.clean",)
    assert told(entries)["lfs.extension.x.clean"] == [""]
    assert settings(entries, allowed("filters")).set_aside == {}


@pytest.fixture
def trace(tmp_path):
    """What a program is told to leave behind, and whether it did."""
    script = tmp_path / "trace.sh"
    script.write_text(f"#!/bin/sh\n: > {tmp_path}/ran; false\n", encoding="utf-8")
    script.chmod(0o755)
    return str(script), (tmp_path / "ran").exists


def test_a_helper_of_an_empty_subsection_is_not_run(planted, trace):
    folder, _, _, _ = planted
    script, was_run = trace
    with (folder.parent / ".git" / "config").open("a", encoding="utf-8") as file:
        file.write(f'[credential ""]\n\thelper = {script}\n')
    with pytest.raises(ReconcileError):
        fetch(find(folder), "web")
    assert not was_run()


def test_a_push_does_not_negotiate_with_a_remote_that_is_named_like_the_address(planted, trace, tmp_path):
    folder, _, _, _ = planted
    script, was_run = trace
    address = (tmp_path / "remote.git").as_uri()
    run_git(folder, "config", "remote.origin.url", address)
    run_git(folder, "config", f"remote.{address}.uploadpack", script)
    run_git(folder, "config", "push.negotiate", "true")
    found = find(folder)
    push(found)
    assert not was_run()


def test_a_push_fetches_nothing_from_the_remote_of_a_partial_clone(planted, trace, tmp_path):
    folder, _, _, _ = planted
    script, was_run = trace
    run_git(folder, "config", "uploadpack.allowFilter", "true")
    run_git(tmp_path, "clone", "--quiet", "--filter=blob:none", "--no-checkout", folder.parent.as_uri(), "partial")
    run_git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    partial = tmp_path / "partial"
    run_git(partial, "config", "remote.origin.uploadpack", script)
    found = find(partial)
    with pytest.raises(ReconcileError) as caught:
        push(found, str(tmp_path / "empty.git"))
    assert (was_run(), "without --filter" in str(caught.value.hint)) == (False, True)


# Many settings, or long ones.


def test_of_many_the_first_are_named_and_how_many_more(git):
    folder, run = git
    (folder / "a.yaml").write_text("one", encoding="utf-8")
    run("add", "--all")
    run("commit", "--quiet", "-m", "one")
    (folder / "a.yaml").write_text("two", encoding="utf-8")
    with (folder / ".git" / "config").open("a", encoding="utf-8") as file:
        file.writelines(f'[filter "x{number:04}"]\n\tclean = evil\n' for number in range(1000))
    found = find(folder)
    said = found.set_aside_notice or ""
    assert "filter.x0099.clean, and 900 more (RECONCILE_GIT_ALLOW=filters" in said
    assert unclean(folder) == ("a.yaml",)


def test_more_than_git_can_be_told_is_an_error_and_not_outside_git(git):
    folder, _ = git
    with (folder / ".git" / "config").open("a", encoding="utf-8") as file:
        file.write(f'[filter "{"x" * 200_000}"]\n\tclean = evil\n')
    found = find(folder)
    for call in (
        lambda each: not_as_committed(each, WorkTree(folder), "HEAD", wanted=bool),
        lambda each: old_applied_commit(each, "prod", None),
        lambda each: commit_of(each, "main"),
    ):
        with pytest.raises(ReconcileError, match="Argument list too long") as caught:
            call(found)
        assert "git config --list --local" in (caught.value.hint or "")


# The runner's own programs that git knows from variables.


def test_the_runners_own_askpass_is_asked_in_the_place_of_the_repositorys(planted, tmp_path, monkeypatch):
    folder, plant, ran, sent = planted
    plant(next(row for row in UNSAFE_SETTINGS if row.key == "core.askPass"))
    mine = tmp_path / "my askpass"
    mine.write_text("#!/bin/sh\necho mine\n", encoding="utf-8")
    mine.chmod(0o755)
    monkeypatch.setenv("SSH_ASKPASS", str(mine))
    with pytest.raises(ReconcileError, match="Authentication failed"):
        fetch(find(folder), "web")
    assert (ran(), sent[-1]["Authorization"]) == (set(), "Basic bWluZTptaW5l")


def test_the_runners_setting_goes_before_its_variable_as_in_git(planted, tmp_path, monkeypatch):
    folder, plant, ran, _ = planted
    plant(next(row for row in UNSAFE_SETTINGS if row.key == "core.sshCommand"))
    run_git(tmp_path, "config", "--global", "core.sshCommand", f"touch '{tmp_path}/mine'; false")
    monkeypatch.setenv("GIT_SSH", "/not/this/one")
    with pytest.raises(ReconcileError):
        fetch(find(folder), "secure")
    assert (ran(), (tmp_path / "mine").exists()) == (set(), True)
