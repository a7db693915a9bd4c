"""Rules about crons: the syntax error, and the rules that `engine.cron_rules` checks.

Only these can be silenced, and only if they are not errors.
"""

from __future__ import annotations

from reconcile.model.rules.rule import Rule, Severity


class CronRule(Rule):
    """What is wrong with a cron expression, or suspicious about it."""

    CRON_SYNTAX = (
        "cron-syntax",
        "Quartz refuses the cron expression.",
        "Correct the characters that are marked; `reconcile explain` shows what an expression means.",
    )
    BREAKS_QUARTZ = (
        "breaks-quartz",
        "Quartz accepts the text, and then throws or hangs when it looks for the next fire.",
        "Write a value that exists.",
    )
    NEVER_FIRES = (
        "never-fires",
        "The schedule never fires: no date matches it.",
        "Write a day that exists, such as `L` for the last day of a month.",
        Severity.WARNING,
    )
    ONLY_PAST_FIRES = (
        "only-past-fires",
        "All fires of the schedule are in the past.",
        "Leave the year out, write a future year, or delete the schedule.",
        Severity.WARNING,
    )
    EVERY_SECOND = (
        "every-second",
        "The schedule fires in every second of a minute.",
        "Write 0 in the first field, which is the second.",
        Severity.WARNING,
    )
    TOO_MANY_FIRES = (
        "too-many-fires",
        "The schedule fires more often in a day than allowed.",
        "Fire less often, or raise `limits.max_fires_per_day`.",
        Severity.WARNING,
    )
    NO_SUCH_WEEKDAY = (
        "no-such-weekday",
        "The number before `#` is not a weekday.",
        "Write the day by its name, as `SUN#2`.",
        Severity.WARNING,
    )
    UNIX_WEEKDAYS = (
        "unix-weekdays",
        "The weekday numbers look like those of Unix cron, where Monday is 1.",
        "Write the days by their names, as `MON-FRI`.",
        Severity.WARNING,
    )
    SKIPPED_MONTHS = (
        "skipped-months",
        "The schedule does not fire in some of the months that it names.",
        "Write `L` for the last day of every month, or `FRIL` for its last Friday.",
        Severity.WARNING,
    )
    UNEVEN_STEP = (
        "uneven-step",
        "A step does not divide its field evenly, or selects only one value.",
        "List the values, or use a step that divides the field.",
        Severity.WARNING,
    )
    WRAPPING_RANGE = (
        "wrapping-range",
        "A range ends before it begins, so it continues at the field's start.",
        "If that is intended, write two ranges; else swap the numbers.",
        Severity.NOTE,
    )
    IGNORED_TEXT = (
        "ignored-text",
        "Quartz ignores a part of a field.",
        "Write a form that Quartz reads.",
        Severity.WARNING,
    )
    IGNORED_FIELDS = (
        "ignored-fields",
        "The expression has more than seven fields.",
        "Delete the eighth and later fields.",
        Severity.WARNING,
    )
    MAGIC_NUMBER = (
        "magic-number",
        "Quartz reads the numbers 98 and 99 as `?` and `*`.",
        "Write `?`, `*` or another number.",
        Severity.WARNING,
    )
    PARTLY_READ_LIST = (
        "partly-read-list",
        "Only one entry of a list counts.",
        "Keep the entry that counts, and write the others as a separate schedule.",
        Severity.WARNING,
    )
    WEEKDAY_L = (
        "weekday-l",
        "`L` alone in day-of-week means every Saturday.",
        "Write `SAT`, or `FRIL` for the last Friday of the month.",
        Severity.WARNING,
    )
    FIRE_IN_GAP = (
        "fire-in-gap",
        "A fire falls into an hour that the clocks of the zone skip.",
        "Choose a time outside that hour.",
        Severity.WARNING,
    )
    FIRE_IN_DOUBLED_HOUR = (
        "fire-in-doubled-hour",
        "A fire falls into an hour that comes twice in the zone.",
        "Choose a time outside that hour if the first of the two is meant.",
        Severity.NOTE,
    )
