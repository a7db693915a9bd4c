"""How an apply is paced: how much it saves at once, what it waits for, and how long. Callers name what they change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from reconcile.engine.settle import MAX_READS


class SoakUntil(Enum):
    """What a soak may wait for instead of a span."""

    NEXT_FIRE = "next-fire"


@dataclass(frozen=True, slots=True)
class Pacing:
    """How an apply is paced.

    *wave_size* is how many changes are saved together. *soak* is how long the verified canaries are left alone before
    the waves begin: a span, or until their history shows a fire, for which *soak_limit* is the longest wait; None: not
    at all. *read_back_seconds* is how long to wait before each read-back of a save, by how many there were before it;
    *closing_seconds* is the wait before the closing read-back, which happens only where a save was in doubt.
    """

    wave_size: int = 100
    soak: timedelta | SoakUntil | None = None
    soak_limit: timedelta = timedelta(hours=1)
    read_back_seconds: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
    closing_seconds: float = 5.0

    def __post_init__(self) -> None:
        assert len(self.read_back_seconds) == MAX_READS, "a pause for each read-back"
