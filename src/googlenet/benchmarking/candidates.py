"""What is timed: the engines of this package and their peers; nothing is imported before it is opened."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from googlenet.artifacts import AnyModel, ExportedModel, Precision
from googlenet.engines import ENGINES
from googlenet.errors import InputError
from googlenet.machine import FEATURES

MODEL = "model"
"""Stands for the model that the user named, unchanged, in `Candidate.reads`."""

_OURS, _PEERS = "googlenet.benchmarking.engine_openers", "googlenet.benchmarking.peer_openers"
_OPENVINO = 'pip install "googlenet[openvino]"'
_BF16 = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that runs the network.

    `reads`: which of the files that `write_files` makes it is opened with; None: it has a network of its own.
    `opener`: "module:function", called in a process of its own with (path, threads); `package`: what it needs, and
    `install`, the command that installs it. `peer`: another program, which runs the plain graph in float32.
    `same_network`: whether its time is comparable. `needs`: processor features, at least one of which is required.
    """

    engine: str
    precision: Precision
    reads: str | None
    opener: str
    package: str
    install: str
    peer: bool = False
    same_network: bool = True
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Its name in messages: `openvino (bf16)`, `onnxruntime (peer)`."""
        return f"{self.engine} ({'peer' if self.peer else self.precision})"

    def missing(self, features: Collection[str]) -> str | None:
        """Why it cannot be timed here, as a clause: a missing processor feature or package; None if it can."""
        if self.needs and not set(self.needs) & set(features):
            return f"this processor has no {' or '.join(FEATURES[feature] for feature in self.needs)}"
        if find_spec(self.package) is None:
            return f"{self.package} is not installed: {self.install}"
        return None


CANDIDATES: tuple[Candidate, ...] = (
    Candidate(
        *("native", "float32", "model", f"{_OURS}:open_native", "googlenet", "pip install googlenet"), needs=("avx2",)
    ),
    Candidate(
        *("native", "int8", "onnx-int8", f"{_OURS}:open_native_int8", "googlenet", "pip install googlenet"),
        needs=("avx2",),
    ),
    Candidate("onnx", "float32", "onnx", f"{_OURS}:open_onnx", "onnxruntime", "pip install googlenet"),
    Candidate("onnx", "int8", "onnx-int8", f"{_OURS}:open_onnx", "onnxruntime", "pip install googlenet"),
    Candidate("openvino", "float32", "plain", f"{_OURS}:open_openvino", "openvino", _OPENVINO),
    Candidate("openvino", "bf16", "plain", f"{_OURS}:open_openvino_bf16", "openvino", _OPENVINO, needs=_BF16),
    Candidate("openvino", "int8", "openvino-int8", f"{_OURS}:open_openvino_int8", "openvino", _OPENVINO),
    Candidate("torch", "float32", MODEL, f"{_OURS}:open_torch", "torch", 'pip install "googlenet[train]"'),
    Candidate(
        *("onnxruntime", "float32", "plain", f"{_PEERS}:open_onnxruntime", "onnxruntime", "pip install onnxruntime"),
        peer=True,
    ),
    Candidate(
        *("openvino", "float32", "plain", f"{_PEERS}:open_openvino", "openvino", "pip install openvino"), peer=True
    ),
    Candidate(
        *("opencv", "float32", "floats", f"{_PEERS}:open_opencv", "cv2", "pip install opencv-python-headless"),
        peer=True,
    ),
    Candidate(
        *("torchvision", "float32", None, f"{_PEERS}:open_torchvision", "torchvision", "pip install torchvision"),
        peer=True,
        same_network=False,
    ),
)
"""Everything that is timed for a model."""


def candidates_of(models: Sequence[AnyModel]) -> tuple[Candidate, ...]:
    """What is timed for a model or an ensemble: all candidates, or for an exported file the engines that run it.

    Peers run the plain graph, which an exported file does not contain. Raises InputError for an exported file in an
    ensemble.
    """
    exported = next((one for one in models if isinstance(one, ExportedModel)), None)
    if exported is None:
        return CANDIDATES
    if len(models) > 1:
        raise InputError(f"{exported.path} is an exported file, which cannot be timed in an ensemble; time it alone")
    return tuple(
        Candidate(
            engine,
            exported.precision,
            MODEL,
            f"{_OURS}:open_exported_in_{engine}",
            entry.package,
            f'pip install "googlenet[{entry.extra}]"' if entry.extra else "pip install googlenet",
            needs=_BF16 if exported.precision == "bf16" else (),
        )
        for engine, entry in ENGINES.items()
        if exported.target in entry.runs
    )
