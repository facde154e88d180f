"""The table of engines, and opening one: by name, or the fastest for the model on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial, reduce
from importlib import import_module
from typing import Any, Protocol, cast

from googlenet.architecture import AskedLayer, build_architecture, check_input_size
from googlenet.artifacts import EXPORT_FORMATS, AnyModel, ExportedModel, Target
from googlenet.engines.engine import CPU, Engine
from googlenet.engines.forks import no_fork
from googlenet.engines.reopening import ReopenableEngine
from googlenet.errors import InputError, MissingExtraError
from googlenet.parallel import thread_count

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """How to open an engine: `factory` is "module:function", called with (model, device=..., threads=...).

    With `layers=...`, too, it gives a `LayerEngine`. `package` is the runtime it needs, `extra` the extra of googlenet
    that installs it ("": always installed). `from_exported` is the factory for exported files, of the formats `runs`.
    `best_if`: "module:function" that returns whether the engine is the default on this machine; "": never.
    `again_after_fork`: the runtime does not work in a forked child, where the engine is opened again.
    """

    factory: str
    package: str
    extra: str
    from_exported: str = ""
    runs: tuple[Target, ...] = ()
    best_if: str = ""
    again_after_fork: bool = False


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
        again_after_fork=True,
    ),
    "openvino": EngineEntry(
        "googlenet.engines.openvino_engine:OpenVinoEngine.from_model",
        package="openvino",
        extra="openvino",
        from_exported="googlenet.engines.openvino_engine:OpenVinoEngine.from_exported",
        runs=("openvino", "onnx"),
        again_after_fork=True,
    ),
    "torch": EngineEntry(
        "googlenet.engines.torch_engine:TorchEngine.from_model",
        package="torch",
        extra="train",
        from_exported="googlenet.engines.pt2_engine:Pt2Engine.from_exported",
        runs=("pt2",),
    ),
}
"""Engines by name, in order of preference; imported lazily."""


def open_engine(
    model: AnyModel,
    *,
    name: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    load: Callable[[], AnyModel] | None = None,
) -> Engine:
    """Open the engine called `name` for a model or an exported file, on `device`, with `threads` on the CPU.

    Defaults: native if it is the fastest here and supports the model, else onnx; torch for devices other than the CPU;
    for an exported file the first engine that runs it; one thread per processor available to this process. `load`
    reads the model again, for copies and other processes; without it the engine keeps the model. Raises InputError for
    an unknown name, an invalid number of threads, an input size that the network does not take, and an engine that
    cannot run the model, MissingExtraError if the engine's package is not installed.
    """
    if not isinstance(model, ExportedModel):  # one made in memory; ONNX Runtime ends the process where nothing is left
        check_input_size(build_architecture(model.spec), model.preprocessing.input_size)
    if name is not None and name not in ENGINES:
        raise InputError(f"no engine is called {name!r}; the engines are {', '.join(ENGINES)}")
    if threads is not None:
        threads = thread_count(threads)
    load = load or partial(_unchanged, model)
    if name is None and device in (None, CPU) and (best := best_here(model)):
        with suppress(InputError):  # a network that it does not support
            return _open(best, model, device, threads, load)
    if isinstance(model, ExportedModel):
        chosen = name or runtime_of(model.target)
        if not _runs(ENGINES[chosen], model):
            able = [engine for engine, entry in ENGINES.items() if _runs(entry, model)]
            raise InputError(
                f"{model.path} is {EXPORT_FORMATS[model.target].what}, which the engine {name} cannot run; "
                f"use --engine {' or '.join(able)}"
            )
    else:
        chosen = name or ("onnx" if device in (None, CPU) else "torch")
    return _open(chosen, model, device, threads, load)


def best_here(model: AnyModel) -> str | None:
    """The engine that is known to be the fastest on this machine, if it runs the model's format; else None."""
    able = (name for name, entry in ENGINES.items() if entry.best_if and _runs(entry, model))
    return next((name for name in able if _load(ENGINES[name].best_if)()), None)


def runtime_of(target: Target) -> str:
    """The engine of the runtime that an exported file is intended for."""
    return next(engine for engine, entry in ENGINES.items() if target in entry.runs and not entry.best_if)


def _runs(entry: EngineEntry, model: AnyModel) -> bool:
    return not isinstance(model, ExportedModel) or model.target in entry.runs


def _open(name: str, model: AnyModel, device: str | None, threads: int | None, load: Callable[[], AnyModel]) -> Engine:
    with no_fork():
        engine = _make(name, model, device, threads)
    _LOG.info("engine: %s, threads: %d", engine.name, thread_count(threads))
    again = partial(_make_again, name, load, device, threads)
    return ReopenableEngine(again, ENGINES[name].again_after_fork, engine)


def _make_again(
    name: str,
    load: Callable[[], AnyModel],
    device: str | None,
    threads: int | None,
    layers: Sequence[AskedLayer] = (),
) -> Engine:
    return _make(name, load(), device, threads, layers)


def _unchanged(model: AnyModel) -> AnyModel:
    return model


def _make(
    name: str, model: AnyModel, device: str | None, threads: int | None, layers: Sequence[AskedLayer] = ()
) -> Engine:
    entry = ENGINES[name]
    factory = _load_factory(entry, entry.from_exported if isinstance(model, ExportedModel) else entry.factory)
    if not layers:
        return factory(model, device=device, threads=threads)
    if isinstance(model, ExportedModel):
        raise InputError(
            f"{model.path} is an exported file, which gives its answers but not the outputs of its layers: use the "
            "model that it was exported from"
        )
    return factory(model, device=device, threads=threads, layers=layers)


class _Factory(Protocol):
    def __call__(
        self, model: AnyModel, *, device: str | None, threads: int | None, layers: Sequence[AskedLayer] = ()
    ) -> Engine: ...


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
