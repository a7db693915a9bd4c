"""The pipelines that the docs show do what they promise: each script is run, in a clone as a runner has it."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
import yaml

from reconcile.twin.running import running_twin
from tests.docs.tables import ROOT
from tests.docs.test_docs import DOCUMENTED_URL, YAML, Stage

TEXT = (ROOT / "docs" / "remembering.md").read_text(encoding="utf-8")
PIPELINE = re.compile(r"^```yaml\n# (\.git\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
REF = "refs/reconcile/applied/prod"


def github(jobs):
    """The script of each job."""
    return {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs["jobs"].items()}


def gitlab(jobs):
    """The script of each job."""
    return {name: job["script"] for name, job in jobs.items() if name in ("plan", "apply", "drift")}


READERS = {".github/workflows/schedules.yml": github, ".gitlab-ci.yml": gitlab}
PIPELINES = {name: READERS[name](yaml.safe_load(text)) for name, text in PIPELINE.findall(TEXT)}


class Runners:
    """A repository at `origin`, with what the page declares but no ledger, and runners that clone it anew each time."""

    def __init__(self, folder, url):
        self.folder = folder
        self._stage = Stage(folder, url)
        self._runs = 0
        self.origin = folder / "origin.git"
        self.work = folder / "work"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin), where=folder)
        self.git("clone", "--quiet", str(self.origin), str(self.work), where=folder)
        for name, text in YAML.findall(TEXT):
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(DOCUMENTED_URL, url), encoding="utf-8")
        with (self.work / "schedules" / "reconcile.yaml").open("a", encoding="utf-8") as file:
            file.write("ledger: none\n")

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

    def job(self, script):
        """Run the lines of a job in a shallow clone; return exit code, output, and what it wrote of the plan."""
        self._runs += 1
        place = self.folder / f"runner{self._runs}"
        self.git("clone", "--quiet", "--depth=1", self.origin.as_uri(), str(place), where=self.folder)
        lines = [line for line in script if not line.startswith("pip install")]
        summary = place / "summary"
        variables = {
            "PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "GITHUB_STEP_SUMMARY": str(summary),
            "APPLIED_REMOTE": "origin",
            "RECONCILE_TRUSTED_HOSTS": "scheduler.example.com",
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
def test_a_pipeline_plans_applies_what_was_reviewed_and_sees_drift(name, twin, tmp_path):
    jobs, runners = PIPELINES[name], Runners(tmp_path, twin.url)
    runners.merge("Declare two schedules")
    code, said = runners.job(jobs["plan"])
    assert code == 0, said
    digest = re.search(r"^Desired: ([0-9a-f]{64})$", said, re.MULTILINE)[1]
    code, said = runners.job(jobs["apply"])
    assert code == 3, "nobody approved it\n" + said
    runners.git("commit", "--quiet", "--amend", "--message", f"Declare two schedules (#1)\n\nWhy.\n\nDesired: {digest}")
    runners.git("push", "--quiet", "--force", "origin", "HEAD:main")
    code, said = runners.job(jobs["apply"])
    assert (code, "Applied: 2 verified." in said) == (0, True), said
    assert runners.git("rev-parse", REF, where=runners.origin) == runners.git("rev-parse", "HEAD")
    assert runners.job(jobs["drift"])[0] == 0
    twin.change("acme", "1085431505565651039", cron="0 0 12 * * ?")
    code, said = runners.job(jobs["drift"])
    assert (code, "drifted (live moved" in said) == (2, True), said
