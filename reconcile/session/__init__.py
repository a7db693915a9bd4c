"""Between the edges and the commands: what one run knows, as a few values. Each is made of the one before, when asked.

===========  ===============================  =================================================================
value        made by                          needs
===========  ===============================  =================================================================
`Declared`   `declare(runtime)`               files and Git: no token, no network, no ledger
`Observed`   `observed(declared, sources)`    a reader, which has no save; a ledger, where there is one, is only read
`Preparing`  `preparing(declared, options)`   the same, for a run that will save: a ledger that cannot be read refuses
`Saving`     `saving(declared, options)`      the writer, the lock of the environment, and a ledger that can be written
===========  ===============================  =================================================================

A command makes the values that it needs and no more. `Checkout`, the part of `Declared` that comes before any
environment is chosen, is enough for the commands about a ledger. What is planned under the lock is planned by the same
`Observed` as in `plan`: `Preparing.observed` makes it, and `Saving` is a `Preparing` whose ledger holds the lock.

All are frozen, and so is the `Runtime`, what the process gives: variables, *now*, terminals, the stop signal, options.
The one thing that changes is `RunFacts`: what the report of a failure needs.
"""
