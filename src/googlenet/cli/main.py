"""The entry point of the command: the table of verbs, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
import textwrap
from collections.abc import Callable
from importlib import import_module

from googlenet.cli.foreign_words import verb_hint
from googlenet.cli.terminal import open_missing_streams, say, silence, warn
from googlenet.errors import EXIT_WRONG_INPUT, GoogLeNetError, InputError
from googlenet.files import cannot_write, check_current_folder

COMMANDS = {
    "train": "googlenet.cli.train:train_command",
    "evaluate": "googlenet.cli.evaluate:evaluate_command",
    "predict": "googlenet.cli.predict:predict_command",
    "similar": "googlenet.cli.similar:similar_command",
    "info": "googlenet.cli.info:info_command",
    "crops": "googlenet.cli.crops:crops_command",
    "import": "googlenet.cli.import_:import_command",
    "export": "googlenet.cli.export:export_command",
    "benchmark": "googlenet.cli.benchmark:benchmark_command",
    "models": "googlenet.cli.models:models_command",
    "recipes": "googlenet.cli.recipes:recipes_command",
    "lr-find": "googlenet.cli.lr_find:lr_find_command",
    "table1": "googlenet.cli.table1:table1_command",
}
"""The verbs and the functions that run them; only the requested one is imported."""

HELP = """usage: googlenet COMMAND [OPTIONS]

Train, evaluate, export and use GoogLeNet picture classifiers.

Example: googlenet train photos/ --minutes 30; googlenet predict runs/photos-scratch picture.jpg

commands (googlenet COMMAND --help for details):
{commands}

options:
  --version   print the version
  -h, --help  show this message
"""

CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EIO)
"""Errors of standard output: a full disk, a stream opened for reading, a terminal that is gone."""


def _run(texts: list[str]) -> None:
    """Run the command line; exit normally when the reader of a pipe has gone (`googlenet table1 | head -3`)."""
    try:
        _run_verb(texts)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:  # errors of files are InputErrors by now: this one is of standard output
        check_current_folder()
        if error.errno not in CANNOT_WRITE:
            raise
        silence(sys.stdout)
        raise cannot_write(error.filename or "to standard output", error) from error


def _run_verb(texts: list[str]) -> None:
    match texts:
        case ["-h" | "--help", *_]:
            say(*_overview().splitlines())
        case ["--version", *_]:
            from googlenet.machine import installed_version

            say(f"googlenet {installed_version('googlenet')}")
        case [verb, *rest] if verb in COMMANDS:
            from googlenet.cli.arguments import parse_arguments

            check_current_folder()
            command = _command(verb)
            command(**parse_arguments(f"googlenet {verb}", command, rest))
        case []:
            warn(*_overview().splitlines())
            sys.exit(EXIT_WRONG_INPUT)
        case [verb, *_]:
            raise InputError(_unknown(verb))


def _command(verb: str) -> Callable[..., None]:
    module, _, function = COMMANDS[verb].partition(":")
    command: Callable[..., None] = getattr(import_module(module), function)
    return command


def _overview() -> str:
    from googlenet.cli.arguments import summary_of

    summaries = {verb: summary_of(_command(verb)) for verb in COMMANDS}
    lines = [textwrap.fill(f"  {verb:<10}  {text}", 79, subsequent_indent=" " * 14) for verb, text in summaries.items()]
    return HELP.format(commands="\n".join(lines))


def _unknown(verb: str) -> str:
    hint = verb_hint(verb, COMMANDS, otherwise="googlenet --help lists them")
    return f"unknown command {verb!a}; {hint}"


def main() -> None:
    """Run the command; a GoogLeNetError is printed as one line, and the exit code is 2."""
    open_missing_streams()
    # Torch's threads spin while they wait for each other, which starves the threads that load pictures if there are few
    # cores; OpenMP reads this variable once, when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # File names need not be valid text: what cannot be encoded is printed as an escape, which JSON can read back.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _run(sys.argv[1:])
    except GoogLeNetError as error:
        warn(f"error: {error}")
        sys.exit(EXIT_WRONG_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)
