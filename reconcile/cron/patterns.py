"""How a set of numbers reads to a person: all of them, one, a run, every so many, or a list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
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
    """A set of *numbers* of a field that goes from *low* to *high*, in the order in which they are said.

    RUN: consecutive from the first to the last, round the end where it wraps. STEPS: every *step* from the first on;
    *to_end* when they go on to the field's end.
    """

    shape: Shape
    numbers: tuple[int, ...]
    low: int
    high: int
    step: int = 1
    to_end: bool = False

    @property
    def first(self) -> int:
        """Return the first number said."""
        return self.numbers[0]

    @property
    def last(self) -> int:
        """Return the last number said."""
        return self.numbers[-1]


def pattern(mask: int, low: int, high: int) -> Pattern:
    """Return how the numbers in *mask*, a field from *low* to *high*, are said best; there is at least one."""
    numbers = tuple(number for number in range(low, high + 1) if mask >> number & 1)
    if len(numbers) == high - low + 1:
        return Pattern(Shape.ALL, numbers, low, high)
    if len(numbers) == 1:
        return Pattern(Shape.ONE, numbers, low, high)
    run = _run(numbers, low, high)
    if run is not None and len(numbers) > 2:
        return Pattern(Shape.RUN, run, low, high)
    return _steps(numbers, low, high) or Pattern(Shape.LIST, numbers, low, high)


def _run(numbers: tuple[int, ...], low: int, high: int) -> tuple[int, ...] | None:
    """*numbers* in running order, if they are consecutive with at most one wrap round the field's end."""
    breaks = [index for index in range(1, len(numbers)) if numbers[index] != numbers[index - 1] + 1]
    if not breaks:
        return numbers
    if len(breaks) == 1 and numbers[0] == low and numbers[-1] == high:
        return numbers[breaks[0] :] + numbers[: breaks[0]]
    return None


def _steps(numbers: tuple[int, ...], low: int, high: int) -> Pattern | None:
    step = numbers[1] - numbers[0]
    if step < 2 or any(b - a != step for a, b in pairwise(numbers)):
        return None
    to_end = numbers[-1] + step > high
    # Two numbers are a step only where they halve the field: 0,30 is every 30 minutes, 8,20 are two hours.
    halves = len(numbers) == 2 and numbers[0] == low and step * 2 == high - low + 1
    if len(numbers) > 2 or halves:
        return Pattern(Shape.STEPS, numbers, low, high, step, to_end)
    return None
