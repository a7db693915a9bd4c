"""What outlives a run: runs and what each did, last applied, holds, and the lock; in a SQLite file or in PostgreSQL.

Import the modules, not this package: it loads nothing, so that a run without a ledger never loads a database library.
`address` says where the ledger is, `opening` opens it, `sql_ledger` reads it and locks it, `run_ledger` records a run.
"""
