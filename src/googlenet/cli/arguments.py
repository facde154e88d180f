"""Builds an argparse parser from the signature of a verb.

`top: Annotated[int, Option(least=1, help="How many.")] = 5` is the option --top, `paths: Annotated[list[str],
Argument(help="Pictures.")]` a positional argument. A parameter without a default is required; a bool is a flag; a list
option can be repeated. Argparse is part of Python and quick to import, which keeps the time to the first label short.
"""

from __future__ import annotations

import argparse
import inspect
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, get_args, get_origin, get_type_hints

from googlenet.cli.foreign_words import argument_hint, flag_hint
from googlenet.cli.terminal import Verbosity, complain, say, set_verbosity
from googlenet.environment import read_variable
from googlenet.errors import EXIT_WRONG_INPUT

GENERAL = ("-h", "--help", "-q", "--quiet", "-v", "--verbose", "-V", "--version")
"""The options of every verb, which may also stand before it."""

GROUPS: dict[str, tuple[str, ...]] = {
    "data": ("data", "pictures", "split", "fit", "val_share", "split_seed", "exclude", "calibrate", "evaluate_on"),
    "objective": ("neuron", "negative", "diversity", "direction", "caricature", "from_image"),
    "training": ("minutes", "epochs", "learning_rate", "settings", "seed", "members"),
    "output": (
        *("top", "as_json", "markdown", "embeddings", "boxes", "output", "out", "html"),
        *("report", "report_file", "tensorboard", "resume", "force", "shard"),
    ),
    "computation": ("engine", "threads", "device", "batch_size", "batch", "workers"),
}
"""Headings in --help, and the parameters whose options stand below them; the others stand below "options"."""

MOST_COLUMNS = 80

PLAIN: tuple[tuple[str, str], ...] = (
    (r"the following arguments are required: (.+)", r"missing: \1"),
    (r"argument (.+?): expected one argument", r"\1 needs a value"),
    (r"argument (.+?): expected at least one argument", r"\1 needs at least one value"),
    (r"argument (.+?): ignored explicit argument (.+)", r"\1 takes no value, but was given \2"),
    (r"argument (.+?): not allowed with argument (.+)", r"\1 and \2 contradict each other; give one of them"),
    (r"argument (.+?): (.+)", r"\1: \2"),
)
"""Argparse's messages, and the same in plain English; the first that matches."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument; `metavar` is its name in the help, by default the parameter's."""

    help: str
    metavar: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """`--name VALUE`, or `--name` for a bool; `name` is by default the parameter's. `least`: the smallest number.

    `variable`: the environment variable that is its default.
    """

    help: str
    name: str = ""
    metavar: str = ""
    least: int | None = None
    variable: str = ""


def parse_arguments(program: str, verb: Callable[..., Any], texts: Sequence[str]) -> dict[str, Any]:
    """Parse the values of a verb's parameters, and apply --quiet and --verbose.

    Exits after --help and --version, and with code 2 and a message for wrong usage.
    """
    parser = parser_of(program, verb)
    parsed, unknown = parser.parse_known_intermixed_args(texts)
    if unknown:
        first = unknown[0].partition("=")[0]
        is_flag = first.startswith("-")
        hint = flag_hint(first, parser.options) if is_flag else argument_hint(unknown[0], parser.options)
        problem = f"no such option: {first}" if is_flag else f"unexpected argument: {unknown[0]!a}"
        parser.error("; ".join(filter(None, (problem, hint))))
    values = vars(parsed)
    set_verbosity(values.pop("verbosity"))
    return values


def parser_of(program: str, verb: Callable[..., Any]) -> VerbParser:
    """The parser of a verb, built from its signature and docstring."""
    parser = VerbParser(program, description="\n\n".join(_paragraphs(verb)))
    parser.add_verb(verb)
    parser.add_general_options()
    return parser


def summary_of(verb: Callable[..., Any]) -> str:
    """Return the first sentence of the verb's docstring, without the full stop."""
    return _paragraphs(verb)[0].partition(". ")[0].removesuffix(".")


def version_line() -> str:
    """`googlenet 0.1.0`."""
    from googlenet.machine import installed_version

    return f"googlenet {installed_version('googlenet')}"


class VerbParser(argparse.ArgumentParser):
    """A parser with groups of options and plain messages, that prints its error below the usage."""

    def __init__(self, prog: str, *, description: str = "") -> None:
        super().__init__(prog, description=description, formatter_class=_Help, allow_abbrev=False, add_help=False)
        self._positionals.title = "arguments"
        self.kinds: dict[str, type] = {}  # of one value of each parameter
        self._headings = {heading: self.add_argument_group(heading) for heading in ("options", *GROUPS)}

    @property
    def options(self) -> list[str]:
        """All names of options."""
        return [name for action in self._actions for name in action.option_strings]

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with code 2."""
        plain = next((re.sub(pattern, text, message) for pattern, text in PLAIN if re.match(pattern, message)), message)
        complain(*self.format_usage().splitlines(), f"Try '{self.prog} --help' for help.", "", f"error: {plain}")
        sys.exit(EXIT_WRONG_INPUT)

    def add_verb(self, verb: Callable[..., Any]) -> None:
        """Add the arguments and options of a verb, and set the usage."""
        hints = get_type_hints(verb, include_extras=True)
        usage = [self.prog, "[OPTIONS]"]
        for name, parameter in inspect.signature(verb).parameters.items():
            annotation, spec = get_args(hints[name])
            required = parameter.default is parameter.empty
            default = None if required else parameter.default
            kind, many = _kind_of(annotation)
            self.kinds[name] = kind
            text = spec.help + _range_and_default(spec, default, required)
            settings: dict[str, Any] = {"help": text.replace("%", "%%")}
            if kind is not bool:
                convert = _converter(kind, spec)
                settings |= {"type": convert, "default": self._default(default, spec, convert)}
                settings |= {"metavar": spec.metavar or _metavar(name, kind)}
            if isinstance(spec, Argument):
                if many or not required:
                    settings["nargs"] = "+" if many and required else "*" if many else "?"
                self.add_argument(name, **settings)
                shown = settings["metavar"] + ("..." if many else "")
                usage.append(shown if required else f"[{shown}]")
            else:
                action = {"action": "store_true"} if kind is bool else {"action": "append"} if many else {}
                flag = spec.name or f"--{name.replace('_', '-')}"
                group = self._headings[_heading_of(name)]
                group.add_argument(flag, dest=name, required=required, **action, **settings)
        self.usage = " ".join(usage)

    def add_general_options(self) -> None:
        """Add the options that every verb has."""
        group = self.add_argument_group("general")
        group.add_argument("-h", "--help", action="help", help="Show this message.")
        group.add_argument(
            "-V", "--version", action=_Version, nargs=0, dest=argparse.SUPPRESS, help="Print the version."
        )
        loudness = group.add_mutually_exclusive_group()
        for short, value, text in (
            ("-q", Verbosity.quiet, "Print only results and errors."),
            ("-v", Verbosity.verbose, "Also print what was decided: engine, files, sizes."),
        ):
            names = (short, f"--{value.value}")
            loudness.add_argument(*names, dest="verbosity", action="store_const", const=value, help=text)
        self.set_defaults(verbosity=Verbosity.normal)

    def _default(self, default: Any, spec: Argument | Option, convert: Callable[[str], Any]) -> Any:
        """The value of the option's environment variable, if there is one; else `default`."""
        variable = spec.variable if isinstance(spec, Option) else ""
        text = read_variable(variable) if variable else None
        if text is None:
            return default
        try:
            return convert(text)
        except argparse.ArgumentTypeError as error:
            self.error(f"the environment variable {variable}: {error}")


class _Help(argparse.HelpFormatter):
    """A formatter that keeps paragraphs and lines short enough to read; a long example can still be pasted."""

    def __init__(self, prog: str) -> None:
        width = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
        super().__init__(prog, max_help_position=26, width=width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = [(part, " \\\n    " if part.startswith("Example: ") else "\n") for part in text.split("\n\n")]
        return "\n\n".join(line_end.join(textwrap.wrap(part, width - len(line_end))) for part, line_end in parts)


class _Version(argparse.Action):
    """Prints the version and exits; it is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        say(version_line())
        parser.exit()


def _heading_of(name: str) -> str:
    return next((heading for heading, names in GROUPS.items() if name in names), "options")


def _paragraphs(verb: Callable[..., Any]) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(verb) or "").split("\n\n")]


def _kind_of(annotation: Any) -> tuple[type, bool]:
    """Return the type of one value, and whether there may be several: `list[str] | None` -> str, True."""
    if get_origin(annotation) is not list and type(None) in get_args(annotation):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    return (get_args(annotation)[0], True) if get_origin(annotation) is list else (annotation, False)


def _metavar(name: str, kind: type) -> str:
    """What stands for a value in the help: its choices, N, FILE or the parameter's name."""
    if issubclass(kind, Enum):
        return "|".join(one.value for one in kind)
    return "N" if kind is int else "FILE" if issubclass(kind, Path) else name.upper()


def _expected(kind: type) -> str:
    if issubclass(kind, Enum):
        return f"one of {', '.join(one.value for one in kind)}"
    return {int: "an integer", float: "a number"}[kind]


def _range_and_default(spec: Argument | Option, default: Any, required: bool) -> str:
    shown = default.value if isinstance(default, Enum) else default
    notes = [
        *(["required"] if required and isinstance(spec, Option) else []),
        *([f"at least {spec.least}"] if isinstance(spec, Option) and (spec.least or 0) > 1 else []),
        *([f"default: {shown}"] if default is not None and default is not False else []),
        *([f"variable: {spec.variable}"] if isinstance(spec, Option) and spec.variable else []),
    ]
    return f" [{', '.join(notes)}]" if notes else ""


def _converter(kind: type, spec: Argument | Option) -> Callable[[str], Any]:
    """Return a function from text to value; argparse puts the option's name before the error it raises."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {_expected(kind)}, not {text!a}") from None
        if isinstance(spec, Option) and spec.least is not None and value < spec.least:
            raise argparse.ArgumentTypeError(f"must be at least {spec.least}, not {text}")
        return value

    return convert
