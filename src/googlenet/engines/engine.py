"""The narrow waist: everything that runs a model takes uint8 RGB squares and gives `Outputs`."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import EXPORT_FORMATS, AnyModel, ExportedModel, Target
from googlenet.errors import InputError, MissingExtraError

CPU = "cpu"

Extra: TypeAlias = Literal["features", "feature_maps"]
"""The outputs of a network that are given only where they are asked for, by their names in `Outputs`."""


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What a network says about N squares, by name.

    `probabilities`: (N, classes) float32; `features`: (N, F) float32, for the last layer; `feature_maps`: (N, F, h, w)
    float32, the grid that `features` is the average of. The last two are None where nobody asked for them, and where
    an engine does not have them.
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32] | None = None
    feature_maps: NDArray[np.float32] | None = None


class Engine(Protocol):
    """Something that runs a model: `name` says what, `run` does it.

    Preprocessing (mean, scale, channel order) is an engine's first operation, from the model's own record.
    """

    @property
    def name(self) -> str:
        """Short name, with the device where there are several."""
        ...

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """Run squares (N, S, S, 3) uint8 RGB, N from 1; `also` names what is wanted beside the probabilities."""
        ...


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """How an engine is made: `factory` is "module:function", called with (model, device=..., threads=...).

    `package` is what it runs on, `extra` the part of googlenet that brings it ("" for the bare install).
    `from_exported` is like `factory`, for exported files, of the formats `runs`. `best_if`: "module:function" that says
    whether the engine is the one to choose on this machine, where nobody names one; "" for one that is not chosen so.
    """

    factory: str
    package: str
    extra: str
    from_exported: str = ""
    runs: tuple[Target, ...] = ()
    best_if: str = ""


ENGINES: dict[str, EngineEntry] = {
    "native": EngineEntry(
        "googlenet.engines.native_engine:NativeEngine.from_model",
        package="googlenet",
        extra="",
        from_exported="googlenet.engines.native_engine:NativeEngine.from_exported",
        runs=("onnx",),
        best_if="googlenet.native:is_best_here",
    ),
    "onnx": EngineEntry(
        "googlenet.engines.onnx_engine:OnnxEngine.from_model",
        package="onnxruntime",
        extra="",
        from_exported="googlenet.engines.onnx_engine:OnnxEngine.from_exported",
        runs=("onnx",),
    ),
    "openvino": EngineEntry(
        "googlenet.engines.openvino_engine:OpenVinoEngine.from_model",
        package="openvino",
        extra="openvino",
        from_exported="googlenet.engines.openvino_engine:OpenVinoEngine.from_exported",
        runs=("openvino", "onnx"),
    ),
    "torch": EngineEntry(
        "googlenet.engines.torch_engine:TorchEngine.from_model",
        package="torch",
        extra="train",
        from_exported="googlenet.engines.pt2_engine:ProgramEngine.from_exported",
        runs=("pt2",),
    ),
}
"""Engines by name, the preferred one first; nothing is imported before it is chosen."""


def open_engine(
    model: AnyModel, *, name: str | None = None, device: str | None = None, threads: int | None = None
) -> Engine:
    """Make the engine called `name` for a model or an exported file, on `device`, with `threads` on the CPU.

    Left out: native where that is the fastest and runs the model, else onnx; torch for a device that is not the CPU;
    for an exported file the first engine that runs it; one thread for each processor this process may use. Raises
    InputError for a name that does not exist or an engine that cannot run the model, MissingExtraError where the
    engine's package is not installed.
    """
    if name is not None and name not in ENGINES:
        raise InputError(f"no engine is called {name!r}; there is {', '.join(ENGINES)}")
    if name is None and device in (None, CPU) and (best := best_here(model)):
        with suppress(InputError):  # a network that it cannot run
            return _make(ENGINES[best], model, device, threads)
    if isinstance(model, ExportedModel):
        chosen = name or runtime_of(model.target)
        if not _runs(ENGINES[chosen], model):
            able = [engine for engine, entry in ENGINES.items() if _runs(entry, model)]
            raise InputError(
                f"{model.path} is {EXPORT_FORMATS[model.target].what}, which the engine {name} does not run; "
                f"--engine {' or '.join(able)} does"
            )
    else:
        chosen = name or ("onnx" if device in (None, CPU) else "torch")
    return _make(ENGINES[chosen], model, device, threads)


def best_here(model: AnyModel) -> str | None:
    """The engine that is known to be the fastest on this machine, if it may run the model; None where none is known."""
    able = (name for name, entry in ENGINES.items() if entry.best_if and _runs(entry, model))
    return next((name for name in able if _load(ENGINES[name].best_if)()), None)


def runtime_of(target: Target) -> str:
    """The engine of the runtime that an exported file is written for."""
    return next(engine for engine, entry in ENGINES.items() if target in entry.runs and not entry.best_if)


def _runs(entry: EngineEntry, model: AnyModel) -> bool:
    return not isinstance(model, ExportedModel) or model.target in entry.runs


def _make(entry: EngineEntry, model: AnyModel, device: str | None, threads: int | None) -> Engine:
    factory = entry.from_exported if isinstance(model, ExportedModel) else entry.factory
    return _load_factory(entry, factory)(model, device=device, threads=threads)


def check_cpu(engine: str, device: str | None) -> None:
    """Raise InputError for a device that an engine of the CPU cannot run on."""
    if device not in (None, CPU):
        raise InputError(f"the engine {engine} runs on the CPU, not on {device!r}; --engine torch takes a device")


class _Factory(Protocol):
    def __call__(self, model: AnyModel, *, device: str | None, threads: int | None) -> Engine: ...


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return reduce(getattr, attribute.split("."), import_module(module))


def _load_factory(entry: EngineEntry, factory: str) -> _Factory:
    try:
        return cast(_Factory, _load(factory))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != entry.package:
            raise
        raise MissingExtraError(entry.package, extra=entry.extra, purpose="running this model") from error
