# PYTHON_ARGCOMPLETE_OK: by this word argcomplete's global completion knows that it may ask this command.
"""The entry point of the command: the table of verbs, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
import textwrap
from collections.abc import Callable
from importlib import import_module
from itertools import takewhile

from googlenet.cli.foreign_words import verb_hint
from googlenet.cli.terminal import (
    Verbosity,
    complain,
    is_verbose,
    open_missing_streams,
    say,
    set_verbosity,
    show_live,
    silence,
)
from googlenet.errors import EXIT_INTERRUPTED, EXIT_WRONG_INPUT, GoogLeNetError, InputError
from googlenet.files import cannot_write, check_current_folder

COMMANDS = {
    "train": "googlenet.cli.train:train_command",
    "evaluate": "googlenet.cli.evaluate:evaluate_command",
    "check": "googlenet.cli.check:check_command",
    "pack": "googlenet.cli.pack:pack_command",
    "predict": "googlenet.cli.predict:predict_command",
    "merge": "googlenet.cli.merge:merge_command",
    "explain": "googlenet.cli.explain:explain_command",
    "activations": "googlenet.cli.activations:activations_command",
    "visualize": "googlenet.cli.visualize:visualize_command",
    "similar": "googlenet.cli.similar:similar_command",
    "info": "googlenet.cli.info:info_command",
    "crops": "googlenet.cli.crops:crops_command",
    "import": "googlenet.cli.import_:import_command",
    "export": "googlenet.cli.export:export_command",
    "benchmark": "googlenet.cli.benchmark:benchmark_command",
    "models": "googlenet.cli.models:models_command",
    "recipes": "googlenet.cli.recipes:recipes_command",
    "report": "googlenet.cli.report:report_command",
    "lr-find": "googlenet.cli.lr_find:lr_find_command",
    "table1": "googlenet.cli.table1:table1_command",
    "completion": "googlenet.cli.completion:completion_command",
}
"""The verbs and the functions that run them; only the requested one is imported."""

HELP = """usage: googlenet COMMAND [OPTIONS]

Train, evaluate, export and use GoogLeNet picture classifiers.

Example: googlenet train photos/ --minutes 30
         googlenet predict runs/photos-scratch picture.jpg

commands (googlenet help COMMAND for details):
{commands}

options, before or after the command:
  -h, --help     show this message, or a command's
  -V, --version  print the version
  -q, --quiet    print only results and errors
  -v, --verbose  also print what was decided: engine, files, sizes

exit codes:
  0    done
  1    done, with findings: pictures that cannot be read, a check that failed
  2    not done: wrong use, a file that cannot be used, an unexpected error
  130  interrupted by Ctrl-C (143: ended by SIGTERM)

googlenet help environment  lists the environment variables.
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
    from googlenet.cli.arguments import GENERAL, parse_arguments

    before = list(takewhile(GENERAL.__contains__, texts))
    match texts[len(before) :]:
        case [verb, *rest] if verb in COMMANDS:
            command = _command(verb)
            values = parse_arguments(f"googlenet {verb}", command, [*before, *rest])
            check_current_folder()
            if is_verbose():
                from googlenet.cli.details import tell_situation

                tell_situation(verb, values)
            command(**values)
        case ["help", *topics]:
            _help(topics)
        case [verb, *_]:
            raise InputError(_unknown(verb))
        case []:
            _answer_options(before)


def _answer_options(options: list[str]) -> None:
    """What the command does without a verb: the version or the overview; without either option it is wrong use."""
    if {"-V", "--version"} & set(options):
        from googlenet.cli.arguments import version_line

        say(version_line())
    elif {"-h", "--help"} & set(options):
        say(*_overview().splitlines())
    else:
        complain(*_overview().splitlines())
        sys.exit(EXIT_WRONG_INPUT)


def _help(topics: list[str]) -> None:
    """`googlenet help`, `googlenet help VERB` and `googlenet help environment`."""
    match [topic for topic in topics if topic not in ("-h", "--help")]:
        case []:
            say(*_overview().splitlines())
        case ["environment"]:
            from googlenet.cli.details import environment_lines

            say(*environment_lines())
        case [verb, *_] if verb in COMMANDS:
            from googlenet.cli.arguments import parser_of

            say(*parser_of(f"googlenet {verb}", _command(verb)).format_help().splitlines())
        case [topic, *_]:
            hint = verb_hint(topic, [*COMMANDS, "environment"], otherwise="`googlenet help` lists the commands")
            raise InputError(f"there is no help on {topic!a}; {hint}")


def _command(verb: str) -> Callable[..., None]:
    module, _, function = COMMANDS[verb].partition(":")
    command: Callable[..., None] = getattr(import_module(module), function)
    return command


def _overview() -> str:
    from googlenet.cli.arguments import summary_of

    summaries = {verb: summary_of(_command(verb)) for verb in COMMANDS}
    summaries["help"] = "Show this message, or the help of a command"
    lines = [textwrap.fill(f"  {verb:<11}  {text}", 79, subsequent_indent=" " * 15) for verb, text in summaries.items()]
    return HELP.format(commands="\n".join(lines))


def _unknown(verb: str) -> str:
    if verb.startswith("-"):
        return f"no such option before a command: {verb}; options of a command follow it: googlenet COMMAND {verb}"
    hint = verb_hint(verb, [*COMMANDS, "help"], otherwise="`googlenet help` lists them")
    return f"unknown command {verb!a}; {hint}"


def main() -> None:
    """Run the command; an error is printed as one line, and the exit code is 2."""
    open_missing_streams()
    set_verbosity(Verbosity.normal)
    # Torch's threads spin while they wait for each other, which starves the threads that load pictures if there are few
    # cores; OpenMP reads this variable once, when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # File names need not be valid text: what cannot be encoded is printed as an escape, which JSON can read back.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if "_ARGCOMPLETE" in os.environ:  # a shell asks for completions
        from googlenet.cli.completion import complete

        complete(COMMANDS, _command)
    try:
        _run(sys.argv[1:])
    except GoogLeNetError as error:
        complain(f"error: {error}")
        sys.exit(EXIT_WRONG_INPUT)
    except KeyboardInterrupt:  # a verb that can go on where it was has said so, and ended
        show_live("")
        complain("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        complain(*_unexpected(error))
        sys.exit(EXIT_WRONG_INPUT)


def _unexpected(error: Exception) -> list[str]:
    """The lines for an error that is a fault of this program: where it happened, or the whole traceback if verbose."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(traceback.format_exception_only(error)[-1].split())
    sentence = f"error: unexpected {what} ({os.path.basename(last.filename)}, line {last.lineno})"
    if is_verbose():
        return [*"".join(traceback.format_exception(error)).splitlines(), sentence]
    return [f"{sentence}; this is a fault of googlenet: please report it with what the same command prints with -v"]
