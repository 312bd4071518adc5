"""Files of TOML that users keep: read, or refused in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.documents import BadDocument, parse_toml
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_toml"]


def read_toml(path: Path) -> dict[str, object]:
    """The tables of a file.

    Raises:
        Malformed: naming the file as it was given, once, and why it cannot be read.
    """
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Malformed(field=str(path), reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise Malformed(field=str(path), reason="is no text in UTF-8") from error
    except BadDocument as error:
        raise Malformed(field=str(path), reason=str(error)) from error
