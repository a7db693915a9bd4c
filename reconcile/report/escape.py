"""Text from YAML or from the service is data: nothing in it may steer a terminal, a browser or a markdown renderer."""

from __future__ import annotations

import re

from rich.cells import cell_len

from reconcile.text import visible

# Marks of markdown, of its GitHub and GitLab dialects, and of HTML.
_MARKS = re.compile(r"[\\`*_{}\[\]()#+\-.!~=^$:]")
# A reader must not be notified by a schedule's name, nor an issue be linked to it.
_MENTIONS = re.compile(r"[@#!$~%&^](?=\w)")
_ADDRESSES = re.compile(r"(?i)\bwww(?=\.)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_APART = "&#8203;"  # a space of no width
_BACKTICKS = re.compile("`+")
# What JSON leaves as it is, and a terminal or an editor does not: DEL, C1, bidi, separators, surrogates, …
_UNSAFE_IN_JSON = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def cells(text: str) -> int:
    """Return how many columns of a terminal *text* takes: two for each wide character.

    >>> cells("订单a")
    5
    """
    return cell_len(text)


def padded(text: str, width: int) -> str:
    """Return *text* followed by as many blanks as it takes to fill *width* columns."""
    return text + " " * (width - cell_len(text))


def markdown(text: str) -> str:
    """Return *text* for markdown, as words among others: it reads there as it reads here.

    >>> print(markdown("a|b <b>*c*</b> @all"))
    a&#124;b &lt;b&gt;\\*c\\*&lt;/b&gt; @&#8203;all
    """
    # `visible` leaves no NUL: it marks the places of _APART, which the later steps would escape.
    apart = _ADDRESSES.sub("\\g<0>\0", _MENTIONS.sub("\\g<0>\0", visible(text)))
    marked = _MARKS.sub(lambda match: f"\\{match.group()}", apart)
    return "".join(_ENTITIES.get(character, character) for character in marked).replace("\0", _APART)


def markdown_cell(text: str) -> str:
    """Return *text* as a code span for the cell of a table, where a pipe would end the cell even in a span."""
    return markdown(text) if "|" in text else markdown_code(text)


def markdown_code(text: str) -> str:
    """Return *text* as a code span: no mark, link or mention works in it.

    >>> print(markdown_code("0 */5 * * * ?"), markdown_code("a`b"))
    `0 */5 * * * ?` `` a`b ``
    """
    shown = visible(text)
    if not shown:
        return "(empty)"
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    # A code span loses one space at each end when it has both, and cannot begin or end with a backtick.
    pad = " " if shown[0] in "` " or shown[-1] in "` " or longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def markdown_fence(lines: tuple[str, ...]) -> str:
    """Return a fence of backticks that is longer than any within *lines*."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    return "`" * max(3, longest + 1)


def json_text(text: str) -> str:
    """Return a JSON text with what could steer a terminal written as ``\\\\uXXXX``: the same document.

    >>> json_text('{"name": "订单\\u202e"}')
    '{"name": "订单\\\\u202e"}'
    """
    return text if text.isascii() and "\x7f" not in text else _UNSAFE_IN_JSON.sub(_as_json_escape, text)


def _as_json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
