"""The view of a plan: what would be saved, what would not and why, and what to know before it is applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import groupby

from reconcile.model.change import Change
from reconcile.model.finding import Refusal
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.live import Live, Unreadable
from reconcile.model.plan import Attention, Plan, Summary
from reconcile.model.schedule import BeforeRun, Removed
from reconcile.model.verdicts import Action, SavedField, Verdict
from reconcile.report.findings_view import assumption_blocks, finding_blocks, refusal_blocks
from reconcile.report.view import Detail, Entry, Note, Tone, View, sections

SYMBOLS = {Action.CREATE: "+", Action.UPDATE: "~", Action.RENAME: "~", Action.PARK: "‖", Action.ENABLE: "✓"}
_TONES = {Action.CREATE: Tone.GOOD, Action.ENABLE: Tone.GOOD}

WHO_CHANGED = {
    Verdict.PENDING: "Git moved",
    Verdict.DRIFTED: "live moved",
    Verdict.CONFLICTING: "Git and live moved",
    Verdict.VANISHED: "live is gone",
}

TWO_WAY = " — no memory: two-way"
LIVE_NAME_UNKNOWN = "live name unknown, will be written"

_COUNTED = {
    "create": "to create",
    "update": "to update",
    "rename": "to rename",
    "park": "to park",
    "enable": "to enable",
    "blocked": "blocked",
    "unreadable": "unreadable",
}


def plan_view(plan: Plan) -> View:
    """Return the view of *plan*; its trailer holds the digest that `apply --expect-desired` takes."""
    refusals = by_key(plan.refusals)
    return View(
        headline=f"Plan for {plan.environment} ({plan.digest[:12]}){two_way(plan.last_applied)}",
        sections=sections(
            ("Changes", tuple(change_entry(change, refusals.get(change.key, ())) for change in plan.changes)),
            ("Attention", attention_entries(plan.attention)),
            ("Refused as a whole", refusal_blocks(refusal for refusal in plan.refusals if refusal.key is None)),
            ("Findings", finding_blocks(plan.findings)),
            ("Assumptions", assumption_blocks(plan.assumptions)),
        ),
        closing=closing(plan.summary),
        tone=Tone.CHANGED if plan.changes else Tone.GOOD,
        trailer=f"Desired: {plan.desired_digest}",
    )


def after_answer(view: View, changed: Iterable[str]) -> View:
    """Return the *view* of a plan that is asked about again: it begins with what *changed* since the answer."""
    notes = tuple(Note(one, tone=Tone.CHANGED) for one in changed)
    return replace(view, sections=(*sections(("Changed since your answer", notes)), *view.sections))


def two_way(source: LastAppliedSource) -> str:
    """Return what a headline says of a comparison without last applied; empty where there is one."""
    return TWO_WAY if source is LastAppliedSource.NONE else ""


def closing(summary: Summary) -> str:
    """Return the line that a plan ends with: every count that is not zero.

    >>> closing(Summary(1, 2, 0, 0, 0, unchanged=97, blocked=0, unreadable=0))
    'Plan: 1 to create, 2 to update, 97 unchanged.'
    >>> closing(Summary(1, 0, 0, 0, 0, unchanged=0, blocked=0, unreadable=0))
    'Plan: 1 to create.'
    """
    counts = asdict(summary)
    parts = [f"{counts[name]} {words}" for name, words in _COUNTED.items() if counts[name]]
    if not parts:
        return "No changes."
    if summary.unchanged:
        parts.append(f"{summary.unchanged} unchanged")
    return f"Plan: {', '.join(parts)}."


def by_key(refusals: Iterable[Refusal]) -> Mapping[Key, tuple[Refusal, ...]]:
    """Return the refusals that are about one key, by key."""
    found: dict[Key, tuple[Refusal, ...]] = defaultdict(tuple)
    for refusal in refusals:
        if refusal.key is not None:
            found[refusal.key] += (refusal,)
    return found


def change_entry(
    change: Change, refusals: Iterable[Refusal] = (), more: Iterable[Detail] = (), *, is_saved: bool = True
) -> Entry:
    """Return the entry of *change*: symbol, key, name and place; below it what differs, and why it may not be saved.

    What is not to be saved writes no name: then nothing is parts of it.
    """
    return Entry(
        symbol=SYMBOLS[change.action] if change.action is not None else "!",
        columns=(*change.key, change.desired.name, str(change.desired.origin)),
        details=(*_details(change, is_saved=is_saved), *refusal_details(refusals), *more),
        tone=_TONES.get(change.action, Tone.CHANGED) if change.action is not None else Tone.BAD,
    )


def attention_entries(attentions: Iterable[Attention]) -> Iterator[Entry]:
    """Yield the entries of keys at which nothing is saved; one for all keys of a tenant that are unreadable alike."""
    for (tenant, live), alike in groupby(attentions, key=lambda one: (one.key.tenant, _reason(one))):
        several = list(alike)
        if isinstance(live, Unreadable) and len(several) > 1:
            yield _unreadable_entry(tenant, live, [one.key.code for one in several])
        else:
            yield from map(_attention_entry, several)


def _reason(attention: Attention) -> Unreadable | None:
    return attention.live if isinstance(attention.live, Unreadable) else None


def _unreadable_entry(tenant: str, live: Unreadable, codes: list[str]) -> Entry:
    details = [Detail("why", why_unreadable(live)), Detail("verdict", Verdict.UNREADABLE.value)]
    if live.hint:
        details.append(Detail("hint", live.hint))
    return Entry("!", (tenant, f"{len(codes)} schedules"), (*details, Detail("codes", ", ".join(codes))), Tone.BAD)


def _attention_entry(attention: Attention) -> Entry:
    why = why_unreadable(attention.live) if isinstance(attention.live, Unreadable) else attention.message
    details = [Detail("why", why), Detail("verdict", attention.verdict.value)]
    if attention.conditions:
        details.append(Detail("live", _conditions(attention.conditions)))
    if attention.hint:
        details.append(Detail("hint", attention.hint))
    return Entry("!", tuple(attention.key), tuple(details), Tone.BAD)


def refusal_details(refusals: Iterable[Refusal]) -> Iterator[Detail]:
    """Yield why a change may not be saved, and what would lift that."""
    for refusal in refusals:
        yield Detail("blocked", f"{refusal.rule}: {refusal.message}", Tone.BAD)
        yield Detail("hint", refusal.hint)


def why_unreadable(live: Unreadable) -> str:
    """Return why a key could not be read: the id that the docs explain, and the message."""
    return f"{live.rule}: {live.message}"


def live_crons(live: Live) -> str:
    """Return what is live, in one line."""
    if isinstance(live, Unreadable):
        return f"unreadable ({why_unreadable(live)})"
    return ", ".join(row.cron for row in live) if live else "absent"


def _details(change: Change, *, is_saved: bool) -> Iterator[Detail]:
    desired = change.desired
    if isinstance(desired.origin, Removed) and not is_saved:
        yield Detail("cron", live_crons(change.live))
    elif SavedField.CRON in change.fields:
        yield Detail("cron", f"{live_crons(change.live)} → {desired.cron_to_save}", Tone.CHANGED)
    if desired.declared_cron != desired.cron:
        yield Detail("declared", desired.declared_cron)
    if is_saved and change.action is not None and change.action is not Action.CREATE:
        yield from _name(change)
    if SavedField.STATE in change.fields and isinstance(change.live, tuple):
        statuses = ", ".join(row.status for row in change.live if not row.active)
        yield Detail("state", f"{statuses} → {desired.state}", Tone.CHANGED)
    yield Detail("verdict", _verdict(change))
    if change.conditions:
        yield Detail("live", _conditions(change.conditions))


def _verdict(change: Change) -> str:
    """The verdict, and which side changed since last applied."""
    if change.applied is None or change.verdict not in WHO_CHANGED:
        return change.verdict.value
    # A rollback restores what was live: Git has not changed.
    moved = "" if isinstance(change.desired.origin, BeforeRun) else f"{WHO_CHANGED[change.verdict]}; "
    # A new name alone is a change of Git too.
    named = "" if change.known_name == change.desired.name else f" as {change.known_name}"
    return f"{change.verdict.value} ({moved}last applied {change.applied.cron}{named})"


def _name(change: Change) -> Iterator[Detail]:
    if change.applied is None:
        yield Detail("name", LIVE_NAME_UNKNOWN)
    elif change.known_name != change.desired.name:
        yield Detail("name", f"{change.known_name} → {change.desired.name} ({LIVE_NAME_UNKNOWN})", Tone.CHANGED)
    else:
        yield Detail("name", f"{LIVE_NAME_UNKNOWN} (last applied with this name)")


def _conditions(conditions: Iterable[str]) -> str:
    return ", ".join(str(condition) for condition in conditions)
