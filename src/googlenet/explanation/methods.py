"""The methods of explaining, and what the values of their maps mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from googlenet.errors import InputError
from googlenet.suggestions import did_you_mean

Method = Literal["cam", "gradient", "occlusion"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value of a map is, in a few words, and what else is to be known of it."""

    value: str
    rest: str = ""


MEANINGS: dict[Method, Meaning] = {
    "cam": Meaning("what a place contributes", "the logit is the mean of all places plus a bias"),
    "gradient": Meaning("how much the logit depends on a place (gradient x input, smoothed)"),
    "occlusion": Meaning("what the logit loses where a place is covered"),
}
"""Class-activation maps, which are exact here and the default; gradient x input smoothed over noise; occlusion."""


def check_method(name: str) -> Method:
    """The method called `name`; raises InputError for one that does not exist."""
    for method in get_args(Method):
        if method == name:
            return method  # type: ignore[no-any-return]
    hint = did_you_mean(name, MEANINGS, otherwise=f"the methods are {', '.join(MEANINGS)}")
    raise InputError(f"there is no method {name!r}; {hint}")
