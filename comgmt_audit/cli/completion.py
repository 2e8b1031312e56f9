"""``comgmt-audit completion``."""

from __future__ import annotations

import click

from comgmt_audit.cli.console import COMPLETE, PROGRAM


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes comgmt-audit in a shell.

    \b
    bash:  eval "$(comgmt-audit completion bash)"
    zsh:   eval "$(comgmt-audit completion zsh)"
    fish:  comgmt-audit completion fish | source
    """
    from click.shell_completion import ShellComplete, get_completion_class

    shells: type[ShellComplete] | None = get_completion_class(shell)
    if shells is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    command = click.get_current_context().find_root().command
    click.echo(shells(command, {}, PROGRAM, COMPLETE).source())
