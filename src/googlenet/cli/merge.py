"""`googlenet merge`: one prediction file from those of all shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import report, say_json
from googlenet.errors import EXIT_FINDINGS
from googlenet.quantities import count


def merge_command(
    output: Annotated[Path, Argument(help="The --output of all shards, such as rows.csv.", metavar="OUT")],
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    force: Annotated[bool, Option(help="Replace an existing OUT.")] = False,
) -> None:
    """Put the files of `googlenet predict --shard` together: one row per picture, in the order of the pictures.

    Nothing is written unless every shard is there, complete, made with the same model and settings from the same list
    of pictures. The files of the shards stay. The exit code is 1 if pictures could not be read.

    Example: googlenet merge rows.csv
    """
    from dataclasses import asdict

    from googlenet.predictions import check_output, merge_shards

    check_output(output, force=force, can_resume=False, option="OUT")
    merged = merge_shards(output)
    if as_json:
        say_json({"output": str(output)} | asdict(merged))
    else:
        report(
            f"{count(merged.rows, 'picture')} of {count(merged.shards, 'shard')}, {merged.bad:,} unreadable: {output}"
        )
    if merged.bad:
        raise SystemExit(EXIT_FINDINGS)
