"""The setting `ledger`, checked offline: findings where an apply would refuse its form."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.declare import WORKSPACE_FILE
from reconcile.declare.files import Files
from reconcile.engine.problems import Pointer, Problem, located
from reconcile.errors import SettingError
from reconcile.ledger.address import ledger_address
from reconcile.ledger.file_places import file_places
from reconcile.model.finding import Finding
from reconcile.model.rules import WorkspaceRule
from reconcile.model.variables import variables_in
from reconcile.session.declared import Checkout

_ANY_VALUE = "1"  # of a variable: fits a host, a port, a user and a password


def ledger_setting_findings(checkout: Checkout) -> tuple[Finding, ...]:
    """Return what is wrong with `ledger`, of the workspace and of its environments, whatever variables hold."""
    files = Files(checkout.workspace.directory, checkout.tree)
    file = files.name(WORKSPACE_FILE)
    return located(_problems(checkout, file), files.locate({file: WORKSPACE_FILE}))


def _problems(checkout: Checkout, file: str) -> Iterator[Problem]:
    workspace = checkout.workspace
    place = file_places(checkout.runtime.directory, workspace.id, checkout.repository.common_dir).place
    settings: dict[tuple[str, ...], str | None] = {("ledger",): workspace.ledger}
    settings |= {("environments", one.name, "ledger"): one.ledger for one in workspace.environments.values()}
    for path, setting in settings.items():
        if setting is None or setting.startswith("${"):
            continue  # the value of the variable is checked when it is used
        try:
            ledger_address(setting, place, dict.fromkeys(variables_in(setting), _ANY_VALUE), named=".".join(path))
        except SettingError as error:
            yield Problem(WorkspaceRule.BAD_LEDGER, error.message, Pointer(file, path), hint=error.hint)
