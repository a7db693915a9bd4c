"""Text fit to be shown: one line, full-width characters of Chinese keyboards, *did you mean*, counts, lists in words.

What may be shown of a text that others wrote is decided here alone. Secrets are hidden before: see `secrets`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

# U+FF01 to U+FF5E are the ASCII characters as wide as a Chinese one; the rest is what input methods put in their place.
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
# The ideographic space is what Chinese text is set with; it is as wide as a character, and steers nothing.
_HARMLESS: Final = "\u3000"
_LONGEST_VALUE: Final = 60
LONGEST_LINE: Final = 300
"""How much is shown of a text that another program wrote."""


def without_invisible(text: str, instead: Callable[[str], str] = lambda _: " ") -> str:
    """Return *text* with *instead* of each character that can steer a terminal, break the line or hide: controls, bidi.

    >>> without_invisible("a\\x1b[31m\\u202eb\\n")
    'a [31m b '
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in _HARMLESS else instead(character) for character in text
    )


def visible(text: str) -> str:
    """Return *text* with every character that could steer a terminal spelled out, so that it stays one line.

    >>> visible("a\\x1b[31m\\u202eb\\n")
    'a\\\\x1b[31m\\\\u202eb\\\\n'
    """
    return without_invisible(text, lambda character: character.encode("unicode_escape").decode("ascii"))


def one_line(text: str, *, most: int | None = None) -> str:
    """Return *text* as one line of at most *most* characters: a run of white space and invisible ones becomes a blank.

    >>> one_line("a\\r\\n\\x1b[31mb"), one_line("abcdef", most=4)
    ('a [31mb', 'abc…')
    """
    return clipped(" ".join(without_invisible(text).split()), most)


def clipped(text: str, most: int | None) -> str:
    """Return *text*, or the beginning of it and ``…``: at most *most* characters; all of it without *most*."""
    return text if most is None or len(text) <= most else f"{text[: most - 1]}…"


def shown(value: object) -> str:
    """Return *value* for a message: on one line, not too long, with its blanks as they are.

    >>> shown("a\\n b"), shown(True)
    ('a  b', 'true')
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return without_invisible(clipped(text, _LONGEST_VALUE))


def ascii_of(text: str) -> str:
    """Return *text* with ASCII characters in place of full-width ones; as long as it was.

    >>> ascii_of("0 0 8 ？　＊ ＊")
    '0 0 8 ? * *'
    """
    return text if text.isascii() else text.translate(_ASCII)


def full_width_characters(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each stretch of full-width characters in *text* begins (from 0), and how long it is."""
    start = len(text) if text.isascii() else 0
    while start < len(text):
        end = start
        while end < len(text) and ord(text[end]) in _ASCII:
            end += 1
        if end > start:
            yield start, end - start
        start = end + 1


def did_you_mean(word: str, known: Iterable[str], *, most: int = 1) -> str | None:
    """Return ``did you mean …?`` with those of *known* that are closest to *word*; None when none is close.

    >>> did_you_mean("shedules", ["schedules", "include"])
    'did you mean schedules?'
    """
    import difflib  # needed only when something is wrong

    near = difflib.get_close_matches(word, sorted(known), n=most)
    return f"did you mean {' or '.join(near)}?" if near else None


def counted(count: int, noun: str) -> str:
    """Return *count* with *noun* in its number.

    >>> counted(2, "error"), counted(1, "error")
    ('2 errors', '1 error')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Sequence[object], *, most: int = 3) -> str:
    """Return the first *most* of *names* with commas between, and ``…`` where there are more.

    >>> listed(["a", "b"]), listed("abcd")
    ('a, b', 'a, b, c, …')
    """
    return ", ".join([*map(str, names[:most]), *(["…"] if len(names) > most else [])])
