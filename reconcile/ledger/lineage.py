"""The lineage of a ledger: made with its first run, and counted on by each."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, func, insert, select, update

from reconcile.ledger import queries
from reconcile.ledger.tables import LEDGERS, RUNS
from reconcile.model.ledger_records import Lineage


def advance(connection: Connection, owner: queries.Owner) -> Lineage:
    """Count one more run of *owner*, whose lock is held, and return the lineage with its serial.

    A ledger that has none yet gets one: it is new, or an older program has written it.
    """
    known = queries.lineage(connection, owner)
    if known is None:
        return _begin(connection, owner)
    serial = known.serial + 1
    row = update(LEDGERS).where(LEDGERS.c.workspace == owner.workspace, LEDGERS.c.environment == owner.environment)
    connection.execute(row.values(serial=serial))
    return Lineage(known.id, serial, known.parents)


def _begin(connection: Connection, owner: queries.Owner) -> Lineage:
    last = select(func.max(RUNS.c.serial)).where(
        RUNS.c.workspace == owner.workspace, RUNS.c.environment == owner.environment
    )
    made = Lineage(secrets.token_hex(16), (connection.execute(last).scalar() or 0) + 1)
    row = {**owner._asdict(), "lineage": made.id, "serial": made.serial, "parents": list(made.parents)}
    connection.execute(insert(LEDGERS), row)
    return made
