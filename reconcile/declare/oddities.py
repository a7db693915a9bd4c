"""What YAML allows and a declaration must not hold, found while reading: one method for each, one finding for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconcile.declare.scalars import misreading, typed
from reconcile.declare.source import CONTROL, LINE_SEPARATORS, Source
from reconcile.model.finding import Finding

_NO_SHARING = "write the value out; what several tenants share belongs into a set, what a file repeats into defaults"
_MAY_HOLD_LINES = "description"


class Oddities:
    """Collects into *findings* what the reader meets in *source*."""

    def __init__(self, source: Source, findings: list[Finding]) -> None:
        self._source = source
        self._findings = findings

    def watch(self, following: Callable[[], Any]) -> Callable[[], Any]:
        """Return *following*, looking at each event for anchors and tags where the file can hold any at all."""
        if b"&" not in self._source.clean and b"!" not in self._source.clean:
            return following

        def watched() -> Any:
            event = following()
            self._marks(event)
            return event

        return watched

    def plain(self, event: Any, key: str | None) -> object:
        """Return what a plain scalar with a suspect start stands for."""
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
        """Look for characters that stand in a value by an escape, or by its being of several lines."""
        for sign in event.value:
            if (sign in "\n\t" and key == _MAY_HOLD_LINES) or sign.isprintable():
                continue
            if sign in "\n\t\r":
                named = {"\n": "a line break", "\t": "a tab", "\r": "a carriage return"}[sign]
                hint = "write it on one line, in quotes; only a description may hold line breaks"
            elif CONTROL.match(sign) or sign in LINE_SEPARATORS:
                named, hint = f"the character U+{ord(sign):04X}", "delete it"
            else:
                continue
            self._add("control-character", f"{key or 'the value'} holds {named}", event, hint=hint)
            return

    def key(self, event: Any, fine: dict[str, str]) -> str:
        """Return a key that is not among the *fine* ones, and add it to them if it is."""
        text: str = event.value
        found = len(self._findings)
        if not event.style:
            if text == "<<":
                self._add("merge-key", "merge keys (<<) are not used in declarations", event, hint=_NO_SHARING)
            elif typed(text) is not text:
                self._quote_this(event, f"the key {text or 'before the colon'} is no text to YAML", text)
            elif misreading(text):
                self._quote_this(event, f"the key {text} is {misreading(text)} to some readers of YAML", text)
        if not text.isprintable():
            self.text(event, "the key")
        if not event.style and len(self._findings) == found:
            fine[text] = text
        return text

    def duplicate(self, event: Any) -> None:
        """Say that a mapping holds a key twice."""
        self._add(
            "duplicate-key",
            f"{event.value} stands twice in the same mapping",
            event,
            hint="delete one of the two, or begin a new list entry with '- '",
        )

    def _marks(self, event: Any) -> None:
        if getattr(event, "tag", None) is not None:
            self._add("tag", f"tags such as {_short(event.tag)} are not used in declarations", event, hint="delete it")
        if getattr(event, "anchor", None) is not None and hasattr(event, "implicit"):
            self._add("anchor", f"the anchor &{event.anchor} is not allowed", event, hint=_NO_SHARING)

    def alias(self, event: Any) -> str:
        """Refuse an alias, and return its text."""
        self._add(
            "alias",
            f"YAML reads *{event.anchor} as an alias, and aliases are not allowed",
            event,
            hint=f'if text is meant, quote it: "*{event.anchor}"; otherwise {_NO_SHARING}',
        )
        return f"*{event.anchor}"

    def strange_key(self, event: Any) -> None:
        """Say that a key is a collection or an alias."""
        self._add("key-not-text", "a key must be plain text", event, hint="did you mean a value? write `key: value`")

    def too_deep(self, event: Any, limit: int) -> None:
        """Say that collections are nested too deeply."""
        message = f"collections are nested more than {limit} deep here"
        self._add("too-deep", message, event, hint="declarations need no more than six levels")

    def another_document(self, event: Any) -> None:
        """Say that a second document begins."""
        self._add(
            "several-documents",
            "a second YAML document begins here; a file holds one",
            event,
            hint="move it into a file of its own, or delete the `---`",
        )

    def empty(self) -> None:
        """Say that the file holds nothing."""
        hint = "declare something in it, or delete it"
        self._findings.append(self._source.finding("empty-file", "the file holds no declaration", 0, hint=hint))

    def _quote_this(self, event: Any, message: str, text: str) -> None:
        self._add("quote-this", message, event, hint=f'quote it: "{text}"')

    def _add(self, rule: str, message: str, event: Any, *, hint: str) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self._findings.append(self._source.finding(rule, message, start, width=max(1, end - start), hint=hint))


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
