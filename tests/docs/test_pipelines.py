"""The pipelines that the docs show do what they promise: each script is run, in a clone as a runner has it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reconcile.twin.in_process import running_twin
from tests.docs.tables import ROOT
from tests.docs.test_docs import DOCUMENTED_URL, YAML

TEXT = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
PIPELINE = re.compile(r"^```yaml\n# (\.git\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
REF = "refs/reconcile/ledger/shop/prod"


def github(jobs):
    """The script of each job, and its variables."""
    return {
        name: ([step["run"] for step in job["steps"] if "run" in step], job.get("env", {}))
        for name, job in jobs["jobs"].items()
    }


def gitlab(jobs):
    """The script of each job, and its variables."""
    before = jobs["default"]["before_script"]
    return {
        name: ([*before, *jobs[name]["script"]], jobs[name].get("variables", {})) for name in ("plan", "apply", "drift")
    }


READERS = {".github/workflows/schedules.yml": github, ".gitlab-ci.yml": gitlab}
PIPELINES = {name: READERS[name](yaml.safe_load(text)) for name, text in PIPELINE.findall(TEXT)}


# What a branch may put beside the declarations, to be taken for a library or for settings by what runs there.
MODULES = ("json", "yaml", "click", "requests", "sitecustomize", "usercustomize", "reconcile", "encodings", "re")


def plant(place, trace):
    """Fill the checkout at *place* with files that leave a *trace* when a program of the recipe reads them."""
    for folder in (place, place / "schedules"):
        for name in MODULES:
            (folder / f"{name}.py").write_text(f"open({str(trace)!r}, 'a').write({name!r})\n", encoding="utf-8")
        (folder / ".npmrc").write_text(f"script-shell={trace}\n", encoding="utf-8")
        for name in ("pip.conf", "pip.ini", "pydistutils.cfg", "setup.cfg"):
            (folder / name).write_text(f"[global]\nlog={trace}\n[install]\nlog={trace}\n", encoding="utf-8")


class Runners:
    """A repository at `origin`, with what the page declares and its ledger, and runners that clone it anew each time.

    Its checkout is full of files that a stranger would have read by the programs of the recipe; `trace` would tell.
    """

    def __init__(self, folder, url):
        self.folder = folder
        self._runs = 0
        self.origin = folder / "origin.git"
        self.work = folder / "work"
        self.trace = folder / "trace"
        # As the script that pip installs: the working directory is no place to import from.
        program = folder / "programs" / "reconcile"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m reconcile "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        (folder / "programs" / "pip").symlink_to(Path(sys.executable).parent / "pip")
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin), where=folder)
        self.git("clone", "--quiet", str(self.origin), str(self.work), where=folder)
        for name, text in YAML.findall(TEXT):
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(DOCUMENTED_URL, url), encoding="utf-8")
        with (self.work / "schedules" / "reconcile.yaml").open("a", encoding="utf-8") as file:
            file.write("ledger: git\n")
        plant(self.work, self.trace)

    def git(self, *words, where=None):
        config = ("-c", "user.name=李伟", "-c", "user.email=li.wei@example.com")
        place = where or self.work
        done = subprocess.run(
            ["git", *config, *words], cwd=place, capture_output=True, text=True, encoding="utf-8", check=True
        )
        return done.stdout.strip()

    def merge(self, message):
        self.git("checkout", "--quiet", "-B", "main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "HEAD:main")

    def job(self, job):
        """Run the lines of a job in a shallow clone; return exit code, output, and what it wrote of the plan."""
        script, given = job
        self._runs += 1
        place = self.folder / f"runner{self._runs}"
        self.git("clone", "--quiet", "--depth=1", self.origin.as_uri(), str(place), where=self.folder)
        # It is installed already, and no index is asked: that pip reads nothing of the checkout is seen once.
        pip = "pip install --quiet --no-index --no-deps reconcile" if self._runs == 1 else ":"
        lines = [re.sub(r'^pip install ".*"$', pip, line) for line in script]
        summary = place / "summary"
        variables = {
            "PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "GITHUB_STEP_SUMMARY": str(summary),
            "LEDGER_REMOTE": self.origin.as_uri(),
            "RECONCILE_TRUSTED_HOSTS": "scheduler.example.com",
            **given,
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        }
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(lines)],
            cwd=place,
            env=variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        written = summary.read_text(encoding="utf-8") if summary.exists() else ""
        return done.returncode, f"{done.stdout}{done.stderr}{written}"


@pytest.fixture
def twin():
    with running_twin(timezone="Asia/Shanghai") as one:
        yield one


def test_both_are_there():
    assert PIPELINES.keys() == READERS.keys()


@pytest.mark.parametrize("name", sorted(READERS))
def test_no_recipe_starts_an_interpreter_or_runs_a_filter_where_a_stranger_is_planned(name):
    jobs = PIPELINES[name]
    for script, _ in jobs.values():
        assert not re.search(r"(?m)\b(python3?|node|npm|npx|perl|ruby|make)\b(?! -I\b)", "\n".join(script))
    assert {job for job, (_, given) in jobs.items() if "filters" in given["RECONCILE_GIT_ALLOW"]} == {"apply", "drift"}


def test_the_files_of_the_branch_would_leave_a_trace(tmp_path):
    (tmp_path / "schedules").mkdir()
    plant(tmp_path, tmp_path / "trace")
    plain = {"PATH": os.environ["PATH"]}  # what measures tests has imported some of these before
    subprocess.run([sys.executable, "-c", "import json"], cwd=tmp_path, env=plain, check=False, capture_output=True)
    assert "json" in (tmp_path / "trace").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(READERS))
def test_a_pipeline_plans_applies_what_was_reviewed_and_sees_drift(name, twin, tmp_path):
    jobs, runners = PIPELINES[name], Runners(tmp_path, twin.url)
    runners.merge("Declare two schedules")
    code, output = runners.job(jobs["plan"])
    assert code == 0, output
    digest = re.search(r"^Desired: ([0-9a-f]{64})$", output, re.MULTILINE)[1]
    code, output = runners.job(jobs["apply"])
    assert code == 3, "nobody approved it\n" + output
    runners.git("commit", "--quiet", "--amend", "--message", f"Declare two schedules (#1)\n\nWhy.\n\nDesired: {digest}")
    runners.git("push", "--quiet", "--force", "origin", "HEAD:main")
    code, output = runners.job(jobs["apply"])
    assert (code, "Applied: 2 verified." in output) == (0, True), output
    assert runners.git("rev-parse", REF, where=runners.origin)
    lineage = re.search(r'lineage: "[0-9a-z]+"', output)[0]
    with (runners.work / "schedules" / "reconcile.yaml").open("a", encoding="utf-8") as file:
        file.write(f"{lineage}\n")
    runners.merge("Name the ledger")
    assert runners.job(jobs["drift"])[0] == 0
    twin.change("acme", "1085431505565651039", cron="0 0 12 * * ?")
    code, output = runners.job(jobs["drift"])
    assert (code, "drifted (live moved" in output) == (2, True), output
    assert not runners.trace.exists()
