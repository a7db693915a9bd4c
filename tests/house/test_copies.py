"""What stands in one place only has no second copy; each row of the table can fail."""

from __future__ import annotations

import ast

import pytest

from tests.house.copies import ONCE, second_copies
from tests.house.test_tree import MODULES, ROOT, complaints, module_name


def test_nothing_stands_twice():
    assert complaints(MODULES, lambda source, path: second_copies(source, module_name(path))) == []


@pytest.mark.parametrize("once", ONCE, ids=lambda once: once.what)
def test_what_stands_once_is_there(once):
    place = ROOT.joinpath(*once.place.split(".")).with_suffix(".py")
    assert [*once.copies(ast.parse(place.read_text(encoding="utf-8")))]


@pytest.mark.parametrize(
    "source, place",
    [
        ("from difflib import get_close_matches", "text"),
        ("def f():\n    import difflib", "text"),
        ("''.join(c for c in text if c.isprintable())", "text"),
        ("[' ' if not c.isprintable() else c for c in text]", "text"),
        ("import unicodedata", "text"),
        ("{'？': '?'}", "text"),
        ("parse(text, quartz=environment.service.quartz)", "model.reading"),
        ("HIDDEN = '***'", "secrets"),
        ("f'{user}:***@{host}'", "secrets"),
        ("name = 'RECONCILE_TRUSTED_HOSTS'", "secrets"),
        ("re.compile('([0-9]+)(s|m|h|d)')", "times"),
        ("{'s': 1, 'm': 60, 'h': 3600}", "times"),
        ("ZoneInfo(name)", "times"),
        ("import zoneinfo\nzoneinfo.available_timezones()", "times"),
        ("now.strftime('%H')", "times"),
        ("f'{now:%Y-%m-%dT%H:%M:%SZ}'", "times"),
        ("now.isoformat().replace('+00:00', 'Z')", "times"),
        ("datetime.fromisoformat(text)", "times"),
    ],
)
def test_a_second_copy_is_found_and_its_place_named(source, place):
    (complaint,) = second_copies(source, "reconcile.elsewhere")
    assert f"stands in reconcile.{place}: use it" in complaint
    assert second_copies(source, f"reconcile.{place}") == ()


@pytest.mark.parametrize(
    "source",
    [
        "'''Hides with ***.'''",
        "all(text.isprintable() for text in texts)",
        "text.isprintable()",
        "from reconcile.text import did_you_mean",
        "from zoneinfo import ZoneInfo\nzone: ZoneInfo | None",
        "now.isoformat()",
        "{'h': 1}",
    ],
)
def test_what_only_looks_like_a_copy_is_left_alone(source):
    assert second_copies(source, "reconcile.elsewhere") == ()


@pytest.mark.parametrize("place", [place for once in ONCE for place in once.also])
def test_no_exception_outlives_its_reason(place):
    source = ROOT.joinpath(*place.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    assert second_copies(source, "reconcile.elsewhere")
