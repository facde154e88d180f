"""`googlenet activations`: writes the outputs of a network's layers for pictures."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.cli.terminal import complain, report, say_json, warn
from googlenet.errors import EXIT_FINDINGS

if TYPE_CHECKING:
    from googlenet.classifier.activations import LayerReader, Pool


class Pooled(Enum):
    """What is kept of each channel."""

    mean = "mean"
    max = "max"


def activations_command(
    model: Annotated[str, Argument(help="A model file, a run folder, or bvlc.")],
    paths: Annotated[
        list[str], Argument(help="Pictures, folders, .tar files, globs; - reads a list on standard input.")
    ],
    layers: Annotated[
        list[str],
        Option(metavar="NAME,...", help="Layers, as `googlenet info MODEL --layers` lists them; can be repeated."),
    ],
    out: Annotated[Path, Option(metavar="FILE", help="FILE.npz, or FILE.parquet with --pool.")],
    before_relu: Annotated[bool, Option(help="The values before each layer's ReLU.")] = False,
    pool: Annotated[Pooled | None, Option(help="Keep one number a channel.")] = None,
    force: Annotated[bool, Option(help="Replace an existing file.")] = False,
    as_json: Annotated[bool, Option(name="--json", help="Print what was written as JSON.")] = False,
    batch_size: Annotated[int, Option(least=1, help="Pictures per batch, at most.")] = 16,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Write the outputs of layers for pictures: an array (pictures, channels, height, width) for each layer.

    Names of lucid (mixed4a_3x3), Caffe (inception_4a/3x3) and torchvision (inception4a.branch2.1) are known, too; an
    array is called as its layer was. FILE.npz also has `names`, the pictures in the same order; FILE.parquet has a row
    for each picture. A picture that cannot be read is named and left out, and the exit code is 1.

    Example: googlenet activations bvlc photo.jpg --layers 4a,4c/3x3 --out layers.npz
    """
    from googlenet.classifier import Classifier
    from googlenet.classifier.activations import layer_reader
    from googlenet.cli.display import CountDisplay
    from googlenet.cli.predict import NOTES_SHOWN
    from googlenet.cli.sources import count_sources, expand_sources, ignored_sentence
    from googlenet.predictions import check_layer_file, open_layer_file

    check_layer_file(out, pooled=pool is not None, force=force)
    classifier = Classifier.load(model, engine=engine, device=device, threads=threads)
    names = [name for part in layers for name in part.split(",") if name.strip()]
    kept: Pool | None = None if pool is None else pool.value
    opened = (classifier.sources, classifier.engine, classifier.preprocessing)
    reader = layer_reader(*opened, names, before_relu=before_relu, pool=kept, batch=batch_size)
    left_out: dict[str, list[str]] = {}
    bad: list[dict[str, str]] = []
    done = notes = 0
    display = CountDisplay("read")
    total = count_sources(paths) if display.on else None
    try:
        with open_layer_file(out, reader.shapes) as write:
            for picture in reader.read(expand_sources(paths, left_out)):
                done += 1
                if picture.error is None:
                    write(picture.image, picture.layers)
                else:
                    display.close()
                    complain(f"{picture.image}: error: {picture.error}")
                    bad.append({"image": picture.image, "error": picture.error})
                notes += picture.note is not None
                if picture.note is not None and notes <= NOTES_SHOWN:
                    display.close()
                    warn(f"{picture.image}: note: {picture.note}")
                display(done, total)
    finally:
        display.close()
    if as_json:
        say_json({"out": str(out), "pictures": done - len(bad), "bad_pictures": bad, "layers": _fields(reader)})
    else:
        pictures, layers = (
            f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
            for n, word in ((done - len(bad), "picture"), (len(reader.layers), "layer"))
        )
        report(f"{pictures}, {len(bad):,} unreadable, {layers}: {out}")
    if notes > NOTES_SHOWN:
        warn(f"{notes - NOTES_SHOWN:,} more pictures have a similar note")
    if ignored := ignored_sentence(left_out, output=out):
        warn(ignored)
    if bad:
        raise SystemExit(EXIT_FINDINGS)


def _fields(reader: LayerReader) -> list[dict[str, Any]]:
    """Each array as it was called, the layer that it is, and its shape for one picture."""
    return [
        {
            "name": asked.text,
            "layer": asked.name,
            "before_relu": asked.before_relu,
            "pool": reader.pool,
            "shape": list(reader.shapes[asked.text]),
        }
        for asked in reader.layers
    ]
