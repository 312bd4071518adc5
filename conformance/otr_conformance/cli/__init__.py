"""The command line, `otrspec`.

`app` declares the commands: names, options, help. Each command's work is in the module of its name,
which is imported when the command runs, so that `otrspec --help` does not wait for cryptography.

Results go to standard output; progress and complaints go to standard error. A complaint is one
line. `docs/command-line.md` describes the JSON.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final

import typer

from otr_conformance.peers import PeerUnavailable
from otr_conformance.verdict import ExitCode
from otr_reference.errors import OtrSpecError

from .app import NAME, app
from .misuse import INTERRUPTED, Interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_USAGE: Final[Any] = typer.BadParameter.__bases__[0]  # what the parser raises; typer has no name
_TOO_MANY: Final = "Got unexpected extra argument"
_PARSERS_OWN: Final = "Value error, "  # how the parser begins what it says of a choice
_READER_GONE: Final = 141  # what a shell makes of SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: without the program's name; None: those of the process.

    Returns:
        The exit status: an `ExitCode`, or what shells report for a signal.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    return status


def _run(arguments: list[str]) -> int:
    try:
        returned = typer.main.get_command(app).main(
            arguments, prog_name=NAME, standalone_mode=False
        )
        # The parser makes a status of an interrupt that the command did not expect.
        return _ended() if returned == INTERRUPTED else int(returned or 0)
    except _USAGE as error:
        return _misused(error)
    except (OtrSpecError, PeerUnavailable) as error:
        return _complain(NAME, str(error))
    except (Interrupted, KeyboardInterrupt, typer.Abort) as interrupted:
        return _ended(str(interrupted))
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):
            return _READER_GONE
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is our fault and not the target's
        traceback.print_exc()
        _complain(NAME, "this is a fault of otrspec itself; please report it with the lines above")
        return ExitCode.HARNESS_ERROR


def _misused(error: Any) -> int:  # noqa: ANN401 - see _USAGE
    """Say what was not understood; where no command was named, the help is what to say."""
    message: str = error.format_message()
    if "\n" in message:
        sys.stderr.write(message + "\n")
        return ExitCode.MISUSE
    command = error.ctx.command_path if error.ctx is not None else NAME
    text = (message[:1].lower() + message[1:]).rstrip(".").replace(_PARSERS_OWN, "")
    return _complain(command, f"{text}{_in_quotes(error)}; see {command} --help")


def _in_quotes(error: Any) -> str:  # noqa: ANN401 - see _USAGE
    """That a command is one argument, where there are more arguments than the command takes."""
    context = error.ctx
    if context is None or not error.format_message().startswith(_TOO_MANY):
        return ""
    if not any(parameter.metavar == "TARGET" for parameter in context.command.params):
        return ""
    return "; the command of a shim is one argument, in quotes, such as 'python3 shim.py'"


def _ended(message: str = "") -> int:
    """A user has ended the command."""
    _complain(NAME, message or "interrupted")
    return INTERRUPTED


def _complain(who: str, message: str) -> int:
    """One line on standard error."""
    sys.stderr.write(f"{who}: {' '.join(message.split())}\n")
    return ExitCode.MISUSE
