"""The page in a real browser: one walk through it, as a person would click.

Debian's Chromium (`apt-get install chromium`); the screenshot is kept in ``$RECONCILE_ARTEFACTS``, or beside the test's
other files.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from reconcile.twin.testing import running_twin
from tests.twin.asking import MONDAY, NIGHTLY
from tests.twin.chromium import PROGRAM, Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: apt-get install chromium"),
]

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def page(tmp_path):
    with running_twin(clock=MONDAY, speed=0, failure_rate=1) as twin:
        twin.seed(
            "acme", [{"code": "1", "name": "订单同步", "cron": NIGHTLY}, {"code": "2", "name": EVIL, "cron": NIGHTLY}]
        )
        twin.seed("globex", [{"code": "7", "name": "seven", "cron": "0 0 * * * ?", "status": "disable"}])
        many = [
            {
                "code": str(1_085_431_505_565_651_000 + number),
                "name": f"库存盘点 {number}",
                "cron": "0 */10 8-19 ? * MON-FRI",
            }
            for number in range(1_199)
        ]
        twin.seed("globex", many)
        twin.advance(timedelta(days=2))
        browser = Browser(tmp_path / "profile")
        try:
            browser.call("Page.navigate", url=twin.url)
            browser.wait_for("document.querySelectorAll('#jobs tr').length === 2")
            yield browser, twin
        finally:
            browser.close()


def text(browser: Browser, selector: str) -> str:
    return browser.run(f"document.querySelector({selector!r}).innerText")


def click(browser: Browser, selector: str, words: str) -> None:
    browser.run(
        f"[...document.querySelectorAll({selector!r})].find((one) => one.innerText.includes({words!r})).click()"
    )


def test_the_page_is_walked_through_without_a_complaint_of_the_console(page, tmp_path):
    browser, twin = page
    assert text(browser, "#clock") == "2026-01-07 00:00:00 UTC, stands still"
    assert text(browser, "#count") == "1,202"
    assert "2026-01-07 02:00:00" in text(browser, "#jobs")

    click(browser, "#jobs button", "订单同步")
    browser.wait_for("document.querySelector('#journal-title').innerText === 'Journal of 订单同步'")
    assert "SocketTimeoutException" in text(browser, "#journal")

    click(browser, "#all", "All jobs")
    browser.wait_for("document.querySelector('#journal-title').innerText === 'Recent fires'")

    click(browser, "#tenants button", "globex")
    browser.wait_for("document.querySelector('#jobs').innerText.includes('seven')")
    assert "disable" in text(browser, "#jobs")
    assert text(browser, "#range") == "1–200 of 1,200"
    click(browser, "#next", "Next")
    browser.wait_for("document.querySelector('#range').innerText === '201–400 of 1,200'")
    click(browser, "#back", "Back")
    browser.wait_for("document.querySelector('#range').innerText === '1–200 of 1,200'")

    twin.seed("globex", [{"code": "8", "name": "eight", "cron": NIGHTLY}])
    browser.wait_for("document.querySelector('#count').innerText === '1,203'")
    click(browser, "#jobs button", "库存盘点 0")
    browser.wait_for("document.querySelector('#journal-title').innerText === 'Journal of 库存盘点 0'")

    folder = Path(os.environ.get("RECONCILE_ARTEFACTS", tmp_path))
    browser.screenshot(folder / "twin.png")
    assert browser.complaints == []


def test_markup_in_a_name_is_shown_and_not_obeyed(page):
    browser, _twin = page
    assert EVIL in text(browser, "#jobs")
    click(browser, "#jobs button", EVIL)
    browser.wait_for("document.querySelector('#journal-title').innerText.startsWith('Journal')")
    assert EVIL in text(browser, "#journal-title")
    assert browser.run("document.querySelectorAll('img').length") == 0


def test_a_search_narrows_the_jobs(page):
    browser, _twin = page
    browser.run(
        "const find = document.querySelector('#find'); find.value = '订'; find.dispatchEvent(new Event('input'))"
    )
    browser.wait_for("document.querySelectorAll('#jobs tr').length === 1")
    assert "订单同步" in text(browser, "#jobs")


def test_a_twin_that_is_gone_is_said_on_the_page(page):
    browser, _twin = page
    browser.run("window.fetch = () => Promise.reject(new Error('gone')); refresh()")
    assert text(browser, "#trouble") == "The twin does not answer: gone"
