"""Syntax errors of the YAML parser → findings in words for people who write schedules, not YAML.

The parser stops at its first error, often some lines after the mistake. So common mistakes are looked for around that
place first: a tab, a full-width colon, a cron that begins with an asterisk.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from yaml.error import MarkedYAMLError, YAMLError

from reconcile.declare.file_text import FileText
from reconcile.model.finding import Finding
from reconcile.model.rules import FileRule


class _Meaning(NamedTuple):
    """A phrase of the parser, what it means here, and what to do."""

    phrase: str
    rule: FileRule
    message: str
    hint: str


_MEANINGS = (
    _Meaning(
        "did not find expected alphabetic or numeric character",
        FileRule.UNQUOTED_ASTERISK,
        "a value that begins with * or & is an alias or an anchor to YAML",
        'quote the whole value: "*/5 …"',
    ),
    _Meaning(
        "mapping values are not allowed",
        FileRule.YAML_SYNTAX,
        "a colon stands where no key can be",
        "quote a value that holds a colon; indent the keys of one entry alike",
    ),
    _Meaning(
        "mapping keys are not allowed",
        FileRule.YAML_SYNTAX,
        "a value that begins with `? ` is a key to YAML",
        "quote the whole value",
    ),
    _Meaning(
        "could not find expected ':'",
        FileRule.YAML_SYNTAX,
        "a key without a colon",
        "write `key: value`, with an ASCII colon and a blank after it",
    ),
    _Meaning(
        "found unexpected end of stream",
        FileRule.UNCLOSED_QUOTE,
        "this quote is never closed",
        'close the quote; within double quotes write \\" for a quote',
    ),
    _Meaning(
        "unknown escape character",
        FileRule.YAML_SYNTAX,
        "a backslash in double quotes begins an escape, and this one does not exist",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _Meaning(
        "did not find expected key",
        FileRule.YAML_SYNTAX,
        "a key is expected here",
        "indent the keys of one entry alike, and put nothing after a closing quote",
    ),
    _Meaning(
        "did not find expected '-' indicator",
        FileRule.YAML_SYNTAX,
        "a list entry (`- `) is expected here",
        "indent the entries of one list alike",
    ),
    _Meaning(
        "did not find expected ',' or",
        FileRule.UNCLOSED_BRACKET,
        "a bracket or brace is not closed before this",
        "close it, or put a comma between the values",
    ),
    _Meaning(
        "did not find expected node content",
        FileRule.UNCLOSED_BRACKET,
        "a bracket or brace is not closed before this",
        "close it, or put a value after the comma",
    ),
    _Meaning(
        # The parser's own limit: it reads ahead, and may reach it before this program reaches its own.
        "exceeded maximum nesting depth",
        FileRule.TOO_DEEP,
        "collections are nested too deeply here",
        "declarations need no more than six levels",
    ),
    _Meaning(
        "cannot start any token",
        FileRule.YAML_SYNTAX,
        "no plain value can begin with this character",
        "quote the whole value",
    ),
)

# A tab among the blanks before the first character of a line.
_TAB = re.compile("[ ]*(\t)")
# A key typed on a Chinese keyboard: a full-width colon, or ideographic blanks around it.
_FULL_WIDTH = re.compile("[ -]*(\u3000)|[ -]*[\"']?[0-9A-Za-z_.-]+[\"']?[ \u3000]*(\uff1a)|[ -]*[0-9A-Za-z_]+:(\u3000)")
_LINES_BACK = 3
_NO_REASON = "it cannot be read"
# Rules whose place is the beginning of the value; the line is underlined to its end.
_WHOLE_VALUE = ("unquoted-asterisk", "unclosed-quote")


def syntax_finding(file_text: FileText, error: YAMLError) -> Finding:
    """Return what the parser's *error* means."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        position = getattr(error, "position", 0)
        reason = getattr(error, "reason", None) or str(error) or _NO_REASON
        return file_text.finding(
            FileRule.YAML_SYNTAX, f"this is not YAML: {reason}", position, hint="delete this character"
        )
    problem = error.problem or _NO_REASON
    # At the end of the file there is nothing to show: the last character before it is nearer to the mistake.
    index = min(error.problem_mark.index, max(len(file_text.text.rstrip()) - 1, 0))
    first = min(error.context_mark.index if error.context_mark else index, index)
    guess = _typing_mistake(file_text, first, index)
    if guess is not None:
        return guess
    for meaning in _MEANINGS:
        if meaning.phrase in problem:
            at, width = (first, 10_000) if meaning.rule in _WHOLE_VALUE else (index, 1)
            return file_text.finding(meaning.rule, meaning.message, at, width=width, hint=meaning.hint)
    context = f" ({error.context})" if error.context else ""
    message = f"this is not YAML: {problem}{context}"
    return file_text.finding(FileRule.YAML_SYNTAX, message, index, hint="see the line above, too")


def _typing_mistake(file_text: FileText, first: int, last: int) -> Finding | None:
    """Return a finding for a tab or a full-width character near the place where the parser stopped; else None."""
    first_line, last_line = file_text.line_of(first), file_text.line_of(last)
    for line in range(last_line, max(last_line - _LINES_BACK, 0), -1):
        tab = _TAB.match(file_text.line_text(line))
        if tab and line >= first_line:
            start = file_text.start_of(line) + tab.start(1)
            return file_text.finding(
                FileRule.TAB_INDENTATION,
                "a tab in the indentation, which YAML forbids",
                start,
                hint="indent with blanks only",
            )
        found = _full_width(file_text, line)
        if found is not None:
            return found
    return None


def _full_width(file_text: FileText, line: int) -> Finding | None:
    """Return a finding when *line* is structured with full-width characters instead of ASCII ones."""
    match = _FULL_WIDTH.match(file_text.line_text(line))
    if match is None:
        return None
    start = file_text.start_of(line) + match.start(match.lastindex or 0)
    character = file_text.text[start]
    ascii_character = ": " if character == "\uff1a" else " "
    named = "a full-width colon (：)" if character == "\uff1a" else "an ideographic blank (U+3000)"
    return file_text.finding(
        FileRule.FULL_WIDTH_SIGN,
        f"{named} is not a part of YAML",
        start,
        hint=f"type {ascii_character!r} with an ASCII keyboard",
    )
