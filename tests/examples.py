"""How many examples a law is tried on."""

from __future__ import annotations

from hypothesis import settings


def examples(share: float) -> settings:
    """Return the settings of a law that is tried *share* times as often as others: more if it is quick, less if not."""
    return settings(max_examples=max(1, round(settings().max_examples * share)))
