"""The front door: misuse is one sentence and exit code 2, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from fuzzseq.cli.printing import echo
from fuzzseq.errors import FuzzseqError, UsageError, nearest
from fuzzseq.sanitize import outgoing

MISUSED, BROKEN, INTERRUPTED = 2, 3, 130


class Front(click.Group):
    """A group of commands that turns every way of ending into a sentence and an exit code."""

    def main(self, args: Sequence[str] | None = None, *positional: Any, **extra: Any) -> Any:
        """Run a command and leave the process with its exit code."""
        extra["standalone_mode"] = False
        _survive_any_encoding()
        try:
            code = super().main(args, *positional, **extra)
        except click.exceptions.Exit as leaving:
            code = leaving.exit_code
        except click.exceptions.NoArgsIsHelpError as error:
            echo(error.format_message(), err=True)
            code = MISUSED
        except click.ClickException as error:
            code = _say(_sentence(error), MISUSED)
        except UsageError as error:
            code = _say(str(error), MISUSED)
        except FuzzseqError as error:
            code = _say(str(error), BROKEN)
        except (KeyboardInterrupt, click.Abort):
            code = _say("interrupted", INTERRUPTED)
        except BrokenPipeError:
            code = BROKEN
        except Exception as error:  # noqa: BLE001 (nobody above is there to take it)
            code = _internal(error)
        sys.exit(_flushed(code if isinstance(code, int) else 0))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; an unknown one that looks like a target is answered with the command that takes it."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            if name.endswith(".py") or ":" in name:
                raise UsageError(f"There is no command {name!r}; to fuzz it, write: fuzzseq run {name}")
            known = self.list_commands(ctx)
            raise UsageError(f"There is no command {name!r}.{nearest(name, known)} Commands: {', '.join(known)}.")
        return super().resolve_command(ctx, args)


def _say(message: str, code: int) -> int:
    """Print one sentence where errors go, and return the exit code."""
    echo(f"fuzzseq: {message}", err=True)
    return code


def _sentence(error: click.ClickException) -> str:
    """Return what click has to say, with the place where the options are listed."""
    context = getattr(error, "ctx", None)
    words: list[str] = []
    while context and context.parent:
        words.insert(0, str(context.info_name))
        context = context.parent
    hint = f" 'fuzzseq {' '.join(words)} --help' lists what there is." if words else ""
    return f"{error.format_message().rstrip()}{hint}"


def _internal(error: Exception) -> int:
    """Say that fuzzseq itself failed, and where the traceback is."""
    import tempfile
    import traceback

    text = outgoing("".join(traceback.format_exception(error)))
    with tempfile.NamedTemporaryFile(
        "w", prefix="fuzzseq-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    return _say(
        f"internal error, no fault of your model: {type(error).__name__}: {error}; the traceback is in {file.name}",
        BROKEN,
    )


def _survive_any_encoding() -> None:
    """Let a terminal that cannot show a character show a question mark, and not stop the run."""
    for stream in (sys.stdout, sys.stderr):
        if (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8":
            getattr(stream, "reconfigure", lambda **_: None)(errors="replace")


def _flushed(code: int) -> int:
    """Return the exit code once all is printed; where nobody reads any more, that is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
