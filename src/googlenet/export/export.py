"""`export_models`: models -> one file for another runtime, written, opened again, checked, and only then named."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from googlenet.artifacts import (
    EXPORT_FORMATS,
    Agreement,
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
from googlenet.export.agreement import answers, difference, fastest, misses, time_in_turns
from googlenet.export.example import example_path, write_example
from googlenet.export.pictures import GatePictures
from googlenet.export.targets import EXPORT_TARGETS, NEEDS_CALIBRATION, PRECISIONS, cpu_computes
from googlenet.files import cannot_write, move_into_place
from googlenet.graph import Graph, build_graph, decompose_lrn
from googlenet.model import TOLERANCE, KnownAnswer, Model, compare_answer, known_answer_images

SECONDS = 3.0
"""How long all the candidates of an export are timed."""

Choice: TypeAlias = Precision | Literal["auto"]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be written: for which target, in which precision ("auto": the fastest that passes the gate).

    `without_lrn`: no LRN operator in the graph. `with_example`: write a program beside the file that runs it without
    this package. `force`: replace what is at the path, and write a precision that was named even where it misses the
    gate.
    """

    target: Target
    precision: Choice = "auto"
    without_lrn: bool = False
    with_example: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One precision of the export as it was tried: its file's content, and how it compares with float32."""

    precision: Precision
    exported: ExportedModel
    agreement: Agreement

    @property
    def passes(self) -> bool:
        """Whether it may be written."""
        return not self.agreement.misses


@dataclass(frozen=True, slots=True, eq=False)
class ExportResult:
    """What was written where, of which candidates it was chosen (float32 first), and why, in a sentence."""

    path: Path
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    reason: str
    example: Path | None = None


def export_models(models: Sequence[Model], out: Path, request: ExportRequest, pictures: GatePictures) -> ExportResult:
    """Write models, whose probabilities are averaged, as one exported file, or refuse to.

    Raises InputError for models that cannot be one graph, a precision that the target does not have or that misses the
    gate, and a place that cannot be written to; ModelFileError for models that do not give their known answer here;
    MissingExtraError where the target's package is not installed. Nothing is left behind then.
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
    drafts = [_draft(models, graph, request.target, precision, pictures, known) for precision in precisions]
    with _staging(out) as folder:
        engines = [_open_again(draft.with_checksum(), folder / draft.description.precision) for draft in drafts]
        candidates = _compare(drafts, engines, reference, pictures)
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
    """Raise InputError where nothing can or may be written at `out`; a folder of others is never replaced."""
    files = EXPORT_FORMATS[request.target].files
    if request.with_example and request.target != "onnx":
        raise InputError(f"--with-example writes a program for ONNX Runtime, --to {request.target} is not for it")
    if not out.absolute().parent.is_dir():
        raise InputError(f"cannot write {out}: there is no folder {out.parent}")
    if not files and out.is_dir():
        raise InputError(f"{out} is a folder; --out names a file")
    if files and out.exists() and (not out.is_dir() or {path.name for path in out.iterdir()} - set(files)):
        raise InputError(f"{out} is there already and is not an exported network; --out names a folder of its own")
    for path in (out, *((example_path(out),) if request.with_example else ())):
        if path.exists() and not request.force:
            raise InputError(f"{path} is there already; --out names another place, --force replaces it")
    if request.with_example and example_path(out).is_dir():
        raise InputError(f"{example_path(out)}, where the example belongs, is a folder; --out names another place")


def _considered(request: ExportRequest, pictures: GatePictures) -> tuple[Precision, ...]:
    """The precisions to try; raises InputError for one that cannot be had."""
    available = EXPORT_TARGETS[request.target].precisions
    if request.precision == "auto":
        return tuple(
            precision
            for precision in available
            if cpu_computes(precision) and (precision not in NEEDS_CALIBRATION or pictures.calibration is not None)
        )
    if request.precision not in available:
        raise InputError(
            f"{EXPORT_FORMATS[request.target].what} is not written in {request.precision}; "
            f"--to {request.target} takes {', '.join(available)}"
        )
    if request.precision in NEEDS_CALIBRATION and pictures.calibration is None:
        raise InputError(
            f"--precision {request.precision} needs pictures to calibrate on: give --calibrate DATA, a folder or .tar "
            "with some hundred pictures like those that will be classified"
        )
    if not cpu_computes(request.precision):
        raise InputError(f"this processor does not compute in {request.precision}, so it would not be faster here")
    return (request.precision,)


def _known_answer(models: Sequence[Model], reference: Engine) -> KnownAnswer:
    """What the models say together in float32; ModelFileError where it is not what they said when they were made."""
    images = known_answer_images(models[0].preprocessing.input_size)
    probabilities = reference.run(images).probabilities
    stored = [model.known_answer for model in models if model.known_answer is not None]
    if len(stored) == len(models) and all(np.array_equal(answer.images, images) for answer in stored):
        expected = np.asarray(np.mean([answer.probabilities for answer in stored], axis=0), np.float32)
        check = compare_answer(expected, probabilities)
        if not check.agrees:
            raise ModelFileError(
                "the model does not give its known answer on this machine (a probability differs by "
                f"{check.worst:.1e}), so nothing is made of it; `googlenet info MODEL --verify` says the same"
            )
    if not np.isfinite(probabilities).all():
        raise ModelFileError("the model answers with values that are not finite numbers; it is damaged")
    return KnownAnswer(images, probabilities)


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """A content without metadata, and what it will say of itself."""

    content: Content
    description: Description

    def with_checksum(self, **changes: Any) -> ExportedModel:
        """The content with its description, some fields of which are others."""
        return describe_content(self.content, msgspec.structs.replace(self.description, **changes))


def _draft(
    models: Sequence[Model],
    graph: Graph,
    target: Target,
    precision: Precision,
    pictures: GatePictures,
    known: KnownAnswer,
) -> _Draft:
    converted = PRECISIONS[precision](graph, pictures.calibration, target)
    description = Description(
        target=target,
        precision=precision,
        networks=tuple(ExportedNetwork(model.spec, model.about) for model in models),
        classes=models[0].classes,
        preprocessing=models[0].preprocessing,
        known_answer=tuple(tuple(map(float, row)) for row in known.probabilities),
        sha256="",
    )
    return _Draft(EXPORT_TARGETS[target].encode(converted, models), description)


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder beside `out`, gone when the block ends; what is whole is moved out of it."""
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)  # it was there before; it may have been deleted since
        staging = tempfile.TemporaryDirectory(
            prefix=f".{out.name}.", suffix=".tmp", dir=out.absolute().parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise cannot_write(out, error) from error
    with staging as folder:
        yield Path(folder)


def _open_again(exported: ExportedModel, path: Path) -> tuple[Engine, ...]:
    """Write it, and open what was written: with the runtime it is for, and with what `predict` takes where another."""
    write_exported(exported, path)
    again = read_exported(path, exported.target)
    runtime = open_engine(again, name=runtime_of(exported.target), device="cpu")
    if best_here(again):
        predicting = open_engine(again, device="cpu")
        if predicting.name != runtime.name:
            return runtime, predicting
    return (runtime,)


def _compare(
    drafts: Sequence[_Draft], engines: Sequence[tuple[Engine, ...]], reference: Engine, pictures: GatePictures
) -> tuple[Candidate, ...]:
    """Each draft beside the reference, by the worst of its engines; and beside the first, in float32, in time.

    The gate's times are those of the runtime that the file is for.
    """
    expected = answers(reference, pictures.evaluated)
    timed = [engine for able in engines for engine in able]
    times = dict(zip(timed, time_in_turns(timed, pictures.evaluated[0], seconds=SECONDS), strict=True))
    candidates = []
    for draft, able in zip(drafts, engines, strict=True):
        precision = draft.description.precision
        found = [difference(expected, answers(engine, pictures.evaluated)) for engine in able]
        agreement = Agreement(
            len(expected),
            pictures.evaluated_on,
            min(one.same_top1 for one in found),
            max(one.worst for one in found),
            times[able[0]],
            float32_milliseconds=times[engines[0][0]],
            engine=able[0].name,
            predict_engine=able[-1].name,
            predict_milliseconds=times[able[-1]],
        )
        agreement = replace(agreement, misses=misses(precision, agreement))
        tolerance = _tolerance(draft, able, agreement)
        candidates.append(
            Candidate(precision, draft.with_checksum(agreement=agreement, tolerance=tolerance), agreement)
        )
    return tuple(candidates)


def _tolerance(draft: _Draft, engines: Sequence[Engine], agreement: Agreement) -> float:
    """How far the file's answer to the known pictures may be from float32's, on any machine.

    In float32 as far as any model's. In other precisions, or where it is written in spite of the gate, twice as far as
    here, and at least as far as any picture's was: processors round differently, and runtimes for another batch.
    """
    if draft.description.precision == "float32" and not agreement.misses:
        return TOLERANCE
    known = np.array(draft.description.known_answer, np.float32)
    images = known_answer_images(draft.description.preprocessing.input_size, count=len(known))
    here = max(2 * difference(known, engine.run(images).probabilities).worst for engine in engines)
    return float(np.clip(max(here, agreement.worst), TOLERANCE, 1.0))


def _choose(
    candidates: Sequence[Candidate], considered: Sequence[Precision], request: ExportRequest, pictures: GatePictures
) -> tuple[Candidate, str]:
    """The candidate to write, and why; InputError where none may be."""
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
        return named, f"{named.precision} was asked for"
    missed = "; ".join(named.agreement.misses)
    if not request.force:
        raise InputError(
            f"{named.precision} for {request.target} fails the checks, nothing is written: {missed} (evaluated "
            f"on {named.agreement.evaluated_on}); --force writes it with this recorded"
        )
    return named, f"{named.precision} was asked for and --force writes it although it fails the checks: {missed}"


def _not_considered(request: ExportRequest, pictures: GatePictures) -> str:
    """The precisions that `auto` did not try because it had no pictures."""
    needed = [name for name in EXPORT_TARGETS[request.target].precisions if name in NEEDS_CALIBRATION]
    missing = needed if pictures.calibration is None else []
    return "".join(f"; {name} was not considered, it needs --calibrate DATA" for name in missing)


def _check_known_answer(exported: ExportedModel, engine: Engine) -> None:
    """Raise ModelFileError where the file that will stay gives another answer than it says."""
    answer = exported.known_answer
    assert answer is not None
    check = compare_answer(answer.probabilities, engine.run(answer.images).probabilities, tolerance=answer.tolerance)
    if not check.agrees:
        raise ModelFileError(f"what was written answers otherwise when opened again ({check.worst:.1e}); not kept")
