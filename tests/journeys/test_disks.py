"""A ledger that cannot be written, for reasons that are real: what it does not take is not saved.

A disk that is full is a file system of a few kilobytes, which only root can mount. Where that cannot be, a limit on the
size of files still makes a real write fail.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.conftest import WORKSPACE
from tests.journeys.service import nothing
from tests.ledger.conftest import ordinary_user

# A wave of one call at once is 20 long: canary, two whole waves, and the rest.
KEYS = 50
WAVE = 20

pytestmark = pytest.mark.slow


@pytest.fixture
def declare(tmp_path, service):
    """Declare *KEYS* schedules of acme, in a folder; the ledger is in the folder *kept*."""

    def one(kept: Path, folder: Path = tmp_path) -> None:
        (folder / ".reconcile").mkdir(exist_ok=True)
        (folder / ".reconcile" / "test").symlink_to(kept)
        listed = [f'  - {{code: "{at:02}", name: "n", cron: "0 {at} 2 * * ?"}}\n' for at in range(KEYS)]
        tenants = folder / "schedules" / "tenants"
        tenants.mkdir(parents=True, exist_ok=True)
        (tenants / "acme.yaml").write_text(f"tenant: acme\nschedules:\n{''.join(listed)}", encoding="utf-8")
        text = WORKSPACE.replace("service:", "concurrency: 1\n    service:").format(url=service.url)
        (tenants.parent / "reconcile.yaml").write_text(text, encoding="utf-8")

    return one


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"needs root, who may mount a small disk: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk):
    """Leave no byte."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    assert shutil.disk_usage(disk).free == 0


def refused_whole(code, run, service):
    assert (code, [one["rule"] for one in run["refusals"]], service.saves) == (3, ["no-ledger"], [])
    (error,) = run["errors"]
    assert "`ledger: none`" in error["hint"]
    return f"{error['message']} {error['hint']}"


def test_with_a_full_disk_no_save_is_made(program, service, declare, disk):
    declare(disk)
    fill(disk)
    said = refused_whole(*program.json("apply", "--yes"), service)
    assert "make room" in said or "look at the disk" in said


def test_with_a_ledger_on_a_disk_that_has_filled_up_since_no_save_is_made(program, service, declare, disk):
    declare(disk)
    assert program("apply", "--yes", "--code", "00").code == 0
    service.saves.clear()
    fill(disk)
    said = refused_whole(*program.json("apply", "--yes"), service)
    assert "make room" in said or "look at the disk" in said


@pytest.mark.parametrize("while_saving", [False, True], ids=["between-waves", "in-mid-wave"])
def test_a_disk_that_fills_up_stops_the_run_before_its_next_save_and_all_is_told(
    program, service, declare, disk, while_saving
):
    """Filled while a wave is read again, its intents are refused; filled among its saves, its outcomes are."""
    declare(disk)

    def hook(_, body):
        saved = len(service.saves)
        if (saved == WAVE + 11) if while_saving else (saved == 1 + WAVE and body.get("codes", "").startswith("21,")):
            fill(disk)

    service.hook = hook
    code, run = program.json("apply", "--yes")
    assert (disk / "filler").exists()
    saved = len(service.saves)
    assert saved == 1 + WAVE * (2 if while_saving else 1)
    assert (code, len(run["changes"])) == (4, KEYS)
    results = [one["outcome"]["result"] for one in run["changes"]]
    assert (results.count("verified"), results.count("skipped")) == (saved, KEYS - saved)
    assert any("ledger" in one["rule"] for one in run["findings"]), run["findings"]
    service.hook = nothing
    (disk / "filler").unlink()
    # Where the disk did not take either that the lock was given back, the lease would end by itself.
    (found,) = program.json("status")[1]["environments"]
    assert found["lock"] is None or program("unlock", found["lock"]["id"]).code == 0
    assert program("apply", "--yes").code == 0
    assert sorted(code for _, code, _, _ in service.saves) == [f"{at:02}" for at in range(KEYS)]
    (found,) = program.json("status")[1]["environments"]
    assert (found["open"], found["keys"], found["lock"]) == ([], KEYS, None)


def test_with_a_limit_on_the_size_of_files_no_save_is_made(program, service, declare, tmp_path):
    (tmp_path / "kept").mkdir()
    declare(tmp_path / "kept")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        code, run = program.json("apply", "--yes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    said = refused_whole(code, run, service)
    assert "make room" in said or "look at the disk" in said


@pytest.mark.parametrize("what", ["folder", "file"])
@pytest.mark.parametrize("is_there", [False, True], ids=["first-run", "later-run"])
def test_with_a_ledger_that_may_not_be_written_no_save_is_made(
    program, service, declare, monkeypatch, tmp_path, what, is_there
):
    declare(tmp_path)
    assert program("apply", "--yes").code == 0  # loads the modules, which that user may not read
    service.jobs.clear()
    service.saves.clear()
    with ordinary_user() as folder:
        monkeypatch.chdir(folder)
        place = folder / "kept"
        place.mkdir()
        declare(place, folder)
        if is_there:
            assert program("apply", "--yes", "--code", "00").code == 0
            service.saves.clear()
        elif what == "file":
            (place / "ledger.db").touch()
        for path in place.iterdir():
            path.chmod(0o400)
        if what == "folder":
            place.chmod(0o500)
        said = refused_whole(*program.json("apply", "--yes"), service)
        assert "let this user" in said
        monkeypatch.undo()
