"""Builds an argparse parser from the signature of a verb.

`top: Annotated[int, Option(least=1, help="How many.")] = 5` is the option --top, `paths: Annotated[list[str],
Argument(help="Pictures.")]` a positional argument. A parameter without a default is required; a bool is a flag; a list
option can be repeated. Argparse is part of Python and quick to import, which keeps the time to the first label short.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn, get_args, get_origin, get_type_hints

from googlenet.cli.foreign_words import argument_hint, flag_hint
from googlenet.cli.terminal import warn
from googlenet.errors import EXIT_WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument; `metavar` is its name in the help, by default the parameter's."""

    help: str
    metavar: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """`--name VALUE`, or `--name` for a bool; `name` is by default the parameter's. `least`: the smallest number."""

    help: str
    name: str = ""
    metavar: str = ""
    least: int | None = None


def parse_arguments(program: str, verb: Callable[..., Any], texts: Sequence[str]) -> dict[str, Any]:
    """Parse the values of a verb's parameters; exits after --help, and with code 2 and a message for wrong usage."""
    parser = _parser_of(program, verb)
    values, unknown = parser.parse_known_intermixed_args(texts)
    if unknown:
        first = unknown[0].partition("=")[0]
        is_flag = first.startswith("-")
        hint = flag_hint(first, parser.options) if is_flag else argument_hint(unknown[0], parser.options)
        problem = f"no such option: {first}" if is_flag else f"unexpected argument: {unknown[0]!a}"
        parser.error("; ".join(filter(None, (problem, hint))))
    return vars(values)


def summary_of(verb: Callable[..., Any]) -> str:
    """Return the first sentence of the verb's docstring, without the full stop."""
    return _paragraphs(verb)[0].partition(". ")[0].removesuffix(".")


class _Parser(argparse.ArgumentParser):
    """A parser that prints its error below the usage."""

    @property
    def options(self) -> list[str]:
        return [name for action in self._actions for name in action.option_strings]

    def error(self, message: str) -> NoReturn:
        warn(*self.format_usage().splitlines(), f"Try '{self.prog} --help' for help.", "", f"error: {message}")
        sys.exit(EXIT_WRONG_INPUT)


class _Help(argparse.HelpFormatter):
    """A formatter that keeps paragraphs."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(textwrap.fill(part, width, initial_indent=indent) for part in text.split("\n\n"))


def _parser_of(program: str, verb: Callable[..., Any]) -> _Parser:
    parser = _Parser(
        program,
        description="\n\n".join(_paragraphs(verb)),
        formatter_class=lambda prog: _Help(prog, max_help_position=30),
        allow_abbrev=False,
    )
    hints = get_type_hints(verb, include_extras=True)
    usage = [program, "[OPTIONS]"]
    for name, parameter in inspect.signature(verb).parameters.items():
        annotation, spec = get_args(hints[name])
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        kind, many = _kind_of(annotation)
        text = spec.help + _range_and_default(spec, default, required)
        settings: dict[str, Any] = {"help": text.replace("%", "%%")}
        if kind is not bool:
            settings |= {"type": _converter(kind, spec), "default": default}
            settings |= {"metavar": spec.metavar or _metavar(name, kind)}
        if isinstance(spec, Argument):
            if many or not required:
                settings["nargs"] = "+" if many and required else "*" if many else "?"
            parser.add_argument(name, **settings)
            shown = settings["metavar"] + ("..." if many else "")
            usage.append(shown if required else f"[{shown}]")
        else:
            action = {"action": "store_true"} if kind is bool else {"action": "append"} if many else {}
            flag = spec.name or f"--{name.replace('_', '-')}"
            parser.add_argument(flag, dest=name, required=required, **action, **settings)
    parser.usage = " ".join(usage)
    return parser


def _paragraphs(verb: Callable[..., Any]) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(verb) or "").split("\n\n")]


def _kind_of(annotation: Any) -> tuple[type, bool]:
    """Return the type of one value, and whether there may be several: `list[str] | None` -> str, True."""
    if get_origin(annotation) is not list and type(None) in get_args(annotation):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    return (get_args(annotation)[0], True) if get_origin(annotation) is list else (annotation, False)


def _metavar(name: str, kind: type) -> str:
    return "|".join(one.value for one in kind) if issubclass(kind, Enum) else name.upper()


def _expected(kind: type) -> str:
    if issubclass(kind, Enum):
        return f"one of {', '.join(one.value for one in kind)}"
    return {int: "an integer", float: "a number"}[kind]


def _range_and_default(spec: Argument | Option, default: Any, required: bool) -> str:
    shown = default.value if isinstance(default, Enum) else default
    notes = [
        *(["required"] if required and isinstance(spec, Option) else []),
        *([f"at least {spec.least}"] if isinstance(spec, Option) and spec.least is not None else []),
        *([f"default: {shown}"] if default is not None and default is not False else []),
    ]
    return f" [{', '.join(notes)}]" if notes else ""


def _converter(kind: type, spec: Argument | Option) -> Callable[[str], Any]:
    """Return a function from text to value; argparse puts the option's name before the error it raises."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!a} is not {_expected(kind)}") from None
        if isinstance(spec, Option) and spec.least is not None and value < spec.least:
            raise argparse.ArgumentTypeError(f"{text} is less than {spec.least}")
        return value

    return convert
