"""The tests that a change needs first."""

from __future__ import annotations

import pytest

from tests.affected import SHOWN_BY, affected
from tests.house.checks import RANK


@pytest.mark.parametrize(
    ("file", "needed"),
    [
        pytest.param("reconcile/engine/guard.py", "tests/engine", id="the-folder-that-mirrors-it"),
        pytest.param("reconcile/source.py", "tests/report", id="the-tests-that-import-it"),
        pytest.param("reconcile/errors.py", "tests/test_errors.py", id="a-single-module-has-a-single-file"),
        pytest.param("reconcile/commands/plan.py", "tests/journeys", id="a-command-has-journeys"),
        pytest.param("reconcile/service/wire.py", "tests/contract", id="the-service-is-held-to-its-examples"),
        pytest.param("tests/engine/test_guard.py", "tests/engine/test_guard.py", id="a-test-needs-itself"),
        pytest.param("tests/engine", "tests", id="a-folder-of-tests-needs-what-stands-around-it"),
        pytest.param("docs/cron.md", "tests/docs", id="a-page-is-executed"),
        pytest.param("Makefile", "tests/house", id="all-else-needs-the-house-rules"),
    ],
)
def test_a_change_needs(file, needed):
    assert any(one == needed or one.startswith(f"{needed}/") for one in affected([file]))


def test_a_folder_stands_for_the_files_in_it():
    found = affected(["reconcile/engine/guard.py", "tests/engine/test_guard.py"])
    assert "tests/engine" in found
    assert "tests/engine/test_guard.py" not in found


def test_a_file_that_does_not_exist_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"reconcile/nowhere\.py"):
        affected(["reconcile/nowhere.py"])


def test_every_part_that_is_named_exists():
    assert set(SHOWN_BY) <= set(RANK)
