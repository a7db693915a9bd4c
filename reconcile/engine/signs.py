"""Signs and words of messages: full-width signs from a Chinese keyboard, values fit to be shown, *did you mean*."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

# U+FF01 to U+FF5E are the ASCII signs in the width of a Chinese one; the rest is what input methods put in their place.
_ASCII: Final = str.maketrans(
    {
        **{chr(0xFF01 + offset): chr(0x21 + offset) for offset in range(0x5E)},
        "\u3000": " ",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "、": ",",
        "。": ".",
        "—": "-",
        "–": "-",
    }
)
_MAX_SHOWN: Final = 60


def ascii_of(text: str) -> str:
    """Return *text* with ASCII signs in place of full-width ones; as long as it was.

    >>> ascii_of("0 0 8 ？　＊ ＊")
    '0 0 8 ? * *'
    """
    return text if text.isascii() else text.translate(_ASCII)


def full_width_signs(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each stretch of full-width signs in *text* begins (from 0), and how long it is."""
    start = len(text) if text.isascii() else 0
    while start < len(text):
        end = start
        while end < len(text) and ord(text[end]) in _ASCII:
            end += 1
        if end > start:
            yield start, end - start
        start = end + 1


def shown(value: object) -> str:
    """Return *value* for a message: on one line, not too long, with nothing in it that could steer a terminal.

    >>> shown("a\\nb"), shown(True)
    ('a b', 'true')
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    clipped = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
    return "".join(sign if sign.isprintable() or sign == "\u3000" else " " for sign in clipped)


def close_to(word: str, known: Iterable[str]) -> str | None:
    """Return ``did you mean …?`` with the word of *known* that is closest to *word*; None when none is close.

    >>> close_to("shedules", ["schedules", "include"])
    'did you mean schedules?'
    """
    import difflib  # needed only when something is wrong

    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else None
