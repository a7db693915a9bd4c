"""What is shipped is found in a checkout, in a wheel and in an editable install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from reconcile import resources

ROOT = Path(__file__).parent.parent
SHOW = """
import site, sys
site.addsitedir(sys.argv[1])
from reconcile import resources
print(resources.__file__)
print(resources.folder("schedules") / "reconcile.yaml", (resources.folder("schedules") / "reconcile.yaml").is_file())
print(*resources.schema_names())
"""


def seen_from(site_packages: Path) -> list[str]:
    """Return what a program outside the checkout finds, which sees *site_packages* and no working directory."""
    run = [sys.executable, "-I", "-c", SHOW, str(site_packages)]
    return subprocess.run(run, cwd=site_packages, check=True, capture_output=True, text=True).stdout.splitlines()


def test_a_checkout_has_them_beside_the_package():
    assert resources.folder("schemas") == ROOT / "schemas"
    assert resources.folder("schedules") == ROOT / "schedules"


def test_a_wheel_has_them_in_the_package(tmp_path):
    pytest.importorskip("hatchling")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "site packages"
    zipfile.ZipFile(wheel).extractall(unpacked)
    code, example, schemas = seen_from(unpacked)
    assert Path(code).is_relative_to(tmp_path)
    assert Path(example.removesuffix(" True")).is_relative_to(tmp_path)
    assert example.endswith(" True")
    assert {"set", "tenant", "workspace"} <= set(schemas.split())


def test_an_editable_install_has_those_of_its_checkout(tmp_path):
    (tmp_path / "_reconcile.pth").write_text(f"{ROOT}\n")  # all that an editable install of a checkout is
    code, example, schemas = seen_from(tmp_path)
    assert Path(code) == ROOT / "reconcile" / "resources.py"
    assert example == f"{ROOT / 'schedules' / 'reconcile.yaml'} True"
    assert {"set", "tenant", "workspace"} <= set(schemas.split())


def test_the_names_of_schemas_are_sorted():
    names = resources.schema_names()
    assert list(names) == sorted(names)
    assert resources.schema_text("tenant").startswith("{")


def test_what_is_not_shipped_is_an_error_that_says_what_to_do():
    with pytest.raises(FileNotFoundError, match="install it again"):
        resources.folder("nothing")
