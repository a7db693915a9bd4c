"""The view of an apply: what became of each change, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.model.ledger_records import RunKind
from reconcile.model.live import Unreadable
from reconcile.model.outcome import Outcome, Result
from reconcile.model.run import Run
from reconcile.report.findings_view import assumption_blocks, finding_blocks, refusal_blocks
from reconcile.report.plan_view import attention_entries, change_entry, live_crons, two_way
from reconcile.report.view import Detail, Note, Tone, View, sections

TONES = {
    Result.VERIFIED: Tone.GOOD,
    Result.REFUSED: Tone.CHANGED,
    Result.SKIPPED: Tone.CHANGED,
    Result.MISMATCHED: Tone.BAD,
    Result.FAILED: Tone.BAD,
    Result.UNKNOWN: Tone.BAD,
}


def run_view(run: Run) -> View:
    """Return the view of *run*."""
    whole = tuple(refusal for refusal in run.refusals if refusal.key is None)
    interrupted = Note("A signal stopped this run; run it again to finish.", tone=Tone.BAD)
    return View(
        headline=_headline(run),
        sections=sections(
            ("Refused as a whole", refusal_blocks(whole)),
            ("Interrupted", (interrupted,) if run.interrupted else ()),
            ("Changes", (change_entry(outcome.change, more=_details(outcome)) for outcome in run.outcomes)),
            ("Attention", attention_entries(run.plan.attention)),
            ("Findings", finding_blocks((*run.plan.findings, *run.findings))),
            ("Assumptions", assumption_blocks(run.plan.assumptions)),
            ("Recorded", _record(run)),
        ),
        closing=closing(run),
        tone=Tone.GOOD if run.is_done else Tone.BAD,
    )


def _headline(run: Run) -> str:
    rolled_back = run.start.of_run if run.start is not None else None
    what = f"Rollback of {rolled_back} in" if rolled_back is not None else "Apply to"
    return f"{what} {run.plan.environment} ({run.plan.digest[:12]}){two_way(run.plan.last_applied)}"


def _record(run: Run) -> Iterator[Note]:
    if run.start is not None and not run.is_ledger_gone:
        undo = f"reconcile rollback {run.start.id} brings back what was live before"
        yield Note(f"run {run.start.id}, by {run.start.actor}", undo if run.saved_something else None)


def closing(run: Run) -> str:
    """Return the line that an apply ends with: every count that is not zero, and what is left."""
    attention = run.plan.attention
    counts = [(run.count(result), result.value) for result in Result]
    counts.append((sum(one.is_blocked for one in attention), "blocked"))
    counts.append((sum(isinstance(one.live, Unreadable) for one in attention), "unreadable"))
    counted_results = ", ".join(f"{count} {word}" for count, word in counts if count)
    if run.is_done and counted_results:
        return f"Applied: {counted_results}."
    if run.is_done:
        is_rollback = run.start is not None and run.start.kind is RunKind.ROLLBACK
        return f"Nothing to {'roll back: live is as it was' if is_rollback else 'apply: live is as declared'}."
    if run.saved_something:
        return f"Not all is done: {counted_results}."
    return f"Nothing was saved: {counted_results}." if counted_results else "Nothing was saved."


def _details(outcome: Outcome) -> Iterator[Detail]:
    yield Detail("outcome", f"{outcome.result} ({outcome.reason}): {outcome.message}", TONES[outcome.result])
    if outcome.live is not None and outcome.result is not Result.VERIFIED:
        yield Detail("read last", live_crons(outcome.live))
    if outcome.hint:
        yield Detail("hint", outcome.hint)
