"""Table 1 of the paper as data: its rows, their layers, and the printed figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from googlenet.architecture.layers import (
    AdaptiveAveragePool,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Shape,
    inception,
)

RowKind: TypeAlias = Literal[
    "convolution", "max pool", "inception", "average pool", "dropout", "linear", "softmax", "fully connected"
]


@dataclass(frozen=True, slots=True)
class Printed:
    """The cells of a row as printed; "K" is 1,024 in the parameters, "ops" are multiply-adds."""

    output: str
    depth: int
    parameters: str | None = None
    multiply_adds: str | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of the table: its name, its layers, and the paper's figures for it (None: not in the paper)."""

    name: str
    kind: RowKind
    layers: tuple[Layer, ...]
    printed: Printed | None = None


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """An auxiliary classifier: layers on the output of row `after`, used only in training (paper, Section 5)."""

    name: str
    after: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Architecture:
    """A whole network as data: `input_size` is its nominal one, in px; the last linear layer outputs the logits."""

    variant: str
    input_size: int
    channels: int
    classes: int
    rows: tuple[TableRow, ...]
    auxiliaries: tuple[Auxiliary, ...]

    def __repr__(self) -> str:
        rows = f"{len(self.rows)} rows, {len(self.auxiliaries)} auxiliary classifiers"
        return f"<Architecture {self.variant}: {rows}, {self.input_size} px, {self.classes:,} classes>"

    @property
    def input_shape(self) -> Shape:
        """(input_size, input_size, channels)."""
        return self.input_size, self.input_size, self.channels

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers of the main path, in order."""
        return tuple(layer for row in self.rows for layer in row.layers)

    @property
    def classifiers(self) -> tuple[str, ...]:
        """Names of the linear layers that give the logits: the main one, then those of the auxiliary classifiers."""
        heads = (self.layers, *(auxiliary.layers for auxiliary in self.auxiliaries))
        return tuple([layer.name for layer in layers if isinstance(layer, Linear)][-1] for layers in heads)

    @property
    def backbone(self) -> Architecture:
        """The rows up to the last module, without the head and the auxiliary classifiers."""
        last = max(index for index, row in enumerate(self.rows) if row.kind == "inception")
        return replace(self, rows=self.rows[: last + 1], auxiliaries=())


def _module(name: str, filters: tuple[int, int, int, int, int, int], printed: Printed) -> TableRow:
    return TableRow(name, "inception", (inception(name, *filters),), printed)


def _auxiliary(after: str) -> Auxiliary:
    name = f"auxiliary_{after}"
    return Auxiliary(
        name,
        after,
        (
            AveragePool(5, 3),
            Convolution(f"{name}.convolution", 128, 1),
            Linear(f"{name}.fully_connected", 1024, relu=True),
            Dropout(0.7),
            Linear(f"{name}.linear", 1000),
        ),
    )


_ROWS = (
    TableRow("conv1", "convolution", (Convolution("conv1", 64, 7, 2),), Printed("112x112x64", 1, "2.7K", "34M")),
    TableRow("pool1", "max pool", (MaxPool(3, 2), LocalResponseNorm()), Printed("56x56x64", 0)),
    TableRow(
        "conv2",
        "convolution",
        (Convolution("conv2_reduce", 64, 1), Convolution("conv2", 192, 3), LocalResponseNorm()),
        Printed("56x56x192", 2, "112K", "360M"),
    ),
    TableRow("pool2", "max pool", (MaxPool(3, 2),), Printed("28x28x192", 0)),
    _module("3a", (64, 96, 128, 16, 32, 32), Printed("28x28x256", 2, "159K", "128M")),
    _module("3b", (128, 128, 192, 32, 96, 64), Printed("28x28x480", 2, "380K", "304M")),
    TableRow("pool3", "max pool", (MaxPool(3, 2),), Printed("14x14x480", 0)),
    _module("4a", (192, 96, 208, 16, 48, 64), Printed("14x14x512", 2, "364K", "73M")),
    _module("4b", (160, 112, 224, 24, 64, 64), Printed("14x14x512", 2, "437K", "88M")),
    _module("4c", (128, 128, 256, 24, 64, 64), Printed("14x14x512", 2, "463K", "100M")),
    _module("4d", (112, 144, 288, 32, 64, 64), Printed("14x14x528", 2, "580K", "119M")),
    _module("4e", (256, 160, 320, 32, 128, 128), Printed("14x14x832", 2, "840K", "170M")),
    TableRow("pool4", "max pool", (MaxPool(3, 2),), Printed("7x7x832", 0)),
    _module("5a", (256, 160, 320, 32, 128, 128), Printed("7x7x832", 2, "1072K", "54M")),
    _module("5b", (384, 192, 384, 48, 128, 128), Printed("7x7x1024", 2, "1388K", "71M")),
    TableRow("average_pool", "average pool", (AdaptiveAveragePool(1),), Printed("1x1x1024", 0)),
    TableRow("dropout", "dropout", (Dropout(0.4),), Printed("1x1x1024", 0)),
    TableRow("linear", "linear", (Linear("linear", 1000),), Printed("1x1x1000", 1, "1000K", "1M")),
    TableRow("softmax", "softmax", (), Printed("1x1x1000", 0)),
)

PAPER = Architecture("paper", 224, 3, 1000, _ROWS, (_auxiliary("4a"), _auxiliary("4d")))
"""GoogLeNet as in Table 1 and Figure 3. The 7x7 average pool is written as a global average pool, which is the same at
224 px and works for other input sizes."""

HEADS = ("main", *(auxiliary.name for auxiliary in PAPER.auxiliaries))
"""Names of the classifiers that a network can have, the main one first: those of the paper, in every variant."""

INCEPTION_MODULES = tuple(row.name for row in _ROWS if row.kind == "inception")
"""The names of the modules: "3a" to "5b"."""


def row_depth(row: TableRow) -> int:
    """Layers with weights on the longest path through a row (the table's column "depth")."""

    def depth(layers: tuple[Layer, ...]) -> int:
        return sum(
            max(depth(branch) for branch in layer.branches)
            if isinstance(layer, Inception)
            else isinstance(layer, Convolution | Linear)
            for layer in layers
        )

    return depth(row.layers)
