"""Refuses arguments of the wrong type where a function is called, by the argument's name."""

from __future__ import annotations

import operator
import os
from pathlib import Path
from typing import TypeAlias

from googlenet.errors import InputError

PathArgument: TypeAlias = str | os.PathLike[str]
"""What every function takes where it takes a path."""


def as_path(value: object, name: str, *, what: str = "a path (str or Path)") -> Path:
    """`value` as a Path; raises InputError, "NAME must be WHAT, not a dict", if it is not a path."""
    if isinstance(value, str | os.PathLike) and isinstance(text := os.fspath(value), str):
        return value if isinstance(value, Path) else Path(text)
    raise wrong_type(name, what, value)


def as_count(value: object, name: str, *, least: int = 1) -> int:
    """`value` as an int; raises InputError if it is not an integer of at least `least`."""
    if not isinstance(value, bool):
        try:
            if (number := operator.index(value)) >= least:  # type: ignore[arg-type]  # NumPy's integers, too
                return number
        except TypeError:
            pass
    raise wrong_type(name, f"an integer of at least {least}", value)


def check_type(value: object, name: str, kind: type | tuple[type, ...], what: str) -> None:
    """Raise InputError, "NAME must be WHAT, not a dict", if `value` is not an instance of `kind`."""
    if not isinstance(value, kind):
        raise wrong_type(name, what, value)


def wrong_type(name: str, what: str, value: object) -> InputError:
    """The error for an argument: "NAME must be WHAT, not VALUE", where VALUE is a number or a type."""
    return InputError(f"{name} must be {what}, not {described(value)}")


def described(value: object) -> str:
    """A number, a short string or None as it is written; of anything else the type, "a dict"."""
    if value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 40):
        return repr(value)
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
