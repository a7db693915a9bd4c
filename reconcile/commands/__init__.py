"""The commands: options → session → report → exit code. Glue, and nothing that another part would want to import.

Each module that is named in the table of `cli` holds one command, a function of its name, and is imported only when it
is called. It takes a `Runtime` (the options, and what comes from outside: variables, now, terminals, the stop signal)
and returns a `CommandReport` (document, view, exit code), or raises a `ReconcileError`. `cli` prints, writes files and
reads the environment; a command does not. A command without a report (`schema`, `twin`, `demo`, `completion`) shows
its text through the runtime and returns its exit code. What is declared, observed and saved comes from `session`.
"""
