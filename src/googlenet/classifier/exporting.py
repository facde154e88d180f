"""Exports the models of a classifier, on the road of `googlenet export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from googlenet.argument_types import PathArgument, as_path, described
from googlenet.artifacts import EXPORT_FORMATS, Target
from googlenet.classifier.sources import ModelSource
from googlenet.errors import InputError
from googlenet.export import (
    Choice,
    ExportRequest,
    ExportResult,
    check_place,
    default_name,
    export_models,
    gather_pictures,
    not_exported,
)


def export_sources(
    sources: Sequence[ModelSource],
    out: PathArgument | None,
    *,
    to: Target | None,
    precision: Choice,
    calibrate: PathArgument | None,
    evaluate_on: PathArgument | None,
    without_lrn: bool,
    with_example: bool,
    force: bool,
) -> ExportResult:
    """Read the models again and write them as one file; see `Classifier.export`."""
    if not sources:
        raise InputError(
            "this classifier was not opened from a model, so there is nothing to export; use googlenet.load"
        )
    target = _target(to, out)
    place = Path(default_name(sources[0].name, target)) if out is None else as_path(out, "out")
    request = ExportRequest(target, precision, without_lrn=without_lrn, with_example=with_example, force=force)
    check_place(place, request)
    models = not_exported(source.load() for source in sources)
    pictures = gather_pictures(models[0].preprocessing, calibrate=calibrate, evaluate_on=evaluate_on)
    return export_models(models, place, request, pictures)


def _target(to: object, out: PathArgument | None) -> Target:
    """The format asked for, or else that of the suffix of `out`, or else ONNX."""
    if to is None:
        suffix = "" if out is None else as_path(out, "out").suffix
        return next((target for target, format in EXPORT_FORMATS.items() if format.suffix == suffix != ""), "onnx")
    if to == "torchvision":
        raise InputError(
            "to='torchvision' is no exported file: `googlenet export --to torchvision` writes a state dict"
        )
    if to not in EXPORT_FORMATS:
        raise InputError(f"to must be one of {', '.join(EXPORT_FORMATS)}, not {described(to)}")
    return to
