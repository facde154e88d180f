"""What values and weights are made of: the part of a program that differs between float32 and whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from googlenet.native.library import Operation
from googlenet.native.packing import join_packed, pack_biases, pack_direct, pack_winograd
from googlenet.native.schedule import Kind
from googlenet.native.steps import Computation, Convolve, Step


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The weights of all the convolutions of a step, one behind the other, each from a panel of its own.

    kernels: (panels, places, depth, panel), of whole numbers with the depth in parts; biases, scales: (panels, panel).
    """

    kernels: NDArray[Any]
    biases: NDArray[np.float32]
    scales: NDArray[np.float32] | None = None


class Numbers(Protocol):
    """How a computation is done.

    `unit`: bytes that places in memory are counted in. `winograd_channels`: what their number must be a multiple of,
    `tile_bytes` of each number that is transformed, `small_tile` for grids with few tiles of 4x4 (0: directly).
    `border`: what stands around the picture, a number a channel.
    """

    @property
    def computation(self) -> Computation: ...  # noqa: D102

    @property
    def panel(self) -> int: ...  # noqa: D102

    @property
    def unit(self) -> int: ...  # noqa: D102

    @property
    def winograd_channels(self) -> int: ...  # noqa: D102

    @property
    def tile_bytes(self) -> int: ...  # noqa: D102

    @property
    def small_tile(self) -> int: ...  # noqa: D102

    def bytes_of(self, value: str) -> int:
        """The size of one number of a value."""
        ...

    def top_of(self, value: str) -> int:
        """The largest code of a value; 0 of floats."""
        ...

    def kernel_of(self, kind: Kind) -> int:
        """The place of the kernel in the library."""
        ...

    def run_of(self, step: Convolve, run: int) -> int:
        """How many inputs the kernel reads where a row of the convolution's kernel has `run`."""
        ...

    def pack(self, step: Convolve, tile: int) -> Packed:
        """The weights of a step, for Winograd's tiles or (0) directly; packed when first asked for."""
        ...

    def adjust(self, operation: Operation, step: Step) -> None:
        """Add to an operation what depends on the numbers."""
        ...

    def border(self) -> Mapping[str, NDArray[np.uint8]]:
        """What fills a value's block at first, a byte a channel, where that is not zero."""
        ...


@dataclass(slots=True, eq=False)
class Floats:
    """All in float32."""

    computation: Computation
    panel: int
    unit: int = 4
    tile_bytes: int = 4
    small_tile: int = 2
    packed: dict[tuple[int | str, ...], Packed] = field(default_factory=dict)

    @property
    def winograd_channels(self) -> int:
        """A vector's floats."""
        return self.panel // 2

    def bytes_of(self, value: str) -> int:
        """Of a float."""
        return 4

    def top_of(self, value: str) -> int:
        """There are no codes."""
        return 0

    def kernel_of(self, kind: Kind) -> int:
        """The kernels in floats are the first."""
        return kind

    def run_of(self, step: Convolve, run: int) -> int:
        """As long as it is."""
        return run

    def pack(self, step: Convolve, tile: int) -> Packed:
        """See `Numbers`."""
        key: tuple[int | str, ...] = (tile, *step.kernels)
        if key not in self.packed:
            pack: Callable[[NDArray[Any]], NDArray[np.float32]] = (
                (lambda kernel: pack_winograd(kernel, tile, self.panel))
                if tile
                else (lambda kernel: pack_direct(kernel, self.panel))
            )
            constants = self.computation.constants
            self.packed[key] = Packed(
                join_packed([pack(constants[name]) for name in step.kernels]),
                join_packed([pack_biases(constants[name], self.panel) for name in step.biases]),
            )
        return self.packed[key]

    def adjust(self, operation: Operation, step: Step) -> None:
        """Nothing."""

    def border(self) -> Mapping[str, NDArray[np.uint8]]:
        """Zeros everywhere."""
        return {}
