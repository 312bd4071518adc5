"""JSON and TOML that somebody else may have written: read, or refused in one line.

Python's own readers raise more than one kind of error, and give values that cannot be written
again. Here everything that is wrong is a `BadDocument`: text that is no JSON or TOML, nesting that
is too deep, numbers that are none (NaN) or beyond 64 bits, and strings with half of a surrogate
pair. Reading takes linear time. Python's reader of TOML takes time quadratic in the parts of a key,
and so a line may have no more than `DOTS_LIMIT` dots.
"""

from __future__ import annotations

import json
import tomllib
from math import isfinite
from typing import Final, NoReturn

__all__ = ["DOTS_LIMIT", "TOML_LIMIT", "BadDocument", "parse_json", "parse_toml"]

TOML_LIMIT: Final = 1 << 20
"""The longest text of TOML, in characters."""

DOTS_LIMIT: Final = 500
"""The most dots in a line of TOML."""

_DIGITS: Final = 20
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1


class BadDocument(Exception):
    """A text that is no document; the message says why, in one line."""


def parse_json(text: str | bytes) -> object:
    """The value that a text of JSON stands for.

    Args:
        text: the text; octets are in UTF-8.

    Raises:
        BadDocument: it is none.
    """
    try:
        return _checked(
            json.loads(
                text.decode("utf-8") if isinstance(text, bytes) else text,
                parse_int=_integer,
                parse_constant=_constant,
            )
        )
    except RecursionError:
        message = "is no JSON: it is nested too deeply"
        raise BadDocument(message) from None
    except ValueError as error:
        message = f"is no JSON: {error}"
        raise BadDocument(message) from error


def parse_toml(text: str) -> dict[str, object]:
    """The tables that a text of TOML has.

    Raises:
        BadDocument: it is none, longer than `TOML_LIMIT`, or has a line with too many dots.
    """
    if len(text) > TOML_LIMIT:
        message = f"is longer than {TOML_LIMIT} characters"
        raise BadDocument(message)
    if any(line.count(".") > DOTS_LIMIT for line in text.split("\n")):
        message = f"has a line with more than {DOTS_LIMIT} dots"
        raise BadDocument(message)
    try:
        found = tomllib.loads(text)
    except RecursionError:
        message = "is no TOML: it is nested too deeply"
        raise BadDocument(message) from None
    except ValueError as error:
        message = f"is no TOML: {error}"
        raise BadDocument(message) from error
    _checked(found)
    return found


def _integer(digits: str) -> int:
    """A number; one of many digits is not even counted, since that takes long."""
    return int(digits) if len(digits) <= _DIGITS else _MOST + 1


def _constant(name: str) -> NoReturn:
    message = f"{name} is no number"
    raise ValueError(message)


def _checked(document: object) -> object:
    """The document itself.

    Raises:
        BadDocument: there is a value in it that no reader of ours takes.
    """
    waiting = [document]
    while waiting:
        each = waiting.pop()
        match each:
            case dict():
                waiting += each
                waiting += each.values()
            case list():
                waiting += each
            case str():
                _check_text(each)
            case int() if not _LEAST <= each <= _MOST:
                message = "has a number that does not fit 64 bits"
                raise BadDocument(message)
            case float() if not isfinite(each):
                message = "has a number that is none"
                raise BadDocument(message)
            case _:
                pass
    return document


def _check_text(text: str) -> None:
    """Refuse half of a surrogate pair, which JSON's escapes can spell.

    Raises:
        BadDocument: there is one.
    """
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        message = "has a text with half of a surrogate pair"
        raise BadDocument(message) from None
