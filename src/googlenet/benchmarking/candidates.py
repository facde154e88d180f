"""What is timed: the engines of this package and their peers, a row each; nothing is imported before it is opened."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from googlenet.artifacts import AnyModel, ExportedModel, Precision
from googlenet.engines import ENGINES
from googlenet.errors import InputError
from googlenet.machine import FEATURES

MODEL = "model"
"""What is read by those that open what the user named, as it is."""

_OURS, _PEERS = "googlenet.benchmarking.engine_openers", "googlenet.benchmarking.peer_openers"
_OPENVINO = 'pip install "googlenet[openvino]"'
_BF16 = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that runs the network.

    `reads`: which of the files that `write_files` makes it is opened with; None: it brings a network of its own.
    `opener`: "module:function", called in a process of its own with (path, threads); `package`: what it runs on, and
    `install`, the command that brings it. `peer`: not ours, on the graph as it is written, in float32. `same_network`:
    whether its time may be compared. `needs`: features of the processor, one of which must be there.
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
        """How it is called in sentences: `openvino (bf16)`, `onnxruntime (peer)`."""
        return f"{self.engine} ({'peer' if self.peer else self.precision})"

    def missing(self, features: Collection[str]) -> str | None:
        """Why it cannot be timed here, as a clause, or None: a feature of the processor, or what is not installed."""
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
"""What is timed of a model. Rows in the order in which they are shown to those who ask for all of them."""


def candidates_of(models: Sequence[AnyModel]) -> tuple[Candidate, ...]:
    """What is timed of a model or of an ensemble's members: all, or of an exported file the engines that run it.

    Peers run the plain graph, which an exported file does not hold. Raises InputError for one beside other members.
    """
    exported = next((one for one in models if isinstance(one, ExportedModel)), None)
    if exported is None:
        return CANDIDATES
    if len(models) > 1:
        raise InputError(f"{exported.path} is an exported file, which cannot be timed as a member; time it alone")
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
