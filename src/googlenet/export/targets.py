"""The targets and precisions of an export, as two tables."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import EXPORT_FORMATS, Precision, Target, encode_onnx
from googlenet.artifacts.content import Content
from googlenet.errors import InputError, MissingExtraError, ModelFileError
from googlenet.export.int8 import to_int8
from googlenet.graph import Graph, decompose_lrn
from googlenet.model import Model, known_answer_images

Rewrite: TypeAlias = Callable[[Graph], Graph]

Conversion: TypeAlias = Callable[[Graph, NDArray[np.uint8] | None, Target], Graph]
"""(float32 graph, calibration squares (N, S, S, 3) uint8 RGB, target) -> graph in another precision."""


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """A target: `encode` makes its content from a graph and its models; needs `package`, installed by `extra`.

    `precisions`: those it supports. `rewrites`: exact rewrites that make it faster in its runtime.
    """

    encode: Callable[[Graph, Sequence[Model]], Content]
    precisions: tuple[Precision, ...]
    rewrites: tuple[Rewrite, ...] = ()
    package: str = ""
    extra: str = ""

    def check_installed(self, target: Target) -> None:
        """Raise MissingExtraError if the target's package is not installed."""
        if self.package and find_spec(self.package) is None:
            raise MissingExtraError(self.package, extra=self.extra, purpose=f"exporting for {target}")


def _onnx(graph: Graph, models: Sequence[Model]) -> Content:
    return (encode_onnx(graph),)


def _ir(graph: Graph, models: Sequence[Model]) -> Content:
    from googlenet.engines.openvino_runtime import openvino, openvino_core

    names = EXPORT_FORMATS["openvino"].files
    network = openvino_core().read_model(io.BytesIO(encode_onnx(graph)))
    try:
        with tempfile.TemporaryDirectory() as folder:
            openvino.save_model(network, Path(folder, names[0]), compress_to_fp16=False)
            return tuple(Path(folder, name).read_bytes() for name in names)
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"OpenVINO cannot write its files below {tempfile.gettempdir()}: {reason}") from error


def _pt2(graph: Graph, models: Sequence[Model]) -> Content:
    """A torch.export program, read back with torch's own reader and compared with the network."""
    import torch

    from googlenet.network.exportable import encode_pt2, exportable_network

    network = exportable_network(models)
    content = encode_pt2(network)
    squares = torch.from_numpy(known_answer_images(network.preprocessing.input_size))
    with torch.no_grad():
        read = torch.export.load(io.BytesIO(content)).module()(squares)
        if not all(torch.allclose(value, read[name], atol=1e-5) for name, value in network(squares).items()):
            raise ModelFileError(
                "torch reads back a different program than it wrote; this version of torch cannot export the model"
            )
    return (content,)


EXPORT_TARGETS: dict[Target, ExportTarget] = {
    "onnx": ExportTarget(_onnx, ("float32", "int8"), rewrites=(decompose_lrn,)),
    "openvino": ExportTarget(_ir, ("float32", "bf16", "int8"), package="openvino", extra="openvino"),
    "pt2": ExportTarget(_pt2, ("float32",), package="torch", extra="train"),
}
"""The targets, by name. ONNX Runtime has no bf16 on CPUs, so ONNX files do not support it; its LRN takes a third of the
network's time, unlike OpenVINO's."""


def _unchanged(graph: Graph, squares: NDArray[np.uint8] | None, target: Target) -> Graph:
    return graph


def _int8(graph: Graph, squares: NDArray[np.uint8] | None, target: Target) -> Graph:
    return to_int8(graph, squares, quantize_all_outputs=target == "onnx")


PRECISIONS: dict[Precision, Conversion] = {"float32": _unchanged, "bf16": _unchanged, "int8": _int8}
"""How the graph of each precision is made. For bf16 it is unchanged: OpenVINO is configured to compute in bf16."""

NEEDS_CALIBRATION: frozenset[Precision] = frozenset({"int8"})


def cpu_computes(precision: Precision) -> bool:
    """Whether this processor has instructions for it (bf16: according to OpenVINO); float32 and int8 run everywhere."""
    if precision != "bf16":
        return True
    from googlenet.engines.openvino_engine import computes_in_bf16

    return computes_in_bf16()
