"""`export_models`: models -> one file for another runtime, written, opened again, checked, and only then kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from googlenet.artifacts import (
    EXPORT_FORMATS,
    Agreement,
    AnyModel,
    Description,
    ExportedModel,
    ExportedNetwork,
    Precision,
    Target,
    describe_content,
    encode_onnx,
    read_exported,
    write_exported,
)
from googlenet.artifacts.content import Content
from googlenet.engines import Engine, best_here, open_engine, runtime_of
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.errors import InputError, ModelFileError
from googlenet.export.agreement import difference, fastest, misses, run_in_batches, time_in_turns
from googlenet.export.example import example_path, write_example
from googlenet.export.pictures import GatePictures
from googlenet.export.targets import EXPORT_TARGETS, NEEDS_CALIBRATION, PRECISIONS, cpu_computes
from googlenet.files import cannot_write, check_not_replaced, move_into_place
from googlenet.graph import Graph, build_graph, decompose_lrn
from googlenet.model import TOLERANCE, KnownAnswer, Model, compare_answer, known_answer_images
from googlenet.notebook import card, quoted

SECONDS = 3.0
"""Time for benchmarking all candidates of an export together."""

Choice: TypeAlias = Precision | Literal["auto"]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write: for which target, in which precision ("auto": the fastest that passes the checks).

    `without_lrn`: no LRN operator in the graph. `with_example`: also write a program that runs the file without this
    package. `force`: overwrite an existing file, and write the requested precision even if it fails the checks.
    """

    target: Target
    precision: Choice = "auto"
    without_lrn: bool = False
    with_example: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One precision that was tried: the exported model, and its comparison with float32."""

    precision: Precision
    exported: ExportedModel
    agreement: Agreement

    @property
    def passes(self) -> bool:
        """Whether it passes all checks."""
        return not self.agreement.misses

    def to_dict(self) -> dict[str, Any]:
        """The candidate as JSON values."""
        return {
            "precision": self.precision,
            "megabytes": round(self.exported.megabytes, 3),
            "passes": self.passes,
            "agreement": asdict(self.agreement),
        }


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExportResult:
    """The path that was written, the chosen candidate, all candidates (float32 first), and the reason in a sentence."""

    path: Path
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    reason: str
    example: Path | None = None

    def __repr__(self) -> str:
        chosen = self.chosen.exported
        return f"<ExportResult {quoted(str(self.path))}: {chosen.precision}, {chosen.megabytes:.1f} MB>"

    def _repr_html_(self) -> str:
        chosen, agreement = self.chosen.exported, self.chosen.agreement
        rows = {
            "format": f"{EXPORT_FORMATS[chosen.target].what}, {chosen.megabytes:.1f} MB",
            "precision": self.reason,
            "agreement": f"{agreement.same_top1:.1%} of {agreement.pictures:,} pictures have float32's top class",
            "evaluated on": agreement.evaluated_on,
            "speed": f"{agreement.milliseconds:.2f} ms per picture, {agreement.float32_milliseconds:.2f} in float32",
            **{f"missed {number}": miss for number, miss in enumerate(agreement.misses, start=1)},
        }
        return card(str(self.path), rows.items())

    def to_dict(self) -> dict[str, Any]:
        """The JSON of `googlenet export --json`."""
        return {
            "path": str(self.path),
            "example": None if self.example is None else str(self.example),
            "target": self.chosen.exported.target,
            "reason": self.reason,
            **self.chosen.to_dict(),
            "considered": [one.to_dict() for one in self.candidates],
        }


def not_exported(models: Iterable[AnyModel]) -> tuple[Model, ...]:
    """The models; raises InputError for an exported file, whose weights no longer have their names."""
    found: list[Model] = []
    for model in models:
        if isinstance(model, ExportedModel):
            raise InputError(f"{model.path} is already an exported file; export the model that it was made from")
        found.append(model)
    return tuple(found)


def default_name(model: str, target: Target) -> str:
    """What an exported file is called if nobody says: `model`, a short name, with the suffix of the target."""
    return f"{model}{EXPORT_FORMATS[target].suffix or f'-{target}'}"


def export_models(models: Sequence[Model], out: Path, request: ExportRequest, pictures: GatePictures) -> ExportResult:
    """Write models, whose probabilities are averaged, as one exported file.

    Raises InputError for models that cannot share a graph, a precision that the target does not support or that fails
    the checks, and a path that cannot be written; ModelFileError for models that do not reproduce their known answer
    here; MissingExtraError if the target's package is not installed. No files are left behind then.
    """
    target = EXPORT_TARGETS[request.target]
    target.check_installed(request.target)
    considered = _considered(request, pictures)
    check_place(out, request)
    graph = build_graph(*models)
    reference = OnnxEngine(encode_onnx(graph), where="the graph in float32")
    known = _known_answer(models, reference)
    for rewrite in (*target.rewrites, *((decompose_lrn,) if request.without_lrn else ())):
        graph = rewrite(graph)
    precisions: list[Precision] = ["float32", *(one for one in considered if one != "float32")]
    encoded = [_encode(models, graph, request.target, precision, pictures, known) for precision in precisions]
    with _staging(out) as folder:
        engines = [_open_again(one.with_checksum(), folder / one.description.precision) for one in encoded]
        candidates = _compare(encoded, engines, reference, pictures)
    chosen, reason = _choose(candidates, considered, request, pictures)
    with _staging(out) as folder:
        for engine in _open_again(chosen.exported, folder / "whole"):
            _check_known_answer(chosen.exported, engine)
        example = write_example(out, folder) if request.with_example else None
        move_into_place(folder / "whole", out)
        if example is not None:
            move_into_place(example, example_path(out))
    return ExportResult(out, chosen, candidates, reason, None if example is None else example_path(out))


def check_place(out: Path, request: ExportRequest) -> None:
    """Raise InputError if `out` cannot or must not be written; unrelated folders are never replaced."""
    files = EXPORT_FORMATS[request.target].files
    if request.with_example and request.target != "onnx":
        raise InputError(f"--with-example writes a program for ONNX Runtime; it needs --to onnx, not {request.target}")
    if not out.absolute().parent.is_dir():
        raise InputError(f"cannot write {out}: there is no folder {out.parent}")
    if not files:
        check_not_replaced(out, option="--out", force=request.force)
    if files and out.exists() and (not out.is_dir() or {path.name for path in out.iterdir()} - set(files)):
        raise InputError(f"{out} already exists and is not an exported network; choose another folder with --out")
    for path in (out, *((example_path(out),) if request.with_example else ())):
        if path.exists() and not request.force:
            raise InputError(f"{path} already exists; use --out to write another one, or --force to replace it")
    if request.with_example and example_path(out).is_dir():
        raise InputError(
            f"the example cannot be written: {example_path(out)} is a folder; choose another path with --out"
        )


def _considered(request: ExportRequest, pictures: GatePictures) -> tuple[Precision, ...]:
    """The precisions to try; raises InputError for an unsupported one."""
    available = EXPORT_TARGETS[request.target].precisions
    if request.precision == "auto":
        return tuple(
            precision
            for precision in available
            if cpu_computes(precision) and (precision not in NEEDS_CALIBRATION or pictures.calibration is not None)
        )
    if request.precision not in available:
        raise InputError(
            f"{EXPORT_FORMATS[request.target].what} cannot be exported in {request.precision}; "
            f"--to {request.target} supports {', '.join(available)}"
        )
    if request.precision in NEEDS_CALIBRATION and pictures.calibration is None:
        raise InputError(
            f"--precision {request.precision} needs calibration pictures: give --calibrate DATA, a folder or .tar with "
            "about a hundred pictures like those that will be classified"
        )
    if not cpu_computes(request.precision):
        raise InputError(f"this processor has no {request.precision} instructions, so it would not be faster here")
    return (request.precision,)


def _known_answer(models: Sequence[Model], reference: Engine) -> KnownAnswer:
    """The models' float32 outputs for the known pictures; ModelFileError if they differ from the stored ones."""
    images = known_answer_images(models[0].preprocessing.input_size)
    probabilities = reference.run(images).probabilities
    stored = [model.known_answer for model in models if model.known_answer is not None]
    if len(stored) == len(models) and all(np.array_equal(answer.images, images) for answer in stored):
        expected = np.asarray(np.mean([answer.probabilities for answer in stored], axis=0), np.float32)
        check = compare_answer(expected, probabilities)
        if not check.agrees:
            raise ModelFileError(
                "the model does not reproduce its known answer on this machine (a probability differs by "
                f"{check.worst:.1e}), so it is not exported; see `googlenet info MODEL --verify`"
            )
    if not np.isfinite(probabilities).all():
        raise ModelFileError("the model is damaged: its outputs are not finite")
    return KnownAnswer(images, probabilities)


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """Content without metadata, and its description."""

    content: Content
    description: Description

    def with_checksum(self, **changes: Any) -> ExportedModel:
        """The exported model, with some fields of the description changed."""
        return describe_content(self.content, msgspec.structs.replace(self.description, **changes))


def _encode(
    models: Sequence[Model],
    graph: Graph,
    target: Target,
    precision: Precision,
    pictures: GatePictures,
    known: KnownAnswer,
) -> _Encoded:
    converted = PRECISIONS[precision](graph, pictures.calibration, target)
    description = Description(
        target=target,
        precision=precision,
        networks=tuple(ExportedNetwork(model.spec, model.about) for model in models),
        classes=models[0].classes,
        preprocessing=models[0].preprocessing,
        known_answer=tuple(tuple(map(float, row)) for row in known.probabilities),
        temperature=models[0].temperature if len(models) == 1 else 1.0,
        sha256="",
    )
    return _Encoded(EXPORT_TARGETS[target].encode(converted, models), description)


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out`, removed when the block ends."""
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)  # it may have been deleted since check_place
        staging = tempfile.TemporaryDirectory(
            prefix=f".{out.name}.", suffix=".tmp", dir=out.absolute().parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise cannot_write(out, error) from error
    with staging as folder:
        yield Path(folder)


def _open_again(exported: ExportedModel, path: Path) -> tuple[Engine, ...]:
    """Write a file and open it with the runtime it is for, and with the default engine of `predict` if that differs."""
    write_exported(exported, path)
    again = read_exported(path, exported.target)
    runtime = open_engine(again, name=runtime_of(exported.target), device="cpu")
    if best_here(again):
        predicting = open_engine(again, device="cpu")
        if predicting.name != runtime.name:
            return runtime, predicting
    return (runtime,)


def _compare(
    encoded: Sequence[_Encoded], engines: Sequence[tuple[Engine, ...]], reference: Engine, pictures: GatePictures
) -> tuple[Candidate, ...]:
    """Compare all precisions with the reference, by their worst engine, and their time with that of float32.

    The compared times are those of the runtime that the file is for.
    """
    expected = run_in_batches(reference, pictures.evaluated)
    timed = [engine for able in engines for engine in able]
    times = dict(zip(timed, time_in_turns(timed, pictures.evaluated[0], seconds=SECONDS), strict=True))
    candidates = []
    for one, able in zip(encoded, engines, strict=True):
        precision = one.description.precision
        found = [difference(expected, run_in_batches(engine, pictures.evaluated)) for engine in able]
        agreement = Agreement(
            len(expected),
            pictures.evaluated_on,
            min(result.same_top1 for result in found),
            max(result.worst for result in found),
            times[able[0]],
            float32_milliseconds=times[engines[0][0]],
            engine=able[0].name,
            predict_engine=able[-1].name,
            predict_milliseconds=times[able[-1]],
        )
        agreement = replace(agreement, misses=misses(precision, agreement))
        tolerance = _tolerance(one, able, agreement)
        candidates.append(Candidate(precision, one.with_checksum(agreement=agreement, tolerance=tolerance), agreement))
    return tuple(candidates)


def _tolerance(one: _Encoded, engines: Sequence[Engine], agreement: Agreement) -> float:
    """The tolerance of the file's known answer, on any machine.

    In float32 that of any model. In other precisions, or if the checks failed, twice the difference found here, and at
    least the largest one of all pictures: rounding depends on the processor and on the batch size.
    """
    if one.description.precision == "float32" and not agreement.misses:
        return TOLERANCE
    known = np.array(one.description.known_answer, np.float32)
    images = known_answer_images(one.description.preprocessing.input_size, count=len(known))
    here = max(2 * difference(known, engine.run(images).probabilities).worst for engine in engines)
    return float(np.clip(max(here, agreement.worst), TOLERANCE, 1.0))


def _choose(
    candidates: Sequence[Candidate], considered: Sequence[Precision], request: ExportRequest, pictures: GatePictures
) -> tuple[Candidate, str]:
    """The candidate to write, and why; InputError if none passes."""
    by_precision = {one.precision: one for one in candidates if one.precision in considered}
    passed = {precision: one.agreement for precision, one in by_precision.items() if one.passes}
    if request.precision == "auto" and passed:
        chosen = fastest(passed)
        engine = passed[chosen].engine
        tried = ", ".join(f"{name} {one.agreement.milliseconds:.2f} ms" for name, one in by_precision.items())
        failed = [name for name in by_precision if name not in passed]
        return by_precision[chosen], (
            f"{chosen} is the fastest that passes the checks on this processor ({tried} with {engine}"
            + (f"; {' and '.join(failed)} did not pass)" if failed else ")")
            + _not_considered(request, pictures)
        )
    named = by_precision["float32" if request.precision == "auto" else request.precision]
    if named.passes:
        return named, f"{named.precision} was requested"
    failed_checks = "; ".join(named.agreement.misses)
    if not request.force:
        raise InputError(
            f"{named.precision} for {request.target} fails the checks, nothing is written: {failed_checks} (evaluated "
            f"on {named.agreement.evaluated_on}); --force writes it anyway and records this"
        )
    return (
        named,
        f"{named.precision} was requested, and --force writes it although it fails the checks: {failed_checks}",
    )


def _not_considered(request: ExportRequest, pictures: GatePictures) -> str:
    """Clauses about the precisions that `auto` did not try because there are no calibration pictures."""
    needed = [name for name in EXPORT_TARGETS[request.target].precisions if name in NEEDS_CALIBRATION]
    missing = needed if pictures.calibration is None else []
    return "".join(f"; {name} was not considered, it needs --calibrate DATA" for name in missing)


def _check_known_answer(exported: ExportedModel, engine: Engine) -> None:
    """Raise ModelFileError if the final file does not reproduce its known answer."""
    answer = exported.known_answer
    assert answer is not None
    check = compare_answer(answer.probabilities, engine.run(answer.images).probabilities, tolerance=answer.tolerance)
    if not check.agrees:
        raise ModelFileError(
            f"the written file gives other probabilities when opened again ({check.worst:.1e}); it was not kept"
        )
