"""The commands: options → session → report → exit code. Glue, and nothing that another part would want to import.

Each module that is named in the table of `cli` holds one command, a function of its name, and is imported only when it
is asked for. It is given a `Runtime` (the options, and what comes from outside: variables, now, terminals, the stop
signal) and returns an `Answer` (document, view, exit code), or raises a `ReconcileError`; it neither prints nor writes
a file nor reads the environment: `cli` does. A command without a report (`schema`, `twin`, `demo`, `completion`) shows
its text through the runtime and returns its exit code. What is declared, observed and saved comes from `session`.

    answer          Answer
    options         the common options as click takes them
    common          the decorators that give a command its options
    overrides       the options that lift guards
    save_options    what `apply` and `rollback` share: their options, and the question
    reviewed        what ties an apply to what was reviewed
    applied_ref     the ref of last applied, moved after an apply
    times           durations, instants and zones on the command line
    failures        errors → answers
"""
