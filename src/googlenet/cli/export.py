"""`googlenet export`: models as one file for another runtime."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.info import agreement_lines
from googlenet.cli.terminal import report, say_json, warn
from googlenet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from googlenet.artifacts import Target
    from googlenet.export import ExportResult
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
        Argument(help="Model files, run folders or bvlc; several are averaged in one file."),
    ],
    to: Annotated[
        TargetName,
        Option(
            help="onnx: one file for any ONNX runtime. openvino: a folder with the IR. pt2: a torch.export program. "
            "torchvision: a state dict for its googlenet."
        ),
    ] = TargetName.onnx,
    precision: Annotated[
        ChosenPrecision, Option(help="auto: the fastest on this machine that agrees with float32.")
    ] = ChosenPrecision.auto,
    calibrate: Annotated[
        str | None,
        Option(metavar="DATA", help="Pictures; half are used to calibrate int8, the others to evaluate."),
    ] = None,
    evaluate_on: Annotated[
        str | None,
        Option(metavar="DATA", help="Pictures to evaluate on; default: those of --calibrate, else generated ones."),
    ] = None,
    without_lrn: Annotated[
        bool, Option(help="Replace LRN by simpler operators, for runtimes that do not support it.")
    ] = False,
    with_example: Annotated[
        bool, Option(help="Write a short Python program next to the ONNX file that runs it without googlenet.")
    ] = False,
    out: Annotated[
        Path | None, Option(help="The file or folder to write; default: MODEL's name in the current folder.")
    ] = None,
    force: Annotated[
        bool,
        Option(help="Replace an existing file, and write a file even if it fails the checks, which it then records."),
    ] = False,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
) -> None:
    """Write models as one self-contained file for another runtime: uint8 pictures in, probabilities out.

    The file is opened again and compared with the float32 network on pictures: float32 must give the same
    probabilities; bf16 and int8 must give the same top class on at least 97 % of them, and be faster. Otherwise
    nothing is written.

    The program that --with-example writes needs only onnxruntime, numpy and Pillow.

    Example: googlenet export bvlc --to onnx --out bvlc.onnx
    """
    if to is TargetName.torchvision:
        _refuse_for_torchvision(models, precision, calibrate, evaluate_on, without_lrn, with_example, as_json)
        _export_to_torchvision(models[0], out, force=force)
        return
    from googlenet.artifacts import open_models
    from googlenet.export import ExportRequest, check_place, default_name, export_models, gather_pictures, not_exported
    from googlenet.pretrained import find_model

    target = cast("Target", to.value)
    request = ExportRequest(target, precision.value, without_lrn=without_lrn, with_example=with_example, force=force)
    place = out or Path(default_name(_short_name(models[0]), target))
    check_place(place, request)
    loaded = not_exported(open_models([find_model(name) for name in models]))
    pictures = gather_pictures(loaded[0].preprocessing, calibrate=calibrate, evaluate_on=evaluate_on)
    warn(*pictures.ignored)
    result = export_models(loaded, place, request, pictures)
    if as_json:
        say_json(result.to_dict())
    else:
        report(*_lines(result))


def _short_name(model: str) -> str:
    """A short name for MODEL: its file name without the suffix, or its folder's name."""
    path = Path(model)
    return path.resolve().name if path.is_dir() else path.stem


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
    """Raise InputError for options that do not apply to a state dict."""
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
        raise InputError(f"--to torchvision writes the weights of one model unchanged; omit {', '.join(wrong)}")


def _export_to_torchvision(model: str, out: Path | None, *, force: bool) -> None:
    from googlenet.files import check_not_replaced, open_atomically
    from googlenet.importers import write_torchvision
    from googlenet.model import load_model, resolve_model_path
    from googlenet.pretrained import find_model

    path = resolve_model_path(find_model(model))
    target = out or Path(f"{_short_name(model)}.pth")
    check_not_replaced(target, option="--out", force=force)
    loaded = load_model(path)
    with open_atomically(target) as file:
        write_torchvision(loaded, file, where=str(path))
    report(f"saved: {target} ({target.stat().st_size / 1e6:.1f} MB)", *_torchvision_usage(loaded, target))


def _torchvision_usage(model: Model, target: Path) -> list[str]:
    """The calls that build the network and load its weights, and its preprocessing."""
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
