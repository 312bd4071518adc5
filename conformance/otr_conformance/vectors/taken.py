"""What an operation takes, by name and type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kinds import Values

__all__ = ["Taken"]


class Taken:
    """Values by name.

    Args:
        values: what an operation takes.

    Raises:
        TypeError: by every method, if a value is of another type.
    """

    def __init__(self, values: Values) -> None:
        self.values = values

    def octets(self, name: str) -> bytes:
        """Octets."""
        value: bytes = self._of(name, bytes)
        return value

    def number(self, name: str) -> int:
        """A number that is written as one."""
        value: int = self._of(name, int)
        return value

    def text(self, name: str) -> str:
        """A text."""
        value: str = self._of(name, str)
        return value

    def big(self, name: str) -> int:
        """A number that is written as octets, the most significant first."""
        return int.from_bytes(self.octets(name), "big")

    def little(self, name: str) -> int:
        """A number that is written as octets, the least significant first."""
        return int.from_bytes(self.octets(name), "little")

    def flag(self, name: str) -> bool:
        """A truth value."""
        value: bool = self._of(name, bool)
        return value

    def texts(self, name: str) -> list[str]:
        """Several texts."""
        return [str(each) for each in self._of(name, list)]

    def several(self, name: str) -> list[bytes]:
        """Several values that are octets."""
        return [bytes(each) for each in self._of(name, list)]

    def numbers(self, name: str) -> list[int]:
        """Several numbers."""
        return [int(each) for each in self._of(name, list)]

    def has(self, name: str) -> bool:
        """Whether there is a value of that name."""
        return name in self.values

    def _of(self, name: str, kind: type) -> Any:  # noqa: ANN401 - the methods above say which
        value = self.values[name]
        if not isinstance(value, kind):
            message = f"{name} is no {kind.__name__}"
            raise TypeError(message)
        return value
