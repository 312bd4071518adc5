"""Recipes for servers of continuous integration, to be copied into other people's repositories."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RECIPES", "recipe"]

RECIPES: Final[Mapping[str, str]] = {
    "ci.sh": "otrspec-ci.sh",
    "github-actions.yml": ".github/workflows/otrspec.yml",
    "gitlab-ci.yml": ".gitlab-ci.yml",
}
"""Each recipe, and where it goes in a repository."""


def recipe(name: str) -> str:
    """The text of a recipe.

    Raises:
        KeyError: if there is none of that name.
    """
    if name not in RECIPES:
        raise KeyError(name)
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
