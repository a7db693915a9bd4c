"""The commands: parse options → flow → report → exit code. Glue, and nothing that another part would want to import.

Each module here holds one ``command`` (a `click.Command`, or a group of them), named in the table of `cli`, which
imports it only when it is asked for. What is needed of the rest of the program is imported inside functions::

    @click.command()
    @common(kind="plan")                  # adds the common options
    def command(invocation: Invocation, …) -> Answer: ...

The callback gets an `Invocation` (the common options, and the world: variables, now, terminals, the stop signal, log
and progress) and returns an `Answer` (document, view, exit code); it may raise a `ReconcileError`. It neither prints nor
writes a file nor reads the environment: `cli` does. A command that has no document (``twin``, ``demo``) takes the
`World` with ``@click.pass_obj``, and returns its exit code, or None for 0.

    world       what comes from outside: World, Common, Invocation, Answer
    options     the common options, the overrides, and what is made of them
    running     a callback and its errors → an answer
    logs, bar   what goes to stderr
    session     workspace, environment, declarations, link: what most commands begin with
"""
