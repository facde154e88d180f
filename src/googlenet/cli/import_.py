"""`googlenet import`: published weights, from a file or by name, as a model file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import report, show_live
from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.importers import ImportedModel, Provenance
    from googlenet.model import About


def import_command(
    source: Annotated[
        str,
        Argument(help="A .caffemodel, .pth, .onnx, .pb or .zip file, or a name from `googlenet models` to download."),
    ],
    out: Annotated[
        Path | None, Option(help="The model file to write; default: SOURCE's name, in the current folder.")
    ] = None,
    classes: Annotated[
        str | None,
        Option(help="imagenet, or a text file with one class per line; default: imagenet for 1,000 outputs."),
    ] = None,
    no_transform_input: Annotated[
        bool,
        Option(help="The torchvision network was made with transform_input=False; default: True."),
    ] = False,
    port_lrn: Annotated[
        bool,
        Option(help="The inception5h network was trained in a PyTorch port, with the port's LRN."),
    ] = False,
    force: Annotated[bool, Option(help="Replace the file if it exists.")] = False,
) -> None:
    """Import GoogLeNet weights from Caffe, torchvision, inception5h or the ONNX zoo as a model file.

    The model file records preprocessing, classes and source, and a known answer that is computed here. What the source
    does not state is assumed, and every assumption is printed.

    Example: googlenet import bvlc_googlenet.caffemodel --out bvlc.safetensors
    """
    from googlenet.engines import open_engine
    from googlenet.files import check_not_replaced
    from googlenet.importers import import_file, read_classes, with_known_answer
    from googlenet.model import save_model
    from googlenet.pretrained import CATALOGUE

    for option, given in (("--no-transform-input", no_transform_input), ("--port-lrn", port_lrn)):
        if given and source in CATALOGUE:
            raise InputError(f"{option} does not apply to {source}, whose network is known; omit it")
    labels = None if classes is None else read_classes(classes)
    path, provenance = _locate(source)
    target = Path(f"{Path(source).stem}.safetensors") if out is None else out
    check_not_replaced(target, option="--out", force=force)
    imported = import_file(path, provenance, classes=labels, transform_input=not no_transform_input, port_lrn=port_lrn)
    engine = open_engine(imported.model)
    model = with_known_answer(imported.model, lambda images: engine.run(images).probabilities, where=str(path))
    save_model(replace(model, about=_made_here(model.about)), target)
    report(*_lines(path, imported))
    report(f"saved: {target} ({target.stat().st_size / 1e6:.1f} MB); try: googlenet predict {target} photo.jpg")


def _locate(source: str) -> tuple[Path, Provenance]:
    """Return the file of SOURCE, downloaded if it is a name in the catalogue, and what is known about it."""
    from googlenet.importers import Provenance
    from googlenet.pretrained import CATALOGUE, fetch

    published = CATALOGUE.get(source)
    if published is None:
        return Path(source), Provenance(source=f"imported from {Path(source).name}")
    path = fetch(published, on_progress=_show_fetching)
    where = f"{published.purpose}; {published.address} ({published.algorithm} {published.digest})"
    return path, Provenance(source=where, licence=published.licence, scores=published.scores)


def _show_fetching(done: int, total: int | None) -> None:
    """Show the megabytes downloaded, as a live line if standard error is a terminal."""
    of_all = f" of {total / 1e6:.1f}" if total else ""
    show_live("" if done == total else f"{done / 1e6:.1f}{of_all} MB downloaded")


def _made_here(about: About) -> About:
    from datetime import UTC, datetime

    from googlenet.machine import installed_version

    versions = {name: installed_version(name) for name in ("googlenet", "onnxruntime")}
    return replace(about, created=datetime.now(UTC).isoformat(timespec="seconds"), versions=versions)


def _lines(path: Path, imported: ImportedModel) -> list[str]:
    model = imported.model
    values = sum(weight.size for weight in model.weights.values())
    width = max(len(row.theirs) for row in imported.layers)
    auxiliaries = "with" if model.has_auxiliary_classifiers else "without"
    return [
        f"{path}: {imported.format}, variant {model.spec.variant}, {model.spec.classes:,} classes",
        f"{len(imported.layers)} layers with weights, {values:,} values, {auxiliaries} auxiliary classifiers:",
        *(
            f"  {row.theirs:<{width}}  ->  {row.ours:<28}  {'x'.join(str(length) for length in row.shape)}"
            for row in imported.layers
        ),
        *(f"assumed: {sentence}" for sentence in imported.assumptions),
    ]
