"""The store that outlives a run: runs and what each did, last applied, holds, and the lock of an environment.

A ledger is a SQLite file, a PostgreSQL database, or a ref of a Git repository. The way through: `address` reads the
setting and says where the ledger is, a file at one of its places (`file_places`, `taken_file`); `open_ledger` opens it
(`database`), makes its tables or leads them up to date (`migrations`), and returns a `SqlLedger`. That one answers
questions (`sql_ledger`, `queries`) and holds the lock of an environment (`environment_lock`, `lease`). Below the lock
`begin` returns a `RunLedger` (`run_ledger`), which records intents, outcomes and the end of one run. A ref is loaded
into a database of the run's own (`git_home`, `ledger_tree`), which `git_ledger` serves as the others are served, and
each step is a commit (`git_steps`). `tables` and `encoding` are the format on disk, `database_errors` words errors,
`damaged_file` moves a file away that cannot be read, and `memory_ledger` serves runs without a ledger.

The package itself imports nothing, so that a run without a ledger loads no database library.
"""
