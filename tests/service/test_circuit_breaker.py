"""The circuit breaker of one query: when it opens, for what, and what closes it."""

from __future__ import annotations

import pytest

from reconcile.service.circuit_breaker import TENANT_LOST_AFTER, CircuitBreaker


def failed(breaker, tenant, times=1):
    for _ in range(times):
        breaker.add_failure(tenant)


def test_it_opens_for_a_tenant_after_failures_in_a_row_and_for_no_other():
    breaker = CircuitBreaker(most_tenants=20)
    failed(breaker, "acme", TENANT_LOST_AFTER - 1)
    assert breaker.refusal("acme") is None
    failed(breaker, "acme")
    assert breaker.refusal("acme").rule == "not-asked"
    assert breaker.refusal("globex") is None


def test_it_opens_for_all_tenants_when_many_failed_in_a_row():
    breaker = CircuitBreaker(most_tenants=3)
    for tenant in ("a", "b", "c"):
        assert breaker.refusal("acme") is None
        failed(breaker, tenant)
    assert "3 tenants in a row" in breaker.refusal("acme").message


@pytest.mark.parametrize("answered", ["acme", "globex"], ids=["the-tenant-itself", "another-tenant"])
def test_an_answer_closes_it_for_its_tenant_and_for_all(answered):
    breaker = CircuitBreaker(most_tenants=2)
    failed(breaker, "acme", TENANT_LOST_AFTER)
    failed(breaker, "globex", TENANT_LOST_AFTER)
    assert breaker.refusal("initech") is not None
    breaker.add_success(answered)
    assert breaker.refusal("initech") is None
    assert [tenant for tenant in ("acme", "globex") if breaker.refusal(tenant) is None] == [answered]
