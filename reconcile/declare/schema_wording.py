"""What a schema refuses, in the words of people who write schedules.

There is one function for each keyword of the schemas. It says which value is wrong, and what to do. It names the value
by its key; the place of the finding shows which one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from reconcile.engine.problems import Part, Pointer, Problem
from reconcile.model.rules import FileRule
from reconcile.secrets import without_passwords
from reconcile.text import ascii_of, counted, did_you_mean, shown

NOT_BUILT_YET: Mapping[str, str] = {
    "grace": "how late a fire may be is not judged yet",
}
"""Keys of the format that have no effect yet. They are errors: a key is never silently ignored."""

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def worded_problems(schema: Mapping[str, Any], value: Any, file: str) -> tuple[Problem, ...]:
    """Return the problems of *value* with *schema*; a value of the wrong type has no other problem."""
    refused = [_refused(error, file) for error in Draft202012Validator(schema).iter_errors(value)]
    mistyped = {one.at for one in refused if one.keyword == "type"}
    found: dict[Problem, None] = {}
    for one in refused:
        if one.keyword == "type" or one.at not in mistyped:
            found.update(dict.fromkeys(_WORDS.get(one.keyword, _other)(one)))
    return tuple(found)


class _Refused(NamedTuple):
    """A value that *keyword* of *schema*, set to *limit*, refuses."""

    keyword: str
    limit: Any
    schema: Mapping[str, Any]
    value: Any
    at: Pointer
    message: str

    @property
    def name(self) -> str:
        """Return the name of the value: its key, or the key of the list that holds it."""
        if self.at.part is Part.KEY:
            return "the key"
        keys = [step for step in self.at.path if isinstance(step, str)]
        return keys[-1] if keys else "the file"


def _refused(error: Any, file: str) -> _Refused:
    at = Pointer(file, tuple(error.absolute_path))
    if "propertyNames" in error.absolute_schema_path:
        at = Pointer(file, (*at.path, error.instance), Part.KEY)
    return _Refused(error.validator, error.validator_value, error.schema, error.instance, at, error.message)


def _unknown_keys(refused: _Refused) -> Iterator[Problem]:
    allowed = tuple(refused.schema.get("properties", {}))
    for key in refused.value:
        if key not in allowed:
            yield _unknown_key(key, allowed, Pointer(refused.at.file, (*refused.at.path, key), Part.KEY))


def _unknown_key(key: str, allowed: tuple[str, ...], at: Pointer) -> Problem:
    if key in NOT_BUILT_YET:
        return Problem(FileRule.NOT_BUILT_YET, f"{key}: {NOT_BUILT_YET[key]}", at, hint="delete it for now")
    typed = ascii_of(key)
    if typed != key:
        hint = f"with an ASCII keyboard: {typed.strip()}"
        return Problem(FileRule.FULL_WIDTH_SIGN, f"{shown(key)} holds full-width characters", at, hint=hint)
    hint = did_you_mean(key, allowed) or f"known here: {', '.join(allowed)}"
    return Problem(FileRule.UNKNOWN_KEY, f"{shown(key)} is not a key here", at, hint=hint)


def _missing_keys(refused: _Refused) -> Iterator[Problem]:
    for key in refused.limit:
        if key not in refused.value:
            yield Problem(
                FileRule.MISSING_KEY, f"{key} is missing", refused.at, hint=f"add `{key}: {_example(refused, key)}`"
            )


def _example(refused: _Refused, key: str) -> str:
    example = refused.schema.get("properties", {}).get(key, {}).get("examples", [None])[0]
    return f'"{example}"' if isinstance(example, str) else "…"


def _wrong_type(refused: _Refused) -> Iterator[Problem]:
    types = [refused.limit] if isinstance(refused.limit, str) else refused.limit
    words = _TYPES | {"string": refused.schema.get("then", {}).get("const", _TYPES["string"])}
    meant = " or ".join(words[kind] for kind in types)
    value, at, name = refused.value, refused.at, refused.name
    if value is None:
        yield Problem(FileRule.EMPTY_VALUE, f"{name} has no value", at, hint=f"write {meant}, or delete the key")
    elif types == ["string"] and isinstance(value, bool | int | float):
        what = "true or false" if isinstance(value, bool) else "a number"
        # The file may spell a decimal or a word differently.
        hint = f'quote it: "{value}"' if type(value) is int else "put quotes around it"
        yield Problem(FileRule.QUOTE_THIS, f"{name}: {shown(value)} without quotes is {what}, not text", at, hint=hint)
    else:
        given = _TYPES["object"] if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)
        hint = _full_width_hint(value) or f"write {meant}"
        yield Problem(FileRule.WRONG_TYPE, f"{name}: {meant} is meant, not {given}", at, hint=hint)


def _full_width_hint(value: Any) -> str | None:
    if isinstance(value, str) and ascii_of(value) != value:
        return f"with an ASCII keyboard: {shown(ascii_of(value))}"
    return None


def _pattern(refused: _Refused) -> Iterator[Problem]:
    value = refused.value
    allowed = refused.schema.get("patternErrorMessage", f"it must match {refused.limit}")
    typed = _full_width_hint(value)
    message = f"{refused.name}: {without_passwords(shown(value)) or 'nothing'} cannot be used"
    yield Problem(
        FileRule.FULL_WIDTH_SIGN if typed else FileRule.WRONG_FORM, message, refused.at, hint=typed or allowed
    )


def _one_of(refused: _Refused) -> Iterator[Problem]:
    allowed = refused.limit if refused.keyword == "enum" else [refused.limit]
    name, value = refused.name, refused.value
    words = [shown(word) for word in allowed]
    hint = did_you_mean(shown(value), words) or f"known: {', '.join(words)}"
    is_one = "is not" if len(words) == 1 else "is not one of"
    yield Problem(FileRule.NOT_ONE_OF, f"{name}: {shown(value)} {is_one} {', '.join(words)}", refused.at, hint=hint)


def _size(unit: str, bound: str) -> Callable[[_Refused], Iterator[Problem]]:
    """Return the wording of a size; *unit* is one of what is counted, *bound* is `most` or `least`."""
    rule, hint = (
        (FileRule.TOO_LONG, "shorten it")
        if bound == "most"
        else (FileRule.TOO_SHORT, "write something, or delete the key")
    )

    def word(refused: _Refused) -> Iterator[Problem]:
        size, limit = len(refused.value), refused.limit
        is_allowed = "is" if limit == 1 else "are"
        yield Problem(
            rule,
            f"{refused.name}: {counted(size, unit)}; at {bound} {limit} {is_allowed} allowed",
            refused.at,
            hint=hint,
        )

    return word


def _range(bound: str) -> Callable[[_Refused], Iterator[Problem]]:
    """Return the wording of a number out of its range; *bound* is `most` or `least`."""

    def word(refused: _Refused) -> Iterator[Problem]:
        message = f"{refused.name}: {refused.value}; at {bound} {refused.limit} is allowed"
        yield Problem(FileRule.OUT_OF_RANGE, message, refused.at, hint=f"write a number of at {bound} {refused.limit}")

    return word


def _listed_twice(refused: _Refused) -> Iterator[Problem]:
    for position, value in enumerate(refused.value):
        if value in refused.value[:position]:
            at = refused.at._replace(path=(*refused.at.path, position))
            yield Problem(
                FileRule.LISTED_TWICE, f"{refused.name} lists {shown(value)} twice", at, hint="delete one of the two"
            )


def _other(refused: _Refused) -> Iterator[Problem]:
    yield Problem(FileRule.SCHEMA, shown(refused.message), refused.at, hint="see docs/declarations.md")


_WORDS: Mapping[str, Callable[[_Refused], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "pattern": _pattern,
    "enum": _one_of,
    "const": _one_of,
    "minLength": _size("character", "least"),
    "maxLength": _size("character", "most"),
    "minItems": _size("value", "least"),
    "minProperties": _size("key", "least"),
    "maxProperties": _size("key", "most"),
    "minimum": _range("least"),
    "maximum": _range("most"),
    "uniqueItems": _listed_twice,
}
