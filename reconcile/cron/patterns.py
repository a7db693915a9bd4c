"""How a set of numbers reads to a person: all of them, one, a run, every so many, or a list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise


class Shape(StrEnum):
    """The simplest way to say a set."""

    ALL = "all"
    ONE = "one"
    RUN = "run"
    STEPS = "steps"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of *numbers* of a field (bit n of *mask* is n), in the order in which they are said.

    RUN: three and more consecutive ones, round the field's end where it *wraps*. STEPS: every *step* from the first on;
    *to_end* when no further step fits into the field, *is_even* when the first follows the last by a step again.
    """

    shape: Shape
    mask: int
    numbers: tuple[int, ...]
    step: int = 1
    to_end: bool = False
    is_even: bool = False

    @property
    def first(self) -> int:
        """Return the first number said."""
        return self.numbers[0]

    @property
    def last(self) -> int:
        """Return the last number said."""
        return self.numbers[-1]

    @property
    def wraps(self) -> bool:
        """Return whether a run goes round the field's end."""
        return self.first > self.last


@lru_cache(maxsize=4096)
def pattern(mask: int, low: int, high: int) -> Pattern:
    """Return how the numbers in *mask*, a field from *low* to *high*, are said best; there is at least one."""
    numbers = tuple(number for number in range(low, high + 1) if mask >> number & 1)
    if len(numbers) == high - low + 1:
        return Pattern(Shape.ALL, mask, numbers, to_end=True, is_even=True)
    if len(numbers) == 1:
        return Pattern(Shape.ONE, mask, numbers)
    run = _run(numbers, low, high)
    if run is not None and len(numbers) > 2:
        return Pattern(Shape.RUN, mask, run)
    return _steps(mask, numbers, low, high) or Pattern(Shape.LIST, mask, numbers)


def runs(mask: int) -> list[tuple[int, ...]]:
    """Return the numbers in *mask*, ascending, in runs of consecutive ones.

    >>> runs(0b1011100)
    [(2, 3, 4), (6,)]
    """
    found: list[tuple[int, ...]] = []
    for number in range(mask.bit_length()):
        if not mask >> number & 1:
            continue
        if found and found[-1][-1] == number - 1:
            found[-1] += (number,)
        else:
            found.append((number,))
    return found


def _run(numbers: tuple[int, ...], low: int, high: int) -> tuple[int, ...] | None:
    """*numbers* in running order, if they are consecutive with at most one wrap round the field's end."""
    breaks = [index for index in range(1, len(numbers)) if numbers[index] != numbers[index - 1] + 1]
    if not breaks:
        return numbers
    if len(breaks) == 1 and numbers[0] == low and numbers[-1] == high:
        return numbers[breaks[0] :] + numbers[: breaks[0]]
    return None


def _steps(mask: int, numbers: tuple[int, ...], low: int, high: int) -> Pattern | None:
    step = numbers[1] - numbers[0]
    if any(after - before != step for before, after in pairwise(numbers)):
        return None
    to_end = numbers[-1] + step > high
    is_even = step * len(numbers) == high - low + 1
    # Two numbers are steps only where they halve the field: 0,30 is every 30 minutes, 8,13 are two hours.
    if len(numbers) > 2 or is_even:
        return Pattern(Shape.STEPS, mask, numbers, step, to_end, is_even)
    return None
