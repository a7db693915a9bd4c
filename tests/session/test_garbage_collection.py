"""While a workspace is read, garbage is not collected; afterwards it is as before."""

from __future__ import annotations

import gc

import pytest

from reconcile.commands.validate import _found
from reconcile.session.declared import Checkout, declare_everything
from reconcile.session.garbage_collection import without_garbage_collection


@without_garbage_collection()
def is_collecting(*, fails: bool = False) -> bool:
    if fails:
        raise RuntimeError
    return gc.isenabled()


def test_garbage_is_collected_again_afterwards():
    assert not is_collecting()
    assert gc.isenabled()


def test_garbage_is_collected_again_after_a_failure():
    with pytest.raises(RuntimeError):
        is_collecting(fails=True)
    assert gc.isenabled()


def test_who_collects_no_garbage_is_not_made_to():
    gc.disable()
    try:
        assert not is_collecting()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "read, given",
    [
        pytest.param(declare_everything, (), id="what-is-declared"),
        pytest.param(Checkout.declared_at, ("prod", "HEAD"), id="what-was-declared"),
        pytest.param(_found, (None,), id="validate"),
    ],
)
def test_what_reads_a_whole_workspace_does_not_collect_meanwhile(read, given):
    class Asked:
        """A runtime that tells, of whatever is asked first, whether garbage is collected then."""

        def __getattr__(self, name: str) -> object:
            raise LookupError(gc.isenabled())

    with pytest.raises(LookupError) as asked:
        read(Asked(), *given)
    assert asked.value.args == (False,)
