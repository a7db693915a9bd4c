"""Rules about files: their bytes, their YAML, their structure, and the comments in them."""

from __future__ import annotations

from reconcile.model.rules.rule import Rule, Severity


class FileRule(Rule):
    """What is wrong with the text or the structure of a declaration file."""

    UNREADABLE_FILE = (
        "unreadable-file",
        "The file cannot be read.",
        "Let this user read it; the hint says what else may be the cause.",
    )
    FILE_TOO_LARGE = (
        "file-too-large",
        "The file is larger than the limit.",
        "Spread the schedules over several files.",
    )
    NOT_UTF8 = ("not-utf8", "The file is not UTF-8 text.", "Save the file as UTF-8.")
    LINE_SEPARATOR = (
        "line-separator",
        "A character is a line break for YAML, but editors do not show it.",
        "Delete it, or put a blank in its place.",
    )
    CONTROL_CHARACTER = (
        "control-character",
        "An invisible character, or a line break in a value that is one line.",
        "Delete it; only a description may hold line breaks.",
    )
    FULL_WIDTH_SIGN = (
        "full-width-sign",
        "A character of a Chinese keyboard stands where YAML, a key or Quartz needs the ASCII one.",
        "Type it with an ASCII keyboard.",
    )
    LINKED_FOLDER = (
        "linked-folder",
        "A link to a folder, or a submodule of a revision, that `paths` covers: it is not followed.",
        "Put the files there, or add their own folder to `paths`.",
    )
    EMPTY_FILE = ("empty-file", "The file holds no declaration.", "Declare something in it, or delete it.")
    SEVERAL_DOCUMENTS = (
        "several-documents",
        "A second YAML document begins in the file.",
        "Move it into a file of its own, or delete the `---`.",
    )
    YAML_SYNTAX = ("yaml-syntax", "The text is not YAML.", "See the hint, and the line above the one shown.")
    TAB_INDENTATION = ("tab-indentation", "A tab in the indentation, which YAML forbids.", "Indent with blanks only.")
    UNQUOTED_ASTERISK = (
        "unquoted-asterisk",
        "A value that begins with `*` or `&` is an alias or an anchor to YAML.",
        "Quote the whole value.",
    )
    UNCLOSED_QUOTE = ("unclosed-quote", "A quote is never closed.", "Close the quote.")
    UNCLOSED_BRACKET = ("unclosed-bracket", "A bracket or brace is not closed.", "Close it, or add the missing comma.")
    TOO_DEEP = (
        "too-deep",
        "Collections are nested too deeply.",
        "Write it flatter: declarations need no more than six levels.",
    )
    ANCHOR = ("anchor", "An anchor, which declarations do not use.", "Write the value out, or use a set or defaults.")
    ALIAS = ("alias", "An alias, which declarations do not use.", "Quote it if text is meant, else write it out.")
    MERGE_KEY = ("merge-key", "A merge key (`<<`), which declarations do not use.", "Use a set or defaults.")
    TAG = ("tag", "A YAML tag, which declarations do not use.", "Delete it.")
    DUPLICATE_KEY = (
        "duplicate-key",
        "A key stands twice in the same mapping.",
        "Delete one of the two, or begin a new list entry with `- `.",
    )
    KEY_NOT_TEXT = ("key-not-text", "A key is not plain text.", "Write `key: value`.")
    QUOTE_THIS = (
        "quote-this",
        "A value or key without quotes is not text to YAML, or to some readers of it.",
        "Put quotes around it.",
    )
    NOT_A_MAPPING = (
        "not-a-mapping",
        "The file does not hold keys with values at its top.",
        "Begin it with `tenant: …`, with `set: …`, or, in a workspace file, with `format_version:`.",
    )
    NO_KIND = ("no-kind", "The file says neither `tenant:` nor `set:`.", "Begin it with one of the two.")
    TENANT_AND_SET = (
        "tenant-and-set",
        "The file says both `tenant:` and `set:`.",
        "Split it: a set and the tenants that include it have files of their own.",
    )
    UNKNOWN_KEY = ("unknown-key", "A key that is not known at this place.", "Correct it, or delete it.")
    NOT_BUILT_YET = ("not-built-yet", "A key of the format that has no effect yet.", "Delete it for now.")
    MISSING_KEY = ("missing-key", "A key that is required is missing.", "Add it.")
    EMPTY_VALUE = ("empty-value", "A key has no value.", "Write the value, or delete the key.")
    WRONG_TYPE = ("wrong-type", "A value has the wrong type.", "Write a value of the type that the message names.")
    WRONG_FORM = (
        "wrong-form",
        "A text has the wrong form.",
        "Write it in the form that the hint names.",
    )
    NOT_ONE_OF = ("not-one-of", "A value is not one of the known words.", "Write one of them.")
    TOO_SHORT = ("too-short", "A text or a collection is too short.", "Write something, or delete the key.")
    TOO_LONG = ("too-long", "A text or a collection is too long.", "Shorten it.")
    OUT_OF_RANGE = ("out-of-range", "A number is too small or too large.", "Write a number within the bound.")
    LISTED_TWICE = ("listed-twice", "A list holds a value twice.", "Delete one of the two.")
    SCHEMA = ("schema", "The schema refuses the value, in its own words.", "See docs/declarations.md.")


class CommentRule(Rule):
    """What is wrong with a comment that silences a rule."""

    UNKNOWN_RULE = (
        "unknown-rule",
        "A comment ignores a rule that does not exist, or that cannot be silenced.",
        "Correct the id, or delete the comment.",
    )
    IGNORE_WITHOUT_REASON = (
        "ignore-without-reason",
        "A comment ignores a rule and does not say why.",
        "Write the reason after the rule.",
        Severity.WARNING,
    )
    UNUSED_IGNORE = (
        "unused-ignore",
        "A comment ignores a rule that finds nothing in this schedule.",
        "Delete the comment.",
        Severity.WARNING,
    )
