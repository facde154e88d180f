"""A graph in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.native.arithmetic import PackedWeights
from googlenet.native.library import Operation
from googlenet.native.pack import join_packed, pack_biases, pack_direct, pack_winograd
from googlenet.native.steps import Convolve, LoweredGraph, Step

FLOAT_BYTES = 4


@dataclass(slots=True, eq=False)
class Float32:
    """Tensors and weights in float32; see `googlenet.native.arithmetic.Arithmetic`."""

    graph: LoweredGraph
    panel: int
    suffix: str = "_f32"
    tile_bytes: int = FLOAT_BYTES
    small_tile: int = 2
    packed: dict[tuple[int | str, ...], PackedWeights] = field(default_factory=dict)

    @property
    def winograd_channels(self) -> int:
        """As many as a register holds."""
        return self.panel // 2

    def bytes_of(self, tensor: str) -> int:
        """Of a float."""
        return FLOAT_BYTES

    def qmax_of(self, tensor: str) -> int:
        """There is none."""
        return 0

    def row_bytes(self, step: Convolve, numbers: int) -> int:
        """As long as it is."""
        return numbers * FLOAT_BYTES

    def pack(self, step: Convolve, tile: int) -> PackedWeights:
        """See `Arithmetic`."""
        key: tuple[int | str, ...] = (tile, *step.kernels)
        if key not in self.packed:
            pack: Callable[[NDArray[Any]], NDArray[np.float32]] = (
                (lambda kernel: pack_winograd(kernel, tile, self.panel))
                if tile
                else (lambda kernel: pack_direct(kernel, self.panel))
            )
            constants = self.graph.constants
            self.packed[key] = PackedWeights(
                join_packed([pack(constants[name]) for name in step.kernels]),
                join_packed([pack_biases(constants[name], self.panel) for name in step.biases]),
            )
        return self.packed[key]

    def adjust(self, operation: Operation, step: Step) -> None:
        """Nothing."""

    def border(self) -> Mapping[str, NDArray[np.uint8]]:
        """Zeros everywhere."""
        return {}
