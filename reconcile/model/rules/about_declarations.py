"""Rules about declarations as a whole: schedules, sets and tenants together, and the workspace file."""

from __future__ import annotations

from reconcile.model.rules.rule import Rule, Severity


class ScheduleRule(Rule):
    """What is wrong with schedules, sets and tenants together, when each is valid by itself."""

    DECLARED_TWICE = ("declared-twice", "One code is declared twice for a tenant or a set.", "Delete one of the two.")
    SET_DECLARED_TWICE = (
        "set-declared-twice",
        "Two files declare a set of the same name.",
        "Rename one, or put both into one file.",
    )
    INCLUDED_TWICE = ("included-twice", "A tenant includes a set twice.", "Delete one of the two.")
    UNKNOWN_SET = ("unknown-set", "A tenant includes a set that no file declares.", "Correct the name, or declare it.")
    IN_TWO_SETS = (
        "in-two-sets",
        "Two sets that a tenant includes declare the same code.",
        "Exclude it and declare it in the tenant's file, or delete it from one set.",
    )
    EXCLUDES_NOTHING = (
        "excludes-nothing",
        "A tenant excludes a code that no included set declares.",
        "Correct the code, or delete it from `exclude`.",
    )
    OUTSIDE_PATHS = (
        "outside-paths",
        "A key was applied, and only a file that the environment does not read declares it: it is not parked.",
        "Add the file to the environment's `paths`, move it back, or delete the key from it.",
        Severity.WARNING,
    )
    MISSING = (
        "missing",
        "A key was applied, and a tracked file that is not on disk declares it, or may do so: it is not parked.",
        "Check the file out: see the sparse checkout, the submodules and `git status`; or delete it in a commit.",
        Severity.WARNING,
    )
    NOTHING_LIVE = (
        "nothing-live",
        "None of a tenant's schedules is live, and no last applied says whether that is new.",
        "If the tenant is not new, look at its code, and at what became of its jobs.",
        Severity.WARNING,
    )


class WorkspaceRule(Rule):
    """What is wrong with the workspace file beyond its schema."""

    UNKNOWN_ENVIRONMENT = (
        "unknown-environment",
        "`default_environment` names an environment that does not exist.",
        "Write the name of one of `environments`.",
    )
    NO_TENANT = (
        "no-tenant",
        "The environment's `paths` cover no tenant file.",
        "Write one, such as tenants/acme.yaml, beginning with `tenant: acme`.",
    )
    UNREAD_FILE = (
        "unread-file",
        "The file holds declarations, and the `paths` of no environment cover it.",
        "Add it to `paths`, move it to a covered folder, or delete it.",
        Severity.WARNING,
    )
    GUARDS_CHANGED = (
        "guards-changed",
        "Limits, freezes, rules or protection are others than when everything was last applied.",
        "See that each is meant, and was reviewed; a complete apply takes them for known.",
        Severity.WARNING,
    )
    COVERS_NOTHING = (
        "covers-nothing",
        "A pattern of `paths` or `tenants` covers nothing.",
        "Correct the pattern, or delete it.",
        Severity.WARNING,
    )
    BAD_URL = (
        "bad-url",
        "`url` is not an address that can be used.",
        "Write http:// or https://, a host, and, if needed, a port and a base path.",
    )
    BAD_LEDGER = (
        "bad-ledger",
        "`ledger` names no place where a ledger can be kept.",
        "Write file, postgresql://USER:${PASSWORD}@HOST/DATABASE, git, git+REMOTE, git+URL, or none.",
    )
    CREDENTIALS_IN_URL = (
        "credentials-in-url",
        "`url` holds credentials.",
        "Put them into `headers`, from a `${VARIABLE}`.",
    )
    OWN_HEADER = ("own-header", "A header that reconcile sets itself.", "Delete it.")
    BAD_HEADER = ("bad-header", "A header that cannot be sent.", "Use Latin-1 characters only.")
    BAD_VARIABLE = (
        "bad-variable",
        "`${` begins something that is not the name of a variable.",
        "Write `${NAME}`: letters, digits and `_`, not beginning with a digit.",
    )
    UNKNOWN_TIMEZONE = ("unknown-timezone", "`timezone` is not a time zone.", "Write an IANA name: Asia/Shanghai.")
    FREEZE_WHEN = (
        "freeze-when",
        "A freeze has no time, or more than one kind of time.",
        "Write one of: `from` and `to`, `weekly`, `near_fire`.",
    )
    FREEZE_EMPTY = ("freeze-empty", "A freeze ends when it begins, or before.", "Correct its begin or its end.")
    FREEZE_CLOCK_CHANGE = (
        "freeze-clock-change",
        "An end of a freeze does not exist on its day, or comes twice, because clocks change.",
        "Move it out of the hour in which clocks change: the freeze lasts longer than it reads.",
        Severity.WARNING,
    )
    NO_SUCH_DATE = ("no-such-date", "A date that the calendar does not have.", "See how many days the month has.")
