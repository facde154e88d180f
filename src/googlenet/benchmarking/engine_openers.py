"""Openers for the engines of this package, called in a timing process with the engine's file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from googlenet.benchmarking.timing_process import Run


def open_native_int8(path: Path, threads: int) -> Run:
    """The native engine, on an int8 graph."""
    from googlenet.artifacts import decode_onnx
    from googlenet.engines.native_engine import NativeEngine
    from googlenet.native import Network

    return NativeEngine(Network(decode_onnx(path.read_bytes()), threads)).run


def open_onnx(path: Path, threads: int) -> Run:
    """The ONNX Runtime engine."""
    from googlenet.engines.onnx_engine import OnnxEngine

    return OnnxEngine(path.read_bytes(), where=str(path), threads=threads).run


def open_openvino(path: Path, threads: int) -> Run:
    """The OpenVINO engine."""
    from googlenet.engines.openvino_engine import OpenVinoEngine

    return OpenVinoEngine(path.read_bytes(), where=str(path), threads=threads).run


def open_openvino_bf16(path: Path, threads: int) -> Run:
    """The OpenVINO engine, in bfloat16."""
    from googlenet.engines.openvino_engine import OpenVinoEngine

    return OpenVinoEngine(path.read_bytes(), where=str(path), precision="bf16", threads=threads).run


def open_openvino_int8(path: Path, threads: int) -> Run:
    """The OpenVINO engine on an int8 graph; operations that stay in floats use bfloat16 if the processor has it."""
    from googlenet.engines.openvino_engine import OpenVinoEngine, computes_in_bf16

    precision = "bf16" if computes_in_bf16() else "f32"
    return OpenVinoEngine(path.read_bytes(), where=str(path), precision=precision, threads=threads).run


def _open_model(engine: str, path: Path, threads: int) -> Run:
    """An engine on the CPU for a model file, a run folder or an exported file."""
    from googlenet.classifier import Classifier

    return Classifier.load(path, engine=engine, device="cpu", threads=threads).engine.run


open_native = open_exported_in_native = partial(_open_model, "native")
open_torch = open_exported_in_torch = partial(_open_model, "torch")
open_exported_in_onnx = partial(_open_model, "onnx")
open_exported_in_openvino = partial(_open_model, "openvino")
