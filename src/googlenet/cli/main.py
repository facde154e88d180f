"""The command's entry: the table of verbs, and the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import errno
import functools
import io
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from googlenet.cli.benchmark import benchmark_command
from googlenet.cli.crops import crops_command
from googlenet.cli.evaluate import evaluate_command
from googlenet.cli.export import export_command
from googlenet.cli.import_ import import_command
from googlenet.cli.info import info_command
from googlenet.cli.lr import lr_command
from googlenet.cli.models import models_command
from googlenet.cli.predict import predict_command
from googlenet.cli.recipes import recipes_command
from googlenet.cli.similar import similar_command
from googlenet.cli.table1 import table1_command
from googlenet.cli.train import train_command
from googlenet.errors import EXIT_WRONG_INPUT, GoogLeNetError, InputError

COMMANDS: dict[str, Callable[..., None]] = {
    "train": train_command,
    "evaluate": evaluate_command,
    "predict": predict_command,
    "similar": similar_command,
    "info": info_command,
    "crops": crops_command,
    "import": import_command,
    "export": export_command,
    "benchmark": benchmark_command,
    "models": models_command,
    "recipes": recipes_command,
    "lr": lr_command,
    "table1": table1_command,
}

app = typer.Typer(
    name="googlenet",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "GoogLeNet: from a folder of pictures to a trained, measured classifier.\n\n"
        "Example: googlenet train photos/ --minutes 30; googlenet predict runs/photos-scratch picture.jpg"
    ),
)


FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _quiet_without_reader(command: Callable[..., None]) -> Callable[..., None]:
    """The command, ending well when nobody reads its output any more (`googlenet table1 | head -3`)."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
            sys.stdout.flush()
        except BrokenPipeError:
            _silence_stdout()
        except OSError as error:  # of files, rooms make sentences themselves: what is left is what the command prints
            if error.errno not in FULL_DISK:
                raise
            _silence_stdout()
            raise InputError(f"cannot write {error.filename or 'to standard output'}: {error.strerror}") from error

    return run


def _silence_stdout() -> None:
    """Let what is still to be printed vanish, so that Python's end does not fail at it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


for _name, _command in COMMANDS.items():
    app.command(_name)(_quiet_without_reader(_command))


def _print_version(wanted: bool) -> None:
    if wanted:
        from googlenet.machine import installed_version

        print(f"googlenet {installed_version('googlenet')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a verb."""


def main() -> None:
    """Run the command; a GoogLeNetError is printed as one line and exits with 2."""
    # Torch's threads spin while they wait for each other, which starves the threads that load pictures on few cores;
    # the library that they come with reads this once, when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Names of files need not be text: what cannot be written is printed as its escape, which JSON reads back.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except GoogLeNetError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_WRONG_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)
