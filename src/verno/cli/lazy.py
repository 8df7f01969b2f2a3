"""A click group that imports a command when it is called, and says sentences instead of stacks."""

import importlib
from collections.abc import Mapping

import click

from verno.kit.errors import VernoError

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended (128 + SIGINT)."""


class LazyGroup(click.Group):
    """Commands by name: ``"module:attribute"`` and the line that the help shows without importing it."""

    def __init__(self, name: str, commands: Mapping[str, tuple[str, str]], *, help: str) -> None:  # noqa: A002 click's
        """Keep the table."""
        super().__init__(name, help=help, context_settings={"max_content_width": 110})
        self._table = commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """Return the names in the table's order."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 click's signature
        """Import a command; a part that is not installed is a sentence, not a stack."""
        if cmd_name not in self._table:
            return None
        module_name, attribute = self._table[cmd_name][0].split(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith(module_name):
                message = f"'verno {cmd_name}' needs the Python package {error.name}, which is not installed"
                raise click.ClickException(message) from error
            message = f"'verno {cmd_name}' is not part of this installation"
            raise click.ClickException(message) from error
        command = getattr(module, attribute)
        if not isinstance(command, click.Command):
            message = f"{module_name}:{attribute} is not a command"
            raise TypeError(message)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 click's
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in self._table.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command: a ``VernoError`` becomes its sentence and exit code 1, Ctrl-C a quiet 130."""
        try:
            return super().invoke(ctx)
        except VernoError as error:
            click.echo(f"verno: {error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
