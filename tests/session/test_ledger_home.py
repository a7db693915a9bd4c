"""The home of a ledger: who finds none yet, who makes it, who puts a broken one aside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconcile.errors import LedgerError, LedgerGoneError, LockLostError, SettingError
from reconcile.git.repository import Repository
from reconcile.ledger.address import ledger_address
from reconcile.model.finding import RefusedError
from reconcile.session.console import Console
from reconcile.session.ledger_home import LedgerHome, ledger_required
from reconcile.session.runtime import Runtime

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    """Where a ledger may be, and is not yet."""

    def one(setting=None):
        runtime = Runtime({}, NOW, NOW, Console(lambda _: None), lambda _: None)
        address = ledger_address(setting, tmp_path / "ledger.db", {})
        return LedgerHome(runtime, "test", "prod", address, Repository(tmp_path))

    return one


def test_a_ledger_that_is_not_there_is_none_or_an_error_and_is_not_made(home):
    with home().if_exists() as ledger:
        assert ledger is None
    with pytest.raises(LedgerError, match=r"there is no ledger .*ledger\.db yet"), home().existing():
        pass
    assert not home().address.exists


def test_a_ledger_is_made_by_who_writes_and_found_from_then_on(home):
    with home().to_write() as ledger:
        assert ledger.last_applied() == {}
    with home().if_exists() as ledger:
        assert ledger is not None
    with home().existing() as ledger:
        assert ledger.runs(most=1) == ()


def test_where_no_ledger_is_kept_none_is_opened(home):
    kept = home("none")
    assert kept.shown == ""
    with kept.if_exists() as ledger:
        assert ledger is None
    for opened in (kept.existing, kept.to_write):
        with pytest.raises(SettingError, match="keeps no ledger"), opened():
            pass
    with pytest.raises(SettingError, match="keeps no ledger"):
        kept.move_away_if_damaged()


def test_only_a_ledger_that_cannot_be_opened_is_put_aside(home):
    assert home().move_away_if_damaged() is None
    with home().to_write():
        pass
    assert home().move_away_if_damaged() is None
    home().address.path.write_bytes(b"no database" * 100)
    aside = home().move_away_if_damaged()
    assert aside is not None and aside != home().shown
    assert not home().address.exists


def test_a_run_that_saves_is_refused_for_an_error_of_the_ledger():
    with pytest.raises(RefusedError) as caught, ledger_required():
        raise LedgerError("it is full", hint="make room")
    (refusal,) = caught.value.refusals
    assert (refusal.rule, refusal.setting) == ("no-ledger", "ledger")
    assert caught.value.hint == "make room; or `ledger: none` in reconcile.yaml applies without one"


@pytest.mark.parametrize("error, rule", [(LockLostError, "locked"), (LedgerGoneError, "ledger-gone")])
def test_a_run_whose_lock_or_ledger_is_not_there_any_more_is_refused_by_a_rule_of_its_own(error, rule):
    with pytest.raises(RefusedError) as caught, ledger_required():
        raise error("it was taken over", hint="apply again")
    assert [one.rule for one in caught.value.refusals] == [rule]
    assert caught.value.hint == "apply again"
