"""The lineage of a ledger: made when it is begun, by a person or by its first run.

It is counted on by each run and each release of holds.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Connection, func, insert, select, update

from reconcile.ledger import queries
from reconcile.ledger.tables import LEDGERS, RUNS
from reconcile.model.ledger_records import Lineage, Subject


def new_lineage() -> str:
    """Return an id that no other ledger has. It begins with a letter: YAML must not read it as a number."""
    return secrets.choice("abcdf") + secrets.token_hex(8)[1:]


def begun(connection: Connection, owner: queries.Owner) -> Lineage:
    """Return the lineage of *owner*. A ledger that has none gets one: it is new, or an older program has written it."""
    known = queries.lineage(connection, owner)
    if known is not None:
        return known
    last = select(func.max(RUNS.c.serial)).where(
        RUNS.c.workspace == owner.workspace, RUNS.c.environment == owner.environment
    )
    made = Lineage(new_lineage(), connection.execute(last).scalar() or 0)
    row = {**owner._asdict(), "lineage": made.id, "serial": made.serial, "parents": list(made.parents)}
    connection.execute(insert(LEDGERS), row)
    return made


def advance(
    connection: Connection, owner: queries.Owner, *, parents: Collection[str] = (), about: Subject | None = None
) -> Lineage:
    """Count one more step of *owner* that later runs decide by, and return the lineage with its serial.

    With *parents* a new lineage begins here: it names them, the one that it follows, and the parents of that one.
    *about* is what the step is about. Another step at the same time waits until this transaction ends.
    """
    before = queries.lineage(connection, owner)
    known = before or begun(connection, owner)
    row = update(LEDGERS).where(LEDGERS.c.workspace == owner.workspace, LEDGERS.c.environment == owner.environment)
    connection.execute(row.values(serial=LEDGERS.c.serial + 1))
    if about is not None:
        connection.execute(row.values(service=about.service, folder=about.folder))
    if parents:
        followed = () if before is None else (before.as_parent, *before.parents)
        named = list(dict.fromkeys((*followed, *parents)))
        connection.execute(row.values(lineage=new_lineage(), parents=named))
    return queries.lineage(connection, owner) or known
