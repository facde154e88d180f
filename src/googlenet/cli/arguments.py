"""A verb's signature as a parser of the command line: argparse, told by annotations what it is to understand.

`top: Annotated[int, Option(least=1, help="How many.")] = 5` is the option --top, `paths: Annotated[list[str],
Argument(help="Pictures.")]` what stands beside the options. A parameter without a default must be given; a bool is a
flag; a list may be given often. Argparse is quick to import and part of Python, which the time to the first label asks
for.
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

from googlenet.cli.terminal import warn
from googlenet.errors import EXIT_WRONG_INPUT
from googlenet.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands beside the options; `metavar` is what help calls it, left out the parameter's name."""

    help: str
    metavar: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """`--name VALUE`, or `--name` for a bool; left out, `name` is the parameter's. `least`: of a number."""

    help: str
    name: str = ""
    metavar: str = ""
    least: int | None = None


def parse_arguments(program: str, verb: Callable[..., Any], texts: Sequence[str]) -> dict[str, Any]:
    """The values of a verb's parameters; ends the process for --help, and with 2 and a sentence for wrong use."""
    parser = _parser_of(program, verb)
    values, unknown = parser.parse_known_intermixed_args(texts)
    if unknown:
        first = unknown[0].partition("=")[0]
        hint = did_you_mean(first, parser.options, likeness=0.7)
        parser.error(
            "; ".join(filter(None, (f"no such option: {first}", hint)))
            if first.startswith("-")
            else f"what is {unknown[0]!a} for?"
        )
    return vars(values)


def summary_of(verb: Callable[..., Any]) -> str:
    """The first sentence of its docstring, without the full stop."""
    return _paragraphs(verb)[0].partition(". ")[0].removesuffix(".")


class _Parser(argparse.ArgumentParser):
    """A parser whose error is a line behind the usage."""

    @property
    def options(self) -> list[str]:
        return [name for action in self._actions for name in action.option_strings]

    def error(self, message: str) -> NoReturn:
        warn(*self.format_usage().splitlines(), f"Try '{self.prog} --help' for help.", "", f"error: {message}")
        sys.exit(EXIT_WRONG_INPUT)


class _Help(argparse.HelpFormatter):
    """Paragraphs stay paragraphs."""

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
        annotation, told = get_args(hints[name])
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        kind, many = _kind_of(annotation)
        text = told.help + _range_and_default(told, default, required)
        settings: dict[str, Any] = {"help": text.replace("%", "%%")}
        if kind is not bool:
            settings |= {"type": _converter(kind, told), "default": default}
            settings |= {"metavar": told.metavar or _metavar(name, kind)}
        if isinstance(told, Argument):
            if many or not required:
                settings["nargs"] = "+" if many and required else "*" if many else "?"
            parser.add_argument(name, **settings)
            shown = settings["metavar"] + ("..." if many else "")
            usage.append(shown if required else f"[{shown}]")
        else:
            action = {"action": "store_true"} if kind is bool else {"action": "append"} if many else {}
            flag = told.name or f"--{name.replace('_', '-')}"
            parser.add_argument(flag, dest=name, required=required, **action, **settings)
    parser.usage = " ".join(usage)
    return parser


def _paragraphs(verb: Callable[..., Any]) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(verb) or "").split("\n\n")]


def _kind_of(annotation: Any) -> tuple[type, bool]:
    """The type of one value, and whether there may be many: `list[str] | None` -> str, True."""
    if get_origin(annotation) is not list and type(None) in get_args(annotation):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    return (get_args(annotation)[0], True) if get_origin(annotation) is list else (annotation, False)


def _metavar(name: str, kind: type) -> str:
    return "|".join(one.value for one in kind) if issubclass(kind, Enum) else name.upper()


def _wanted(kind: type) -> str:
    if issubclass(kind, Enum):
        return f"one of {', '.join(one.value for one in kind)}"
    return {int: "a whole number", float: "a number"}[kind]


def _range_and_default(told: Argument | Option, default: Any, required: bool) -> str:
    shown = default.value if isinstance(default, Enum) else default
    notes = [
        *(["required"] if required and isinstance(told, Option) else []),
        *([f"from {told.least}"] if isinstance(told, Option) and told.least is not None else []),
        *([f"default: {shown}"] if default is not None and default is not False else []),
    ]
    return f" [{', '.join(notes)}]" if notes else ""


def _converter(kind: type, told: Argument | Option) -> Callable[[str], Any]:
    """Text -> value; what it raises argparse puts behind the name of the option."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!a} is not {_wanted(kind)}") from None
        if isinstance(told, Option) and told.least is not None and value < told.least:
            raise argparse.ArgumentTypeError(f"{text} is less than {told.least}")
        return value

    return convert
