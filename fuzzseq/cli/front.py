"""The front door: misuse is one sentence and exit code 2, never a traceback."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from fuzzseq.cli.printing import echo
from fuzzseq.cli.standard_streams import Streams
from fuzzseq.errors import FuzzseqError, UsageError, nearest
from fuzzseq.interrupts import handled
from fuzzseq.machine import refusal_of
from fuzzseq.sanitize import outgoing
from fuzzseq.stop_reason import ExitCode


class Front(click.Group):
    """A group of commands that turns every way of ending into a sentence and an exit code."""

    def main(self, args: Sequence[str] | None = None, *positional: Any, **extra: Any) -> Any:
        """Run a command and leave the process with its exit code."""
        extra["standalone_mode"] = False
        streams, self._printed_only = Streams(), True
        with streams.kept():
            code = self._exit_code(lambda: super(Front, self).main(args, *positional, **extra))
            if lost := streams.trouble():
                # One that printed and did nothing else has failed; a run has written its folder, and keeps its code.
                code = _print_error(lost, ExitCode.USAGE_ERROR if not code and self._printed_only else code)
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out the command of a context; one that returns no exit code has nothing but what it prints."""
        code = super().invoke(ctx)
        self._printed_only = code is None
        return code

    def _exit_code(self, command: Callable[[], object]) -> int:
        try:
            with handled(signal.default_int_handler):
                code = command()
        except click.exceptions.Exit as leaving:
            code = leaving.exit_code
        except click.exceptions.NoArgsIsHelpError as error:
            echo(error.format_message(), err=True)
            code = ExitCode.USAGE_ERROR
        except click.ClickException as error:
            context: click.Context | None = getattr(error, "ctx", None)
            command_path = context.command_path[len(context.find_root().command_path) :].strip() if context else ""
            hint = f" 'fuzzseq {command_path} --help' shows the usage." if command_path else ""
            code = _print_error(f"{error.format_message().rstrip()}{hint}", ExitCode.USAGE_ERROR)
        except (KeyboardInterrupt, click.Abort):
            code = _print_error("interrupted", ExitCode.INTERRUPTED)
        except Exception as error:  # noqa: BLE001 (nobody above is there to take it)
            if refusal := refusal_of(error):
                code = _print_error(refusal, ExitCode.USAGE_ERROR)
            elif isinstance(error, FuzzseqError):
                code = _print_error(str(error), ExitCode.INTERNAL_ERROR)
            else:
                code = _print_internal_error(error)
        return code if isinstance(code, int) else 0

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; an unknown one that looks like a target is answered with the command that takes it."""
        from fuzzseq.loading.references import is_reference

        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            if name.endswith(".py") or is_reference(name):
                raise UsageError(f"There is no command {name!r}; to fuzz it, run: fuzzseq run {name}")
            known = self.list_commands(ctx)
            raise UsageError(f"There is no command {name!r}.{nearest(name, known)} Commands: {', '.join(known)}.")
        return super().resolve_command(ctx, args)


def _print_error(message: str, code: int) -> int:
    echo(f"fuzzseq: {message}", err=True)
    return code


def _print_internal_error(error: Exception) -> int:
    import tempfile
    import traceback

    text = outgoing("".join(traceback.format_exception(error)))
    said = f"internal error (a bug in fuzzseq, not in your model): {type(error).__name__}: {error}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="fuzzseq-error-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(text)
    except OSError:
        return _print_error(f"{said}; the traceback could not be saved:\n{text}", ExitCode.INTERNAL_ERROR)
    return _print_error(f"{said}; the traceback is in {file.name}", ExitCode.INTERNAL_ERROR)
