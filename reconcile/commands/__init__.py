"""The commands: parse options → flow → report → exit code. Glue, and nothing that another part would want to import.

Each module that is named in the table of `cli` holds one command, a function of its name, and is imported only when it
is asked for. It is given an `Invocation` (the options, and what comes from outside: variables, now, terminals, the stop
signal) and returns an `Answer` (document, view, exit code), or raises a `ReconcileError`; it neither prints nor writes
a file nor reads the environment: `cli` does. A command without a report (`schema`, `twin`, `demo`, `completion`) shows
its text through the invocation and returns its exit code.

    options         the common options: one table
    common          the decorators that give a command its options
    invocation      Invocation, Answer
    declarations    from --dir, --env and the selection to what Git wants
    service         the service of an environment, read-only
    planfile        a saved plan, read back
    console         what goes to stderr
    failures        errors → answers
"""
