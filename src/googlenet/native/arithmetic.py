"""What tensors and weights are made of: the part of an executable that differs between float32 and int8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from googlenet.native.library import Operation
from googlenet.native.steps import Convolve, LoweredGraph, Step


@dataclass(frozen=True, slots=True, eq=False)
class PackedWeights:
    """The weights of all the convolutions of a step, one behind the other, each from a panel of its own.

    kernels: (panels, places, depth, panel), of int8 with the depth in parts; biases, scales: (panels, panel).
    """

    kernels: NDArray[Any]
    biases: NDArray[np.float32]
    scales: NDArray[np.float32] | None = None


class Arithmetic(Protocol):
    """How a graph is computed.

    `suffix`: of its kernels. `winograd_channels`: what their number must be a multiple of, `tile_bytes` of each number
    that is transformed, `small_tile` for grids with few tiles of 4x4 (0: directly). `border`: what stands around the
    picture, a number a channel.
    """

    @property
    def graph(self) -> LoweredGraph: ...  # noqa: D102

    @property
    def suffix(self) -> str: ...  # noqa: D102

    @property
    def panel(self) -> int: ...  # noqa: D102

    @property
    def winograd_channels(self) -> int: ...  # noqa: D102

    @property
    def tile_bytes(self) -> int: ...  # noqa: D102

    @property
    def small_tile(self) -> int: ...  # noqa: D102

    def bytes_of(self, tensor: str) -> int:
        """The size of one number of a tensor."""
        ...

    def qmax_of(self, tensor: str) -> int:
        """The largest int8 value of a tensor; 0 of float32."""
        ...

    def row_bytes(self, step: Convolve, numbers: int) -> int:
        """How many bytes the kernel reads where a row of the convolution's kernel has so many numbers."""
        ...

    def pack(self, step: Convolve, tile: int) -> PackedWeights:
        """The weights of a step, for Winograd's tiles or (0) directly; packed when first asked for."""
        ...

    def adjust(self, operation: Operation, step: Step) -> None:
        """Add to an operation what depends on the arithmetic."""
        ...

    def border(self) -> Mapping[str, NDArray[np.uint8]]:
        """What fills a tensor's block at first, a byte a channel, where that is not zero."""
        ...
