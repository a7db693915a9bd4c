"""A ledger that is carried: all rows of its owner, none of another, and nothing over what is there."""

from __future__ import annotations

import contextlib

import pytest

from reconcile.errors import LedgerError
from reconcile.ledger.carry import carry
from reconcile.ledger.git_ledger import KEPT_RUNS
from reconcile.ledger.open_ledger import open_ledger
from reconcile.ledger.owned_rows import CARRIED
from reconcile.ledger.tables import LEDGERS, LOCKS, metadata
from reconcile.model.ledger_records import RunKind
from reconcile.model.outcome import Intent
from tests.builders import key
from tests.ledger.conftest import address_of, in_databases
from tests.ledger.git_ledgers import Remote
from tests.ledger.run_builders import NOON, applied, end, hold, outcome, run_in, start, update

TAKE = "20261126T120000Z-cccccc"
# A file has one workspace, a server may have several.
IN_POSTGRES = pytest.mark.parametrize("address", ["postgres"], indirect=True)
HERE = {"workspace": "shop", "environment": "prod"}


@pytest.fixture
def other(tmp_path, clock):
    """Opens a ledger at another place: a file, or a ref of a remote."""
    (tmp_path / "other").mkdir()
    remote = Remote(tmp_path / "other")
    with contextlib.ExitStack() as stack:

        def opener(home="file", **more):
            values = HERE | more
            if home == "git":
                return stack.enter_context(remote.opened(clock, **values))
            found = open_ledger(address_of(None, tmp_path / "other"), clock=clock, create=True, **values)
            return stack.enter_context(found)

        yield opener


def run(ledger, name, codes):
    with run_in(ledger, name) as entry:
        entry.record_intents([Intent(update(code)) for code in codes])
        entry.record_outcomes([outcome(update(code)) for code in codes])
        end(entry)


def carried(source, target):
    return carry(source, target, start(TAKE, kind=RunKind.TAKE), place="elsewhere", ended_at=NOON)


def test_every_table_but_the_lock_and_which_ledger_it_is_is_carried():
    assert set(CARRIED) == set(metadata.tables.values()) - {LEDGERS, LOCKS}


@IN_POSTGRES
def test_only_the_rows_of_its_owner_are_carried(opened, other):
    source = opened()
    run(source, "r1", "1")
    run(opened(environment="test"), "r2", "2")
    run(opened(workspace="store"), "r3", "3")
    target = other()
    assert carried(source, target).held == (2, 1, 0, 0)
    assert target.last_applied().keys() == {key("1")}
    assert [one.start.id for one in target.runs(most=9)] == [TAKE, "r1"]
    for environment, workspace, code in (("test", "shop", "2"), ("prod", "store", "3")):
        left = opened(environment=environment, workspace=workspace)
        assert (left.taken_to(), left.last_applied().keys()) == (None, {key(code)})


@pytest.mark.parametrize(
    "address, to",
    [
        pytest.param("sqlite", {"environment": "live"}, id="environment-of-a-file"),
        pytest.param("postgres", {"environment": "live"}, id="environment-on-a-server"),
        pytest.param("postgres", {"workspace": "store"}, id="workspace-on-a-server"),
    ],
    indirect=["address"],
)
def test_within_one_database_its_rows_get_another_owner(opened, to):
    source = opened()
    run(source, "r1", "12")
    with run_in(source, "r2") as entry:
        entry.hold([hold("2", run="r2")])
        entry.record_intents([Intent(update("3"))])
    values, before = source.in_force([key("1")]), source.lineage()
    target = opened(**to)
    made = carried(source, target)
    assert (made.is_new, made.held) == (True, (3, 2, 1, 1))
    assert made.lineage.parents == (f"{before.id}@2",)
    assert (source.taken_to(), source.last_applied(), source.runs(most=9)) == ("elsewhere", {}, ())
    assert target.in_force([key("1")]) == values
    assert [(name, record.key.code) for name, record in target.open_changes()] == [("r2", "3")]
    assert not carried(source, target).is_new
    assert (target.lock_holder(), source.lock_holder()) == (None, None)


@pytest.mark.slow
def test_runs_that_only_the_history_of_a_ref_holds_are_carried_too(other):
    source = other("git")
    names = [f"run-{number:02}" for number in range(KEPT_RUNS + 3)]
    for name in names:
        run(source, name, "1")
    target = other("git", environment="live")
    assert carried(other("git"), target).held.runs == len(names) + 1
    assert [one.start.id for one in target.runs(most=99)] == [TAKE, *reversed(names)]
    assert [one.start.id for one in other("git", environment="live").runs(most=99)] == [TAKE, *reversed(names)]


@in_databases
def test_a_key_that_belongs_to_another_workspace_there_is_an_error_and_nothing_is_noted(opened, other):
    target = opened()
    run(opened(workspace="store"), "r3", "1")
    source = other()
    run(source, "r1", "12")
    with pytest.raises(LedgerError, match=r"holds 1 key of other workspaces: acme/1 of workspace store"):
        carried(source, target)
    assert source.taken_to() is None
    assert (target.last_applied(), target.lineage()) == ({}, None)


def test_what_was_carried_to_one_place_is_not_carried_to_another(opened, other):
    source = opened()
    run(source, "r1", "1")
    carried(source, other())
    with pytest.raises(LedgerError, match="it was taken to elsewhere"):
        carry(source, other(environment="live"), start(TAKE), place="a third place", ended_at=NOON)


def test_a_ledger_from_before_lineages_gets_one_when_it_is_carried(opened, other):
    source = opened()
    run(source, "r1", "1")
    with source.step("") as connection:
        connection.execute(LEDGERS.delete())
    made = carried(source, other())
    assert made.lineage.parents == (f"{source.lineage().id}@1",)
    assert made.lineage.serial == 2


def test_a_step_of_a_run_that_lost_its_lock_is_not_written(opened):
    ledger = opened()
    with ledger.lock("r1", "wang", timeout_seconds=0) as held:
        ledger.secure()
        opened().unlock(held.id)
        with pytest.raises(LedgerError, match=r"taken over,? or unlocked"), ledger.step("x"):
            pass


@pytest.mark.parametrize("home", ["file", "git"])
def test_the_first_apply_after_it_goes_on_counting(opened, other, home):
    source = opened()
    run(source, "r1", "1")
    with run_in(source, "r2") as entry:
        entry.record_applied(applied("7"))
        end(entry)
    target = other(home)
    carried(source, target)
    run(other(home), "r9", "1")
    assert [(one.start.id, one.serial) for one in other(home).runs(most=9)] == [
        ("r9", 4),
        (TAKE, 3),
        ("r2", 2),
        ("r1", 1),
    ]
