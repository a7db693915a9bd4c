"""Rules about crons: the rule of a syntax error, and those that `engine.cron_rules` checks.

Only these may be silenced, and only where they are not errors.
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
        "There is no date at which the schedule fires.",
        "Write a day that comes, such as `L` for the last of a month.",
        Severity.WARNING,
    )
    ONLY_PAST_FIRES = (
        "only-past-fires",
        "All fires of the schedule are in the past.",
        "Leave the year out, write one to come, or delete the schedule.",
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
        "Before `#` is a number that is not a weekday.",
        "Write the day by its name, as `SUN#2`.",
        Severity.WARNING,
    )
    UNIX_WEEKDAYS = (
        "unix-weekdays",
        "Numbers for weekdays that look as in Unix cron, where Monday is 1.",
        "Write the days by their names, as `MON-FRI`.",
        Severity.WARNING,
    )
    SKIPPED_MONTHS = (
        "skipped-months",
        "In some of the months that it names, the schedule does not fire at all.",
        "Write `L` for the last day of every month, or `FRIL` for its last Friday.",
        Severity.WARNING,
    )
    UNEVEN_STEP = (
        "uneven-step",
        "A step does not divide its field, or names one value only.",
        "Write the values out, or take a step that divides the field.",
        Severity.WARNING,
    )
    WRAPPING_RANGE = (
        "wrapping-range",
        "A range of numbers ends before it begins, and runs round the field's end.",
        "Write two ranges if that is meant, else swap the numbers.",
        Severity.NOTE,
    )
    IGNORED_TEXT = (
        "ignored-text",
        "Quartz does not read a part of a field.",
        "Write what is meant in a form that Quartz reads.",
        Severity.WARNING,
    )
    IGNORED_FIELDS = (
        "ignored-fields",
        "There are more than seven fields.",
        "Take the eighth and later fields away.",
        Severity.WARNING,
    )
    MAGIC_NUMBER = (
        "magic-number",
        "98 and 99 are numbers that Quartz uses for `?` and `*`.",
        "Write what is meant.",
        Severity.WARNING,
    )
    PARTLY_READ_LIST = (
        "partly-read-list",
        "Only one entry of a list counts.",
        "Write the entry that counts, and the rest as a schedule of its own.",
        Severity.WARNING,
    )
    WEEKDAY_L = (
        "weekday-l",
        "`L` alone in day-of-week is every Saturday.",
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
