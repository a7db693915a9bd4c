"""Bytes of a file → text for the YAML parser, and a finding for every character that is not allowed.

Line breaks are LF, CR LF and CR, as editors count them. YAML 1.1 also breaks lines at U+0085, U+2028 and U+2029, which
no editor shows. These and control characters are findings. In `FileText.clean` a blank stands in their place, so that
reading continues and the positions of the parser (in characters) stay right.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from reconcile.engine.problems import Place
from reconcile.model.finding import Finding
from reconcile.model.rules import FileRule
from reconcile.secrets import without_passwords
from reconcile.source import Span

MAX_BYTES = 32 * 1024 * 1024
"""The largest file that is read: about 200,000 schedules."""

BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")

# Not allowed anywhere in a file: C0 and C1 except tab and line breaks, DEL, and invisible characters that change or
# hide text: zero-width space, byte order marks inside the text, and those that change the direction of writing.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
LINE_SEPARATORS = {"\x85": "U+0085", "\u2028": "U+2028", "\u2029": "U+2029"}
MAX_LINE = 1000
"""How many characters of a line are shown; a place further right is shown without its line."""

# What Git holds in the place of a file whose content a filter keeps elsewhere, or encrypts.
_STAND_INS = (
    (
        b"version https://git-lfs.github.com/spec/",
        "it is a pointer of Git LFS, and not the file itself",
        "`git lfs pull` brings the file; a revision has the pointer alone, so keep declarations out of LFS",
    ),
    (
        b"\0GITCRYPT\0",
        "it is encrypted by git-crypt",
        "`git-crypt unlock` decrypts the work tree, but no revision: keep declarations out of git-crypt",
    ),
)
_LINE_BREAK = re.compile("\r\n|\r|\n")
_FORBIDDEN = re.compile(f"{CONTROL.pattern}|[\x85\u2028\u2029]")


@dataclass
class FileText:
    """A file's text. *raw* has no byte order mark; *clean* is for the parser; empty when it cannot read the file."""

    file: str
    raw: bytes
    clean: bytes = b""
    findings: list[Finding] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        """Return the text, with U+FFFD for bytes that are not UTF-8."""
        return self.raw.decode("utf-8", errors="replace")

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]

    def line_of(self, index: int) -> int:
        """Return the line, from 1, of the character at *index*."""
        return bisect_right(self._starts, index)

    def start_of(self, line: int) -> int:
        """Return the index of the first character of a line, from 1."""
        return self._starts[line - 1]

    def line_text(self, line: int) -> str:
        """Return a line, from 1, without its line break."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def place(self, index: int, width: int = 1) -> Place:
        """Return the place of *width* characters from *index*, up to the end of the line; at least one wide."""
        index = min(index, len(self.text))
        line = self.line_of(index)
        column = index - self._starts[line - 1]
        text = self.line_text(line)
        if column >= MAX_LINE:
            return Place(Span(self.file, line, column + 1), None)
        width = max(1, min(width, len(text[:MAX_LINE].rstrip()) - column))
        return Place(Span(self.file, line, column + 1, width), line_shown(text))

    def finding(self, rule: FileRule, message: str, index: int, *, width: int = 1, hint: str) -> Finding:
        """Return an error about *width* characters from *index*."""
        span, line_text = self.place(index, width)
        return Finding(rule, message, place=span, hint=hint, line_text=line_text)


def line_shown(text: str) -> str:
    """Return *text* for a terminal, without control characters and passwords; only without these is it shorter."""
    clipped = without_passwords(text[:MAX_LINE])
    return clipped if clipped.isprintable() else _FORBIDDEN.sub("\ufffd", clipped).replace("\t", "→")


def decoded(file: str, raw: bytes) -> FileText:
    """Return the text of *file* with its findings; `clean` is empty when the parser cannot read it."""
    raw = raw.removeprefix(BOM)
    file_text = FileText(file, raw)
    for beginning, message, hint in _STAND_INS:
        if raw.startswith(beginning):
            return FileText(file, b"", findings=[Finding(FileRule.UNREADABLE_FILE, message, Span(file, 1), hint)])
    if len(raw) > MAX_BYTES:
        return FileText(file, raw[:200], findings=[_too_large(file, raw)])
    if raw.startswith(UTF16_BOMS):
        file_text.findings.append(_not_utf8(file_text, 0, "UTF-16"))
        return file_text
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        file_text.findings.append(_not_utf8(file_text, len(raw[: error.start].decode("utf-8")), _likely_encoding(raw)))
        return file_text
    if not _is_suspicious(raw):
        file_text.clean = raw
        return file_text
    file_text.findings.extend(_forbidden(file_text, match) for match in _FORBIDDEN.finditer(text))
    file_text.clean = _FORBIDDEN.sub(" ", text).encode("utf-8")
    return file_text


# In UTF-8 every forbidden character begins with one of these bytes. The search for bytes is a hundred times faster than
# the pattern, which runs only where one is found.
_FORBIDDEN_STARTS = (b"\xc2", b"\xe2\x80", b"\xe2\x81", b"\xef\xbb", b"\xef\xbf")
_FORBIDDEN_ASCII = bytes(code for code in range(0x20) if code not in b"\t\n\r") + b"\x7f"
_ALLOWED_ASCII = bytes(code for code in range(0x100) if code not in _FORBIDDEN_ASCII)


def _is_suspicious(raw: bytes) -> bool:
    return any(start in raw for start in _FORBIDDEN_STARTS) or bool(raw.translate(None, delete=_ALLOWED_ASCII))


def _too_large(file: str, raw: bytes) -> Finding:
    message = f"the file holds {len(raw) / 1024 / 1024:.0f} MiB; at most {MAX_BYTES // 1024 // 1024} MiB are read"
    return Finding(
        FileRule.FILE_TOO_LARGE, message, place=Span(file, 1), hint="spread the schedules over several files"
    )


def _not_utf8(file_text: FileText, index: int, likely: str | None) -> Finding:
    hint = f"it looks like {likely}: save the file as UTF-8" if likely else "save the file as UTF-8"
    return file_text.finding(FileRule.NOT_UTF8, "the file is not UTF-8 text from here on", index, hint=hint)


def _likely_encoding(raw: bytes) -> str | None:
    """Return the likely encoding of a file from a Chinese Windows, if *raw* fits it."""
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return "GBK"


def _forbidden(file_text: FileText, match: re.Match[str]) -> Finding:
    character = match.group()
    if character in LINE_SEPARATORS:
        message = f"the character {LINE_SEPARATORS[character]} breaks the line for YAML, though editors do not show it"
        hint = "delete it, or put a blank in its place"
        return file_text.finding(FileRule.LINE_SEPARATOR, message, match.start(), hint=hint)
    message = f"the character U+{ord(character):04X} is invisible and may not stand in a declaration"
    return file_text.finding(FileRule.CONTROL_CHARACTER, message, match.start(), hint="delete it")
