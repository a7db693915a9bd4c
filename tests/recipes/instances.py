"""The smallest instance of each recipe of docs/contributing.md, as edits of the tree: all their paths and anchors.

A recipe is called by its heading, and its places come in the order of the page. An anchor stands once in its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """Where *text* goes: *before* an anchor, *after* one or *instead* of one; with none it is a whole new file."""

    text: str
    before: str | None = None
    after: str | None = None
    instead: str | None = None

    @property
    def anchor(self) -> str | None:
        return self.before or self.after or self.instead

    def applied(self, content: str) -> str:
        """Return *content* with this edit; its anchor stands there once."""
        if self.anchor is None:
            return self.text
        new = {self.before: self.text + self.anchor, self.after: self.anchor + self.text}.get(self.anchor, self.text)
        return content.replace(self.anchor, new)


@dataclass(frozen=True)
class Place:
    """A file that a recipe names, and what the instance does there."""

    path: str
    edits: tuple[Edit, ...]


def place(path: str, *edits: Edit) -> Place:
    return Place(path, edits)


RULE = (
    place(
        "reconcile/model/rules/about_crons.py",
        Edit(
            """\
    LEADING_ZERO = (
        "leading-zero",
        "A number begins with a zero.",
        "Write it without the zero.",
        Severity.NOTE,
    )
""",
            before="    UNEVEN_STEP = (\n",
        ),
    ),
    place(
        "reconcile/engine/cron_rules/forms.py",
        Edit(
            """\


def _leading_zero(cron: CheckedCron) -> Iterator[Mark]:
    for field in cron.expression.fields:
        if field.text.isdecimal() and field.text != str(int(field.text)):
            message = f"{field.field.name} {field.text} begins with a zero"
            yield Mark(message, field.column, len(field.text), f"write {int(field.text)}")
""",
            before="\n\nFORMS = (\n",
        ),
        Edit(
            """\
    CronCheck(
        CronRule.LEADING_ZERO,
        "Some languages read a number that begins with a zero as octal. Quartz does not.",
        "0 0 02 * * ?",
        "0 0 2 * * ?",
        _leading_zero,
    ),
""",
            after="FORMS = (\n",
        ),
    ),
)

GUARD = (
    place(
        "reconcile/engine/overrides.py",
        Edit(
            'ALLOW_OWNERLESS = Override("--allow-ownerless", "Save also schedules whose owner is nobody.")\n',
            before='ALLOW_CHANGES = Override("--allow-changes"',
        ),
        Edit("    ALLOW_OWNERLESS,\n", after="    ALLOW_PROTECTED,\n"),
    ),
    place(
        "reconcile/engine/judges.py",
        Edit(
            '''\
def ownerless(change: Change, _: Situation) -> Objection | None:
    """Object to saving a schedule whose owner is nobody."""
    return Objection("its owner is nobody") if change.desired.owner == "nobody" else None


''',
            before="def renamed(change: Change",
        ),
    ),
    place(
        "reconcile/engine/guard.py",
        Edit("    ALLOW_OWNERLESS,\n", after="    ALLOW_INACTIVE,\n"),
        Edit(
            '    Guard("ownerless", "`owner: nobody`", OfKey(judges.ownerless), overrides=(ALLOW_OWNERLESS,)),\n',
            before='    Guard("rename", ',
        ),
    ),
    place(
        "tests/engine/test_guard.py",
        Edit(
            """\
def test_a_schedule_whose_owner_is_nobody_is_refused():
    plan = make_plan("prod", Sides(desired(schedule(owner="nobody")), {key(): ()}))
    assert [refusal.rule for refusal in refused(plan)] == ["ownerless"]


""",
            before='@pytest.mark.parametrize(\n    "plan, limits, rule",\n',
        ),
    ),
)

SETTING = (
    place(
        "reconcile/model/workspace.py",
        Edit("    patience: int = 3\n", after="    timeout: timedelta = timedelta(seconds=10)\n"),
    ),
    place(
        "tools/schemas/workspace.py",
        Edit(
            """\
    "patience": _environment(
        "patience",
        partial(value, "integer"),
        "How many times `timeout` one call may take from its first byte to its last.",
        5,
        minimum=1,
        maximum=100,
    ),
""",
            before='    "ca_bundle": words(',
        ),
    ),
    place(
        "reconcile/service/client.py",
        Edit("environment.patience * environment.timeout", instead="BOUND_TIMES_TIMEOUT * environment.timeout"),
    ),
)

FORMAT = (
    place(
        "reconcile/report/formats.py",
        Edit(
            """    "kind": lambda report: f"{report.document['kind']}\\n",\n""",
            after='    "markdown": lambda report: as_markdown(report.view),\n',
        ),
    ),
    place(
        "reconcile/commands/validate.py",
        Edit(
            "from reconcile.report.formats import COMMON_FORMATS\n",
            before="from reconcile.session.declared import",
        ),
        Edit('@command(formats=(*COMMON_FORMATS, "kind"))\ndef validate', instead="@command()\ndef validate"),
    ),
)

READS = (
    place(
        "reconcile/cli.py",
        Edit('    "count": "Count the jobs that are live.",\n', before='    "status": "Say which commit'),
    ),
    place(
        "reconcile/commands/count.py",
        Edit(
            '''\
"""`count`: how many jobs are live."""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import base_option, command
from reconcile.engine.overrides import Allowances
from reconcile.report.counts import count_document, count_view
from reconcile.session.command_line import SELECTION, Group
from reconcile.session.declared import declare
from reconcile.session.observed import observed
from reconcile.session.runtime import Runtime


@click.command("count")
@command(*SELECTION, Group.REQUESTS)
@base_option
def count(runtime: Runtime, *, base: str | None) -> CommandReport:
    """Count the jobs of the declared schedules that are live."""
    declared = declare(runtime)
    with observed(declared, base=base) as seen:
        live = seen.plan(Allowances()).live
    jobs = sum(len(one) for one in live.values() if isinstance(one, tuple))
    document = count_document(jobs, declared.head, environment=declared.environment.name)
    return CommandReport(document, count_view(jobs))
''',
        ),
    ),
    place(
        "reconcile/report/counts.py",
        Edit(
            '''\
"""How many jobs are live: document and view."""

from __future__ import annotations

from reconcile.report.document_head import Head
from reconcile.report.document_members import Document
from reconcile.report.json_documents import head_members, tail_members
from reconcile.report.view import View


def count_document(jobs: int, head: Head, *, environment: str) -> Document:
    """Return the document of how many *jobs* are live."""
    return {**head_members("count", head, environment), "complete": True, "jobs": jobs, **tail_members((), ())}


def count_view(jobs: int) -> View:
    """Return the view of how many *jobs* are live."""
    return View(f"{jobs} live")
''',
        ),
    ),
    place(
        "tools/schemas/documents.py",
        Edit(
            """\
COUNT = document("count", "A count", "How many jobs are live: `reconcile count`.", {"jobs": count("How many.")})

""",
            before="_DRIFT_KEY = record(",
        ),
    ),
    place(
        "tools/schemas/drawing.py",
        Edit('    "count.schema.json": documents.COUNT,\n', before='    "run.schema.json": '),
    ),
    place(
        "tests/report/test_json_documents.py",
        Edit(
            "from reconcile.report.counts import count_document\n",
            before="from reconcile.report.document_head import Head\n",
        ),
        Edit('    "count": count_document(2, HEAD, environment="prod"),\n', before='    "empty-plan": json_documents.'),
    ),
    place(
        "tests/report/golden.py",
        Edit("from reconcile.report.counts import count_view\n", before="from reconcile.report.drift_view import"),
        Edit('    "count": count_view(2),\n', before='    "empty-plan": plan_view('),
    ),
    place(
        "tests/commands/test_common_options.py",
        Edit('SELECTED = {"count", "plan", ', instead='SELECTED = {"plan", '),
    ),
    place(
        "docs/commands.md",
        Edit("$ reconcile count\n0 live\n", before="$ reconcile completion bash >"),
    ),
)

SAVES = (
    place(
        "reconcile/cli.py",
        Edit('    "heal": "Save one schedule as declared.",\n', before='    "status": "Say which commit'),
    ),
    place(
        "reconcile/commands/heal.py",
        Edit(
            '''\
"""`heal`: save one schedule as declared. One of the few modules that may save."""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.commands.override_options import overrides
from reconcile.commands.save_options import run_report, save_options
from reconcile.engine.overrides import Allowances
from reconcile.model.ledger_records import RunKind
from reconcile.model.selection import Selection
from reconcile.session.command_line import Group, SaveOptions
from reconcile.session.declared import declare
from reconcile.session.preparing import Prepared, Preparing, RunPurpose
from reconcile.session.runtime import Runtime
from reconcile.session.saving import prepare_and_save


@click.command("heal")
@click.argument("tenant")
@click.argument("code")
@command(Group.REQUESTS)
@overrides
@save_options
def heal(runtime: Runtime, *, tenant: str, code: str, options: SaveOptions, allowances: Allowances) -> CommandReport:
    """Save the schedule CODE of TENANT again, where it is not as declared."""
    one = runtime.options.selecting(Selection((tenant,), (code,)))
    declared = declare(runtime.with_options(one))

    def prepare(run: Preparing) -> Prepared:
        planned = run.observed().plan(allowances)
        return Prepared(planned, RunPurpose(RunKind.APPLY))

    return run_report(prepare_and_save(declared, options, prepare), declared.head)
''',
        ),
    ),
    place(
        "reconcile/exits.py",
        Edit('_SAVING = ("apply", "heal", "rollback")', instead='_SAVING = ("apply", "rollback")'),
    ),
    place(
        "tests/house/checks.py",
        Edit('"reconcile.commands.heal", ', before='"reconcile.commands.rollback"})'),
    ),
    place(
        "tests/commands/test_common_options.py",
        Edit(
            'pytest.param(Group.REQUESTS, {*SELECTED, "heal"}, id="parallelism")',
            instead='pytest.param(Group.REQUESTS, SELECTED, id="parallelism")',
        ),
    ),
    place(
        "docs/commands.md",
        Edit(
            "$ reconcile heal globex price-feed --yes\n...\n",
            before="$ reconcile completion bash >",
        ),
    ),
)

FIELD = (
    place(
        "reconcile/model/live.py",
        Edit('    group: str = ""\n', after="    active: bool = True\n"),
    ),
    place(
        "reconcile/service/wire.py",
        Edit(
            'status, status in active, _optional_text(row, "jobgroup", number))',
            instead="status, status in active)",
        ),
    ),
    place(
        "tests/field_places.py",
        Edit(
            '    "group": "it changes neither when nor whether a job fires",\n',
            after="NO_MATTER = {\n",
        ),
    ),
    place(
        "tools/schemas/parts.py",
        Edit(
            '        "group": text("The service\'s own jobgroup.", ""),\n',
            after='        "active": flag("Whether the environment\'s active_status contains the status.", True),\n',
        ),
    ),
    place(
        "tests/contract/exchanges/query.json",
        Edit(',\\"jobgroup\\":\\"orders\\"', after='\\"jobstatus\\":\\"enable\\"'),
        Edit(',\n        "group": "orders"', after='"active": true'),
    ),
    place(
        "tests/contract/exchanges/query-numbers.json",
        Edit(',\n        "group": ""', after='"active": false'),
    ),
    place(
        "tests/contract/exchanges/query-two-rows.json",
        Edit(',\n        "group": ""', after='"active": true'),
        Edit(',\n        "group": ""', after='"active": false'),
    ),
    place(
        "reconcile/twin/jobs.py",
        Edit('                "jobgroup": "DEFAULT",\n', after='                "jobstatus": self.status(job),\n'),
    ),
    place(
        "tools/schemas/openapi.py",
        Edit('    "jobgroup": _TEXT,\n', after='    "jobstatus": {"type": "string", "examples": ["enable"]},\n'),
    ),
)

HABIT = (
    place(
        "reconcile/twin/habits.py",
        Edit(
            '    at_rest: bool = _habit(False, ValueType.SWITCH, "Answer 503 to everybody.")\n',
            before="    required_header: str | None = _habit(",
        ),
    ),
    place(
        "reconcile/twin/app.py",
        Edit(
            "habits.at_rest or habits.tenant_down == tenant",
            instead="habits.tenant_down == tenant",
        ),
    ),
    place(
        "tests/twin/test_habits.py",
        Edit(
            """\
def test_a_twin_at_rest_answers_nobody(twin, client):
    twin.behave(at_rest=True)
    assert client.post(QUERY, {"codes": "1"})[0] == 503


""",
            before="def test_no_flag_has_the_name_of_a_setting():\n",
        ),
    ),
)

INSTANCES: Mapping[str, tuple[Place, ...]] = {
    "A rule about crons": RULE,
    "A guard": GUARD,
    "A setting": SETTING,
    "A format": FORMAT,
    "A command that reads": READS,
    "A command that saves": SAVES,
    "A field of the reply": FIELD,
    "A habit of the twin": HABIT,
}
