"""Hints for expressions that Quartz refuses. The usual causes are Unix cron habits and a Chinese keyboard."""

from __future__ import annotations

import re

from reconcile.cron.fields import DAYS
from reconcile.text import ascii_of

_QUOTES = "\"'`“”‘’"
_WEEK_DAY = re.compile(r"\b[0-7]\b")


def hint_for(text: str, message: str, field: str | None) -> str | None:
    """Return what to do about *message*; None when the message says it already."""
    for character in text:
        if character in _QUOTES:
            return "quotation marks are not part of the expression; leave them out"
        plain = " " if character == "\u00a0" else ascii_of(character)
        if plain == " " != character:
            return f"U+{ord(character):04X} is a full-width character; write a space"
        if plain != character:
            return f"{character} is a full-width character; write {plain}"
    count = len(text.split())
    if text.lstrip().startswith("@"):
        return "Quartz has no such names; write the fields, such as `0 0 0 * * ?` for daily"
    if count == 5:
        return f"Quartz wants seconds first and ? for one of the two days: {_from_unix(text)}"
    if message.startswith("Unexpected end of expression"):
        return "Quartz wants six or seven fields: second minute hour day-of-month month day-of-week [year]"
    if "both a day-of-week AND" in message:
        return _one_day(text)
    if "-OR-" in message:
        return "only one of day-of-month and day-of-week may be ?"
    if "with other days" in message:
        return "write two schedules: one with L, and one with the other days"
    if "follow the '#'" in message:
        return "the number after # is from 1 to 5: MON#2 is the second Monday of the month"
    if field == "day-of-week":
        return "Quartz counts days of the week from 1 = SUN to 7 = SAT; names such as MON-FRI are safe"
    if "Increment" in message:
        return "a step cannot be larger than the field; name the values instead"
    if field == "year":
        return "write years such as 2026-2030, or leave the field out for every year"
    numbers = {"second": 1, "minute": 2, "hour": 3, "day-of-month": 4, "month": 5}
    return f"Quartz field {numbers[field]} is the {field}" if field in numbers else None


def _one_day(text: str) -> str:
    fields = text.split()
    for day in (5, 3):
        if fields[day] == "*":
            fields[day] = "?"
            return f"write ? for the day field that does not matter: {' '.join(fields)}"
    if "?" in fields[3] + fields[5]:
        return "exactly one of day-of-month and day-of-week is ?, the other names the days"
    return "on both days it takes two schedules, one with ? for each"


def _from_unix(text: str) -> str:
    """Return the Quartz text for five Unix fields. Unix counts weekdays from 0 = Sunday, so the text has names."""
    minute, hour, month_day, month, week_day = text.split()
    if week_day in ("*", "?"):
        return f"0 {minute} {hour} {month_day} {month} ?"
    if month_day not in ("*", "?"):
        return "on both days it takes two schedules, one with ? for each"
    if "/" in week_day:
        return f"0 {minute} {hour} ? {month} and the days of the week by name"
    return f"0 {minute} {hour} ? {month} {_WEEK_DAY.sub(_name, week_day)}"


def _name(number: re.Match[str]) -> str:
    return DAYS[int(number.group()) % 7]
