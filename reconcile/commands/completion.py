"""`completion`: a shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reconcile.session.runtime import Runtime

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print the completion script of SHELL.

    For bash: reconcile completion bash > ~/.local/share/bash-completion/completions/reconcile
    """
    completer = get_completion_class(shell)
    assert completer is not None, f"click completes in {shell}"
    group = context.find_root().command
    runtime: Runtime = context.obj
    runtime.show(completer(group, {}, "reconcile", "_RECONCILE_COMPLETE").source() + "\n")
