"""`NumberSet`: the numbers of a field, with the shape by which a sentence names them: a run, steps, a list, …"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise


class Shape(StrEnum):
    """The simplest way to name a set of numbers."""

    ALL = "all"
    ONE = "one"
    RUN = "run"
    STEPS = "steps"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class NumberSet:
    """The *numbers* of a field in the order in which a sentence names them; bit n of *mask* is n.

    RUN: at least three consecutive numbers; it *wraps* when it continues at the field's start. STEPS: every *step* from
    the first number on; *to_end*: no further step fits into the field; *is_even*: the steps divide the field evenly.
    """

    shape: Shape
    mask: int
    numbers: tuple[int, ...]
    step: int = 1
    to_end: bool = False
    is_even: bool = False

    @property
    def first(self) -> int:
        """Return the first number in order."""
        return self.numbers[0]

    @property
    def last(self) -> int:
        """Return the last number in order."""
        return self.numbers[-1]

    @property
    def wraps(self) -> bool:
        """Return whether a run continues at the field's start."""
        return self.first > self.last


@lru_cache(maxsize=4096)
def number_set(mask: int, low: int, high: int) -> NumberSet:
    """Return the numbers in *mask*, at least one, of a field from *low* to *high*, with their simplest shape."""
    numbers = tuple(number for number in range(low, high + 1) if mask >> number & 1)
    if len(numbers) == high - low + 1:
        return NumberSet(Shape.ALL, mask, numbers, to_end=True, is_even=True)
    if len(numbers) == 1:
        return NumberSet(Shape.ONE, mask, numbers)
    run = _run(numbers, low, high)
    if run is not None and len(numbers) > 2:
        return NumberSet(Shape.RUN, mask, run)
    return _steps(mask, numbers, low, high) or NumberSet(Shape.LIST, mask, numbers)


def runs(mask: int) -> list[tuple[int, ...]]:
    """Return the numbers in *mask*, ascending, as runs of consecutive numbers.

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
    """Return *numbers* in running order if they are consecutive, with at most one wrap; else None."""
    breaks = [index for index in range(1, len(numbers)) if numbers[index] != numbers[index - 1] + 1]
    if not breaks:
        return numbers
    if len(breaks) == 1 and numbers[0] == low and numbers[-1] == high:
        return numbers[breaks[0] :] + numbers[: breaks[0]]
    return None


def _steps(mask: int, numbers: tuple[int, ...], low: int, high: int) -> NumberSet | None:
    step = numbers[1] - numbers[0]
    if any(after - before != step for before, after in pairwise(numbers)):
        return None
    to_end = numbers[-1] + step > high
    is_even = step * len(numbers) == high - low + 1
    # Two numbers are steps only where they halve the field: 0,30 is every 30 minutes, 8,13 are two hours.
    if len(numbers) > 2 or is_even:
        return NumberSet(Shape.STEPS, mask, numbers, step, to_end, is_even)
    return None
