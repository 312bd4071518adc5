"""Running other people's programs: one place for it, with a time limit, never through a shell."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Outcome", "run"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended.

    Attributes:
        status: its exit status; the negative number of the signal that killed it.
        out: what it wrote to standard output.
        err: what it wrote to standard error.
    """

    status: int
    out: bytes
    err: bytes

    @property
    def complaint(self) -> str:
        """The first line that the program wrote to standard error, for people."""
        lines = self.err.decode(errors="replace").strip().splitlines()
        return lines[0].strip() if lines else f"exit status {self.status}"


def run(
    command: Sequence[str | bytes],
    *,
    given: bytes = b"",
    seconds: float = 60.0,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a program to its end.

    Args:
        command: the program and its arguments, octets as they are; no shell reads them.
        given: its standard input.
        seconds: after so long it is killed.
        environment: its environment; ours if absent.

    Raises:
        OSError: the program cannot be started.
        TimeoutError: it did not end in time.
    """
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and our callers name the programs
            command, input=given, capture_output=True, timeout=seconds, check=False, env=environment
        )
    except subprocess.TimeoutExpired as late:
        name = command[0] if isinstance(command[0], str) else command[0].decode(errors="replace")
        message = f"{name} did not end within {seconds:g} s"
        raise TimeoutError(message) from late
    return Outcome(done.returncode, done.stdout, done.stderr)
