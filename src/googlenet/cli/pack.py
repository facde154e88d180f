"""`googlenet pack`: puts pictures with classes into shards, tars of WebDataset's layout with an index."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import report, say, say_json, warn
from googlenet.errors import EXIT_FINDINGS, InputError
from googlenet.quantities import count

if TYPE_CHECKING:
    from googlenet.dataset import Packed

UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
"""Bytes in what may stand after the number of --shard-size."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([a-z]*)", re.IGNORECASE)


def pack_command(
    data: Annotated[str, Argument(help="A folder of class folders, tars ('shards/*.tar'), or an embedded set.")],
    out: Annotated[Path, Argument(help="The folder to create for the shards.", metavar="OUT")],
    shard_size: Annotated[str, Option(help="Most bytes of a shard, such as 256MB.", metavar="SIZE")] = "256MB",
    resize: Annotated[
        int | None, Option(least=1, help="Reduce pictures to N pixels on the shorter side, as JPEG.", metavar="N")
    ] = None,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    force: Annotated[bool, Option(help="Replace an existing folder of shards.")] = False,
) -> None:
    """Pack pictures into shards: a few large files instead of very many small ones.

    Shards are tars of WebDataset's layout (KEY.jpg, KEY.cls, KEY.json), in a random order that is always the same, with
    an index and checksums. Names, classes and splits stay those of DATA, so that a model knows its validation pictures
    again. Files are stored as they are unless --resize is given. Pictures that cannot be read are left out and listed;
    the exit code is then 1.

    Example: googlenet pack photos/ shards/ --resize 256
    """
    from googlenet.cli.display import CountDisplay
    from googlenet.dataset import check_pack, open_dataset, pack

    size = parse_size(shard_size)
    check_pack(out, force=force)
    dataset = open_dataset(data, split_rule=None)
    if ignored := dataset.ignored.sentence():
        warn(ignored)
    display = CountDisplay("packed")
    try:
        packed = pack(dataset, out, shard_size=size, resize=resize, on_progress=display)
    finally:
        display.close()
    if as_json:
        say_json(packed.to_dict())
    else:
        _tell(packed)
    if packed.bad:
        raise SystemExit(EXIT_FINDINGS)


def parse_size(text: str) -> int:
    """`256MB` as bytes; raises InputError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    unit = UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None or (size := int(float(found[1]) * unit)) < 1:
        raise InputError(f"--shard-size must be a number of bytes, such as 256MB or 1GB, not {text!a}")
    return size


def _tell(packed: Packed) -> None:
    facts = packed.to_dict()
    report(
        f"{count(facts['pictures'], 'picture')} of {count(facts['classes'], 'class', 'classes')} in "
        f"{count(facts['shards'], 'shard')}, {facts['bytes'] / 1e6:,.1f} MB: {packed.folder}"
    )
    if packed.bad:
        say(f"without {count(len(packed.bad), 'picture')} that cannot be read:")
        say(*(f"  {name}: {reason}" for name, reason in packed.bad))
