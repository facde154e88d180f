"""Each kernel alone, on memory full of sentinels: what it computes is numpy's, and it writes that and nothing else."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import DTypeLike, NDArray

from googlenet.native.library import (
    InstructionSet,
    Job,
    Operation,
    Panel,
    Phase,
    TensorView,
    choose_instruction_set,
    kernel_number,
    load_library,
)
from googlenet.native.pack import (
    INPUT_TRANSFORMS,
    LINE,
    aligned_zeros,
    fit_int16_sums,
    pack_biases,
    pack_direct,
    pack_int8,
    pack_winograd,
    pack_winograd_int16,
)

SENTINEL = 0xA5

Array = NDArray[Any]


@pytest.fixture
def simd(each_instruction_set: str) -> InstructionSet:
    return choose_instruction_set(each_instruction_set)


@dataclass(eq=False)
class Tensor:
    """A tensor with sentinels between its pixels and rows, from `first` in the arena."""

    view: TensorView
    values: Array
    padding: int = 0

    def padded(self) -> TensorView:
        view = self.view
        first = view.first - self.padding * (view.row + view.pixel)
        return TensorView(first, view.row, view.pixel, view.height, view.width, view.channels)


@dataclass(eq=False)
class Memory:
    """An arena that is as large as what is placed in it, and one line behind, as the engine's are."""

    content: Array = field(default_factory=lambda: aligned_zeros(1 << 20, np.uint8))
    used: int = 0

    def __post_init__(self) -> None:
        self.content[:] = SENTINEL

    def place(self, shape: tuple[int, int, int], dtype: DTypeLike, gap: int = 0, padding: int = 0) -> Tensor:
        """A tensor with `gap` numbers between pixels, and a border of zeros."""
        height, width, channels = shape
        number = np.dtype(dtype).itemsize
        pixel = (channels + gap) * number
        row = (width + 2 * padding) * pixel + gap * number
        begin = self.used
        self.used += -(-(height + 2 * padding) * row // LINE) * LINE
        whole = self._strided(
            self.content, begin, row, pixel, (height + 2 * padding, width + 2 * padding, channels), dtype
        )
        if padding:
            whole[:] = 0
        values = whole[padding : padding + height, padding : padding + width]
        return Tensor(TensorView(begin + padding * (row + pixel), row, pixel, height, width, channels), values, padding)

    @staticmethod
    def _strided(
        memory: Array, first: int, row: int, pixel: int, shape: tuple[int, int, int], dtype: DTypeLike
    ) -> Array:
        number = np.dtype(dtype).itemsize
        return as_strided(memory[first:].view(dtype), shape, (row, pixel, number), writeable=True)

    def run(self, simd: InstructionSet, *operations: Operation, image: Array | None = None, threads: int = 1) -> None:
        """The operations one after the other, on memory of exactly the size that was placed."""
        arena = aligned_zeros(self.used + LINE, np.uint8)
        arena[:] = self.content[: self.used + LINE]
        phases = (Phase * len(operations))(*(Phase(at, at + 1, each.items) for at, each in enumerate(operations)))
        job = Job(
            operations=(Operation * len(operations))(*operations),
            phases=phases,
            phase_count=len(operations),
            arenas=arena.ctypes.data,
            arena_bytes=arena.size,
            images=(arena if image is None else image).ctypes.data,
            image_count=1,
        )
        library = load_library()
        pool = library.googlenet_pool_create(threads, simd.number)
        library.googlenet_pool_run(pool, ctypes.byref(job))
        library.googlenet_pool_destroy(pool)
        self.after = arena

    def written(self, *outputs: Tensor) -> list[Array]:
        """The outputs; asserts that nothing else was written."""
        same = self.after == self.content[: self.after.size]
        found = []
        for output in outputs:
            view, dtype = output.view, output.values.dtype
            shape = view.height, view.width, view.channels
            found.append(self._strided(self.after, view.first, view.row, view.pixel, shape, dtype).copy())
            bytes_ = (*shape[:2], shape[2] * dtype.itemsize)
            self._strided(same.view(np.uint8), view.first, view.row, view.pixel, bytes_, np.uint8)[:] = 1
        assert same.all(), f"written outside of the output, first at {np.flatnonzero(~same)[:5]}"
        return found


def panels_of(outputs: Sequence[Tensor], panel: int, qmax: float = 0) -> ctypes.Array[Panel]:
    found = []
    for output in outputs:
        view, number = output.view, output.values.dtype.itemsize
        for begin in range(0, view.channels, panel):
            channels = min(panel, view.channels - begin)
            found.append(Panel(view.first + begin * number, view.row, view.pixel, channels, qmax))
    return (Panel * len(found))(*found)


def convolved(source: Array, kernel: Array, stride: int, padding: int) -> Array:
    """(height, width, in) and (out, in, size, size) -> (height, width, out), in float64."""
    wide = np.pad(source.astype(np.float64), ((padding, padding), (padding, padding), (0, 0)))
    windows = sliding_window_view(wide, kernel.shape[2:], (0, 1))[::stride, ::stride]
    found: Array = np.einsum("yxchw,ochw->yxo", windows, kernel.astype(np.float64))
    return found


def address(array: Array) -> int:
    return array.ctypes.data


SIZES = [(1, 1, 1), (1, 3, 70), (7, 8, 33), (16, 32, 64), (5, 20, 9)]
"""Channels in, pixels across, channels out: panels that are cut off, and whole ones."""


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (3, 2), (5, 1), (7, 2)])
@pytest.mark.parametrize(("channels", "width", "outputs"), SIZES)
def test_conv_f32(simd: InstructionSet, size: int, stride: int, channels: int, width: int, outputs: int) -> None:
    relu = size != 3
    generator = np.random.default_rng(size)
    memory, padding = Memory(), size // 2
    grid = (6 + 2 * padding - size) // stride + 1, (width + 2 * padding - size) // stride + 1
    target = memory.place((*grid, outputs), np.float32, gap=3)
    source = memory.place((6, width, channels), np.float32, padding=padding)
    source.values[:] = generator.standard_normal(source.values.shape)
    kernel = generator.standard_normal((outputs, channels, size, size)).astype(np.float32)
    bias = generator.standard_normal(outputs).astype(np.float32)
    weights, biases = pack_direct(kernel, simd.panel), pack_biases(bias, simd.panel)
    panels = panels_of([target], simd.panel)
    operation = Operation(
        kernel=kernel_number("conv_f32"), items=2 * len(panels), pixel_groups=2, panel_groups=len(panels),
        in_=source.padded(), out=TensorView(height=grid[0], width=grid[1]), panels=panels, panel_count=len(panels),
        weights=address(weights), biases=address(biases), relu=relu, taps=size, row_bytes=size * channels * 4,
        stride=stride,
    )  # fmt: skip
    memory.run(simd, operation)
    expected = convolved(source.values, kernel, stride, padding) + bias
    np.testing.assert_allclose(memory.written(target)[0], np.maximum(expected, 0) if relu else expected, atol=2e-4)


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 2), (5, 1)])
@pytest.mark.parametrize(("channels", "width", "outputs"), SIZES)
@pytest.mark.parametrize(("kind", "group"), [("int8", 1), ("int8", 4), ("float", 4), ("squared", 1)])
def test_conv_i8(
    simd: InstructionSet, size: int, stride: int, channels: int, width: int, outputs: int, kind: str, group: int
) -> None:
    generator = np.random.default_rng(size)
    memory, padding, qmax = Memory(), size // 2, 200
    grid = (6 + 2 * padding - size) // stride + 1, (width + 2 * padding - size) // stride + 1
    target = memory.place((*grid, outputs), np.float32 if kind == "float" else np.uint8, gap=4)
    source = memory.place((6, width, channels), np.uint8, padding=padding)
    largest = 255 if simd.exact_int8 else 127
    source.values[:] = generator.integers(0, largest + 1, source.values.shape)
    kernel = generator.integers(-127, 128, (outputs, channels, size, size)).astype(np.int8)
    if not simd.exact_int8:
        kernel, _ = fit_int16_sums(kernel, np.ones(outputs), group, largest)
    scale = np.full(outputs, 2.0**-8, np.float32)  # powers of two: what is expected is exact
    bias = generator.integers(-20, 300, outputs).astype(np.float32)
    weights = pack_int8(kernel, simd.panel, 4 * group)
    scales, biases = pack_biases(scale, simd.panel), pack_biases(bias, simd.panel)
    panels = panels_of([target], simd.panel, qmax)
    part = 4 * group
    operation = Operation(
        kernel=kernel_number("conv_i8"), items=2 * len(panels), pixel_groups=2, panel_groups=len(panels),
        in_=source.padded(), out=TensorView(height=grid[0], width=grid[1]), panels=panels, panel_count=len(panels),
        weights=address(weights), biases=address(biases), scales=address(scales), taps=size,
        row_bytes=-(-size * channels // part) * part, stride=stride, group=group, float_output=kind == "float",
        squared_output=kind == "squared",
    )  # fmt: skip
    memory.run(simd, operation)
    expected = convolved(source.values, kernel, stride, padding) * scale + bias
    if kind == "squared":
        expected = np.sqrt(np.maximum(expected, 0))
    if kind != "float":
        expected = np.rint(expected).clip(0, qmax)
    found = memory.written(target)[0].astype(np.float64)
    assert np.abs(found - expected).max() <= (1 if kind == "squared" else 0)


OUTPUT_TRANSFORMS = {
    2: np.array([[1, 1, 1, 0], [0, 1, -1, -1]]),
    4: np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 4]]),
}
"""From products to outputs, with kernels in 16 bits."""


def winograd_of_integers(wide: Array, packed: Array, tile: int) -> Array:
    """What the transformed kernels (panels, places, in / 2, panel, 2) give, exactly: (height, width, out)."""
    panels, _, pairs, panel, _ = packed.shape
    kernels = packed.transpose(1, 2, 4, 0, 3).reshape(tile + 2, tile + 2, 2 * pairs, panels * panel).astype(np.float64)
    squares = sliding_window_view(wide.astype(np.float64), (tile + 2, tile + 2), (0, 1))[::tile, ::tile]
    into, out_of = INPUT_TRANSFORMS[tile], OUTPUT_TRANSFORMS[tile]
    transformed = np.einsum("ai,bj,yxcij->yxabc", into, into, squares, optimize=True)
    products = np.einsum("yxabc,abco->yxabo", transformed, kernels)
    outputs: Array = np.einsum("ia,jb,yxabo->yixjo", out_of, out_of, products, optimize=True)
    return outputs.reshape(len(squares) * tile, -1, panels * panel)


@pytest.mark.parametrize("arithmetic", ["f32", "i8"])
@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (5, 7), (8, 6), (9, 13)])
@pytest.mark.parametrize("outputs", [3, 45])
def test_winograd(simd: InstructionSet, arithmetic: str, tile: int, height: int, width: int, outputs: int) -> None:
    generator = np.random.default_rng(tile)
    memory, channels, int8 = Memory(), 32, arithmetic == "i8"
    down, across = -(-height // tile), -(-width // tile)
    target = memory.place((height, width, outputs), np.float32, gap=1)
    places = (tile + 2) ** 2
    transformed = memory.place((places, down * across, channels), np.int16 if int8 else np.float32)
    wide = memory.place((down * tile + 2, across * tile + 2, channels), np.uint8 if int8 else np.float32)
    wide.values[:] = 0
    source = wide.values[1 : 1 + height, 1 : 1 + width]
    source[:] = generator.integers(0, 256, source.shape) if int8 else generator.standard_normal(source.shape)
    kernel = generator.standard_normal((outputs, channels, 3, 3)).astype(np.float32)
    bias = generator.standard_normal(outputs).astype(np.float32)
    scales: Array | None = None
    weights: Array
    if int8:
        weights, exact = pack_winograd_int16(kernel, tile, simd.panel, 255)
        scales = pack_biases(exact, simd.panel)
    else:
        weights = pack_winograd(kernel, tile, simd.panel)
    biases, panels = pack_biases(bias, simd.panel), panels_of([target], simd.panel)
    tiles: dict[str, Any] = {"tiles_down": down, "tiles_across": across, "tile": tile}
    block = TensorView(transformed.view.first, channels=channels)
    memory.run(
        simd,
        Operation(
            kernel=kernel_number(f"winograd_input_{arithmetic}"), items=down, in_=wide.view, out=block, **tiles
        ),
        Operation(
            kernel=kernel_number(f"winograd_output_{arithmetic}"), items=2 * len(panels), pixel_groups=2,
            panel_groups=len(panels), in_=block, out=TensorView(height=height, width=width), panels=panels,
            panel_count=len(panels), weights=address(weights), biases=address(biases),
            scales=None if scales is None else address(scales), float_output=int8, **tiles,
        ),
    )  # fmt: skip
    expected: Array = convolved(source, kernel, 1, 1) + bias
    found, _ = memory.written(target, transformed)
    if int8:
        assert np.abs(found - expected).max() < 1e-2 * np.abs(expected).max()
        expected = winograd_of_integers(wide.values, weights, tile)[:height, :width, :outputs] * exact + bias
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("channels", [1, 15, 16, 64, 100])
@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 2, 0), (3, 1, 1), (2, 2, 0), (5, 3, 2)])
def test_maxpool(
    simd: InstructionSet, dtype: type[np.generic], channels: int, size: int, stride: int, padding: int
) -> None:
    generator = np.random.default_rng(channels)
    memory, height, width = Memory(), 7, 9
    grid = [(each + 2 * padding - size) // stride + 1 for each in (height, width)]
    target = memory.place((grid[0], grid[1], channels), dtype, gap=5)
    source = memory.place((height, width, channels), dtype, gap=2)
    source.values[:] = generator.integers(0, 256, source.values.shape) - (100 if dtype is np.float32 else 0)
    settings = {"kernel_size": size, "stride": stride, "padding": padding}
    kernel = kernel_number("maxpool_f32" if dtype is np.float32 else "maxpool_i8")
    memory.run(simd, Operation(kernel=kernel, items=grid[0], in_=source.view, out=target.view, **settings))
    border = (padding, padding)
    wide = np.pad(source.values.astype(np.float64), (border, border, (0, 0)), constant_values=-np.inf)
    expected = sliding_window_view(wide, (size, size), (0, 1))[::stride, ::stride].max((3, 4))
    np.testing.assert_array_equal(memory.written(target)[0], expected)


def normalized(values: Array, window: int, alpha: float, beta: float, k: float) -> Array:
    channels = values.shape[2]
    squares = np.pad(values**2, ((0, 0), (0, 0), ((window - 1) // 2, window // 2)))
    sums = sum(squares[..., at : at + channels] for at in range(window))
    return values / (k + alpha * sums) ** beta


@pytest.mark.parametrize("channels", [1, 8, 21, 64, 70])
@pytest.mark.parametrize(("window", "beta"), [(1, 0.5), (5, 0.5), (5, 0.75), (8, 0.75)])
@pytest.mark.parametrize("int8", [False, True])
def test_lrn(simd: InstructionSet, channels: int, window: int, beta: float, int8: bool) -> None:
    generator = np.random.default_rng(channels)
    memory, dtype = Memory(), np.uint8 if int8 else np.float32
    target = memory.place((3, 4, channels), dtype, gap=3)
    source = memory.place((3, 4, channels), dtype, gap=1)
    source.values[:] = generator.integers(0, 256, source.values.shape)
    kernel = kernel_number("lrn_i8" if int8 else "lrn_f32")
    factor = 3.0 if int8 else 1.0
    operation = Operation(
        kernel=kernel, items=3, in_=source.view, out=target.view, window=window, alpha=1e-4, beta=beta, k=2.0, qmax=250,
        factor=factor,
    )  # fmt: skip
    memory.run(simd, operation)
    expected = normalized(source.values.astype(np.float64), window, 1e-4, beta, 2.0) * factor
    found = memory.written(target)[0]
    if int8:
        assert np.abs(found - np.rint(expected).clip(0, 250)).max() <= 1
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 8, 21, 64, 70])
@pytest.mark.parametrize("int8", [False, True])
def test_avgpool(simd: InstructionSet, channels: int, int8: bool) -> None:
    memory = Memory()
    target = memory.place((1, 1, channels), np.float32, gap=3)
    source = memory.place((3, 4, channels), np.uint8 if int8 else np.float32, gap=1)
    source.values[:] = np.random.default_rng(channels).integers(0, 256, source.values.shape)
    items = -(-channels // simd.panel)
    kernel = kernel_number("avgpool_i8" if int8 else "avgpool_f32")
    memory.run(simd, Operation(kernel=kernel, items=items, in_=source.view, out=target.view, factor=1 / 12))
    np.testing.assert_allclose(memory.written(target)[0][0, 0], source.values.mean((0, 1)), rtol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 5), (40, 33)])
@pytest.mark.parametrize("int8", [False, True])
def test_image(simd: InstructionSet, height: int, width: int, int8: bool) -> None:
    memory, image = Memory(), np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    target = memory.place((height, width, 3), np.uint8 if int8 else np.float32, padding=2)
    kernel = kernel_number("image_i8" if int8 else "image_f32")
    operation = Operation(kernel=kernel, items=-(-height // 16), out=target.view, mean=(1, 2, 3))
    memory.run(simd, operation, image=image)
    expected = image if int8 else image - np.array([1, 2, 3], np.float32)
    np.testing.assert_array_equal(memory.written(target)[0], expected)


@pytest.mark.parametrize("channels", [1, 8, 21, 64, 70])
def test_float_values_become_int8_and_back(simd: InstructionSet, channels: int) -> None:
    memory = Memory()
    back = memory.place((1, 1, channels), np.float32, gap=1)
    bytes_ = memory.place((1, 1, channels), np.uint8, gap=3)
    source = memory.place((1, 1, channels), np.float32)
    source.values[:] = np.random.default_rng(channels).uniform(-30, 300, source.values.shape)
    source.values[0, 0, -1] = 1e30  # far above what an int32 holds
    memory.run(
        simd,
        Operation(kernel=kernel_number("quantize_i8"), items=1, in_=source.view, out=bytes_.view, factor=0.5, qmax=120),
        Operation(kernel=kernel_number("dequantize_i8"), items=1, in_=bytes_.view, out=back.view, factor=2.0),
    )
    expected = np.rint(source.values * np.float32(0.5)).clip(0, 120)
    found, again = memory.written(bytes_, back)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(again, expected * 2)


def test_all_kernels_of_the_library_are_here(simd: InstructionSet) -> None:
    library = load_library()
    names: list[str] = []
    while name := library.googlenet_kernel_name(len(names)):
        names.append(name.decode())
    kinds = ["conv", "winograd_input", "winograd_output", "maxpool", "lrn", "avgpool", "image"]
    tested = [f"{kind}_{suffix}" for kind in kinds for suffix in ("f32", "i8")] + ["quantize_i8", "dequantize_i8"]
    assert sorted(names) == sorted(tested)
