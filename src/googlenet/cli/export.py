"""`googlenet export`: models as one file that another runtime runs."""

from __future__ import annotations

import dataclasses
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.info import agreement_lines
from googlenet.cli.terminal import report, say_json, warn
from googlenet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from googlenet.artifacts import Target
    from googlenet.export import Candidate, ExportResult
    from googlenet.model import Model


class TargetName(Enum):
    """The runtimes that a model can be exported for."""

    onnx = "onnx"
    openvino = "openvino"
    pt2 = "pt2"
    torchvision = "torchvision"


class ChosenPrecision(Enum):
    """What an exported network computes in."""

    auto = "auto"
    float32 = "float32"
    bf16 = "bf16"
    int8 = "int8"


def export_command(
    models: Annotated[
        list[str],
        Argument(help="Model files, run folders or bvlc; several are averaged, in one file."),
    ],
    to: Annotated[
        TargetName,
        Option(
            help="onnx: one file for any ONNX runtime. openvino: a folder with its IR. pt2: a program of torch.export. "
            "torchvision: a state dict that its googlenet loads."
        ),
    ] = TargetName.onnx,
    precision: Annotated[
        ChosenPrecision, Option(help="auto: the fastest here that answers as float32 does.")
    ] = ChosenPrecision.auto,
    calibrate: Annotated[
        str | None,
        Option(metavar="DATA", help="Pictures: one half to calibrate int8 on, the other to evaluate on."),
    ] = None,
    evaluate_on: Annotated[
        str | None,
        Option(metavar="DATA", help="Pictures to evaluate on; default: those of --calibrate, else generated ones."),
    ] = None,
    without_lrn: Annotated[bool, Option(help="Write LRN as simpler operators, for runtimes without it.")] = False,
    with_example: Annotated[
        bool, Option(help="Write a short Python program beside an ONNX file that runs it without googlenet.")
    ] = False,
    out: Annotated[
        Path | None, Option(help="The file or folder to write; default: MODEL's name in the current folder.")
    ] = None,
    force: Annotated[
        bool,
        Option(help="Replace what is there, and write even a file that fails the checks, with that recorded in it."),
    ] = False,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
) -> None:
    """Write models as one file for another runtime: uint8 pictures in, probabilities out, all that is needed inside.

    The file is opened again and compared with the float32 network on pictures: float32 must give the same
    probabilities, bf16 and int8 the same best class on at least 97 % of them, and faster. Else nothing is written.

    People who have only onnxruntime, numpy and Pillow can run what --with-example writes.

    Example: googlenet export bvlc --to onnx --out bvlc.onnx
    """
    if to is TargetName.torchvision:
        _refuse_for_torchvision(models, precision, calibrate, evaluate_on, without_lrn, with_example, as_json)
        _export_to_torchvision(models[0], out, force=force)
        return
    from googlenet.export import ExportRequest, check_place, export_models, gather_pictures

    target = cast("Target", to.value)
    request = ExportRequest(target, precision.value, without_lrn=without_lrn, with_example=with_example, force=force)
    place = out or _default_place(models, target)
    check_place(place, request)
    loaded = _load(models)
    pictures = gather_pictures(loaded[0].preprocessing, calibrate=calibrate, evaluate_on=evaluate_on)
    warn(*pictures.ignored)
    result = export_models(loaded, place, request, pictures)
    if as_json:
        say_json(_fields(result))
    else:
        report(*_lines(result))


def _load(names: Sequence[str]) -> tuple[Model, ...]:
    """The models of all names; an exported file is none, because its weights are no longer there by name."""
    from googlenet.artifacts import ExportedModel, open_models
    from googlenet.pretrained import find_model

    models: list[Model] = []
    for model in open_models([find_model(name) for name in names]):
        if isinstance(model, ExportedModel):
            raise InputError(f"{model.path} is an exported file already; export the model that it was made from")
        models.append(model)
    return tuple(models)


def _default_place(names: Sequence[str], target: Target) -> Path:
    from googlenet.artifacts import EXPORT_FORMATS

    return Path(f"{_short_name(names[0])}{EXPORT_FORMATS[target].suffix or f'-{target}'}")


def _short_name(model: str) -> str:
    """What a MODEL is called: its file without the suffix, or its folder."""
    path = Path(model)
    return path.resolve().name if path.is_dir() else path.stem


def _fields(result: ExportResult) -> dict[str, Any]:
    return {
        "path": str(result.path),
        "example": None if result.example is None else str(result.example),
        "target": result.chosen.exported.target,
        "reason": result.reason,
        **_candidate_fields(result.chosen),
        "considered": [_candidate_fields(one) for one in result.candidates],
    }


def _candidate_fields(candidate: Candidate) -> dict[str, Any]:
    return {
        "precision": candidate.precision,
        "megabytes": round(candidate.exported.megabytes, 3),
        "passes": candidate.passes,
        "agreement": dataclasses.asdict(candidate.agreement),
    }


def _lines(result: ExportResult) -> list[str]:
    chosen, float32 = result.chosen.exported, result.candidates[0].exported
    size = f"{chosen.megabytes:.1f} MB"
    if chosen.precision != "float32":
        size += f", {float32.megabytes:.1f} MB in float32"
    return [
        *agreement_lines(result.chosen.agreement),
        f"size           {size}",
        f"precision      {result.reason}",
        *([] if result.example is None else [f"example        {result.example}, for people without googlenet"]),
        f"saved: {result.path}; try: googlenet predict {result.path} photo.jpg",
    ]


def _refuse_for_torchvision(
    models: Sequence[str],
    precision: ChosenPrecision,
    calibrate: str | None,
    evaluate_on: str | None,
    without_lrn: bool,
    with_example: bool,
    as_json: bool,
) -> None:
    """Raise InputError for what a state dict cannot have."""
    given = {
        "several models": len(models) > 1,
        f"--precision {precision.value}": precision in (ChosenPrecision.bf16, ChosenPrecision.int8),
        "--calibrate": calibrate is not None,
        "--evaluate-on": evaluate_on is not None,
        "--without-lrn": without_lrn,
        "--with-example": with_example,
        "--json": as_json,
    }
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise InputError(f"--to torchvision writes the weights of one model as they are; leave out: {', '.join(wrong)}")


def _export_to_torchvision(model: str, out: Path | None, *, force: bool) -> None:
    from googlenet.files import open_atomically
    from googlenet.importers import write_torchvision
    from googlenet.model import load_model, resolve_model_path
    from googlenet.pretrained import find_model

    path = resolve_model_path(find_model(model))
    target = out or Path(f"{_short_name(model)}.pth")
    if target.is_dir():
        raise InputError(f"{target} is a folder; --out names a file")
    if target.exists() and not force:
        raise InputError(f"{target} is there already; --out names another place, --force replaces it")
    loaded = load_model(path)
    with open_atomically(target) as file:
        write_torchvision(loaded, file, where=str(path))
    report(f"saved: {target} ({target.stat().st_size / 1e6:.1f} MB)", *_what_torchvision_must_be_told(loaded, target))


def _what_torchvision_must_be_told(model: Model, target: Path) -> list[str]:
    """The call that makes the network the weights belong to, and how its pictures are prepared."""
    preprocessing = model.preprocessing
    mean = ", ".join(f"{value / 255:.6g}" for value in preprocessing.mean)
    deviation = ", ".join(f"{1 / (255 * value):.6g}" for value in preprocessing.scale)
    return [
        f"network = torchvision.models.googlenet(weights=None, init_weights=False, num_classes={model.spec.classes}, "
        f"aux_logits={model.has_auxiliary_classifiers}, transform_input=False)",
        f'network.load_state_dict(torch.load("{target}", weights_only=True))',
        f"pictures: {preprocessing.fit} to {preprocessing.resize_size} px, centre {preprocessing.input_size}; "
        f"{preprocessing.channel_order}, Normalize(mean=[{mean}], std=[{deviation}])",
    ]
