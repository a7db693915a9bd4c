"""Findings while YAML is read: what YAML allows and a declaration must not hold. One method for each finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconcile.declare.file_text import CONTROL, LINE_SEPARATORS, FileText
from reconcile.declare.scalars import misreading, typed
from reconcile.model.finding import Finding
from reconcile.model.rules import FileRule

_NO_SHARING = "write the value out; what several tenants share belongs into a set, what a file repeats into defaults"
_MAY_HOLD_LINES = "description"


class YamlFindings:
    """Adds to *findings* what the reader finds in *file_text*."""

    def __init__(self, file_text: FileText, findings: list[Finding]) -> None:
        self._file_text = file_text
        self._findings = findings

    def watch(self, next_event: Callable[[], Any]) -> Callable[[], Any]:
        """Return *next_event*, with a check of each event for anchors and tags if the file can hold any."""
        if b"&" not in self._file_text.clean and b"!" not in self._file_text.clean:
            return next_event

        def watched() -> Any:
            event = next_event()
            self._anchor_or_tag(event)
            return event

        return watched

    def plain(self, event: Any, key: str | None) -> object:
        """Return the value of a plain scalar that may be other than text."""
        text: str = event.value
        value = typed(text)
        if value is text:
            meaning = misreading(text)
            if meaning:
                self._quote_this(event, f"{text} without quotes is {meaning} to some readers of YAML", text)
            elif not text.isprintable():
                self.text(event, key)
        return value

    def text(self, event: Any, key: str | None) -> None:
        """Add a finding for characters that escapes and line breaks put into a value."""
        for character in event.value:
            if (character in "\n\t" and key == _MAY_HOLD_LINES) or character.isprintable():
                continue
            if character in "\n\t\r":
                named = {"\n": "a line break", "\t": "a tab", "\r": "a carriage return"}[character]
                hint = "write it on one line, in quotes; only a description may hold line breaks"
            elif CONTROL.match(character) or character in LINE_SEPARATORS:
                named, hint = f"the character U+{ord(character):04X}", "delete it"
            else:
                continue
            self._add(FileRule.CONTROL_CHARACTER, f"{key or 'the value'} holds {named}", event, hint=hint)
            return

    def key(self, event: Any, valid_keys: dict[str, str]) -> str:
        """Return a key that is not in *valid_keys*, and add it to them when it has no finding."""
        text: str = event.value
        count = len(self._findings)
        if not event.style:
            if text == "<<":
                self._add(FileRule.MERGE_KEY, "merge keys (<<) are not used in declarations", event, hint=_NO_SHARING)
            elif typed(text) is not text:
                self._quote_this(event, f"the key {text or 'before the colon'} is not text to YAML", text)
            elif misreading(text):
                self._quote_this(event, f"the key {text} is {misreading(text)} to some readers of YAML", text)
        if not text.isprintable():
            self.text(event, "the key")
        if not event.style and len(self._findings) == count:
            valid_keys[text] = text
        return text

    def duplicate(self, event: Any) -> None:
        """Add that a mapping holds a key twice."""
        self._add(
            FileRule.DUPLICATE_KEY,
            f"{event.value} stands twice in the same mapping",
            event,
            hint="delete one of the two, or begin a new list entry with '- '",
        )

    def _anchor_or_tag(self, event: Any) -> None:
        if getattr(event, "tag", None) is not None:
            self._add(
                FileRule.TAG, f"tags such as {_short(event.tag)} are not used in declarations", event, hint="delete it"
            )
        if getattr(event, "anchor", None) is not None and hasattr(event, "implicit"):
            self._add(FileRule.ANCHOR, f"the anchor &{event.anchor} is not allowed", event, hint=_NO_SHARING)

    def alias(self, event: Any) -> str:
        """Add that aliases are not allowed, and return the alias as text."""
        self._add(
            FileRule.ALIAS,
            f"YAML reads *{event.anchor} as an alias, and aliases are not allowed",
            event,
            hint=f'if text is meant, quote it: "*{event.anchor}"; otherwise {_NO_SHARING}',
        )
        return f"*{event.anchor}"

    def key_not_text(self, event: Any) -> None:
        """Add that a key is a collection or an alias."""
        self._add(
            FileRule.KEY_NOT_TEXT, "a key must be plain text", event, hint="did you mean a value? write `key: value`"
        )

    def too_deep(self, event: Any, limit: int) -> None:
        """Add that collections are nested too deeply."""
        message = f"collections are nested more than {limit} deep here"
        self._add(FileRule.TOO_DEEP, message, event, hint="declarations need no more than six levels")

    def another_document(self, event: Any) -> None:
        """Add that a second YAML document begins."""
        self._add(
            FileRule.SEVERAL_DOCUMENTS,
            "a second YAML document begins here; a file holds one",
            event,
            hint="move it into a file of its own, or delete the `---`",
        )

    def empty(self) -> None:
        """Add that the file holds nothing."""
        hint = "declare something in it, or delete it"
        self._findings.append(
            self._file_text.finding(FileRule.EMPTY_FILE, "the file holds no declaration", 0, hint=hint)
        )

    def _quote_this(self, event: Any, message: str, text: str) -> None:
        self._add(FileRule.QUOTE_THIS, message, event, hint=f'quote it: "{text}"')

    def _add(self, rule: FileRule, message: str, event: Any, *, hint: str) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self._findings.append(self._file_text.finding(rule, message, start, width=max(1, end - start), hint=hint))


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
