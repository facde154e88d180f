"""Variants of the network, each written as its difference from the paper's table, and the spec that selects one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from googlenet.architecture.layers import (
    BATCH_NORM_EPSILON,
    AdaptiveAveragePool,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool,
    inception,
    map_layers,
    naive_inception,
)
from googlenet.architecture.table1 import PAPER, Architecture, TableRow
from googlenet.errors import InputError
from googlenet.suggestions import did_you_mean

PUBLISHED_NORM = LocalResponseNorm(size=11, alpha=0.0011, beta=0.5, k=2.0)
"""Inception5h's LRN as in its published graph: depth radius 5, bias 2, alpha 1e-4 for each of the 11 channels (the
alpha of a record is divided by its size)."""

PORT_NORM = LocalResponseNorm(size=9, alpha=1e-4, beta=0.5, k=1.0)
"""Inception5h's LRN as in its PyTorch ports; wrong for the published weights (docs/paper.md)."""

AUXILIARY_POOL_OUTPUT = 4  # output size of the paper's 5x5/3 pool at 224 px


def _mapped(table: Architecture, change: Callable[[Layer], Layer | None]) -> Architecture:
    """The table with `change` applied to every layer, including those of modules and auxiliary classifiers."""
    return replace(
        table,
        rows=tuple(replace(row, layers=map_layers(row.layers, change)) for row in table.rows),
        auxiliaries=tuple(replace(aux, layers=map_layers(aux.layers, change)) for aux in table.auxiliaries),
    )


def _with_rows(table: Architecture, *rows: TableRow) -> Architecture:
    """The table with the rows of the same names replaced."""
    new = {row.name: row for row in rows}
    return replace(table, rows=tuple(new.get(row.name, row) for row in table.rows))


def _without_rows(table: Architecture, *names: str) -> Architecture:
    return replace(table, rows=tuple(row for row in table.rows if row.name not in names))


def _without_printed(table: Architecture) -> Architecture:
    """The table without the paper's figures, which do not apply to a changed network."""
    return replace(table, rows=tuple(replace(row, printed=None) for row in table.rows))


def _named(table: Architecture, variant: str, *, input_size: int = 224) -> Architecture:
    return replace(_without_printed(table), variant=variant, input_size=input_size)


def _batch_norm(table: Architecture) -> Architecture:
    """Batch normalisation in every convolution instead of biases and LRN."""

    def change(layer: Layer) -> Layer | None:
        if isinstance(layer, LocalResponseNorm):
            return None
        return replace(layer, batch_norm=BATCH_NORM_EPSILON) if isinstance(layer, Convolution) else layer

    return _mapped(table, change)


def _adaptive_auxiliary_pooling(table: Architecture) -> Architecture:
    """Auxiliary classifiers whose average pool outputs 4x4 at every input size (the paper's: only at 223 to 270 px)."""

    def change(layer: Layer) -> Layer:
        return AdaptiveAveragePool(AUXILIARY_POOL_OUTPUT) if isinstance(layer, AveragePool) else layer

    return _mapped(table, change)


def _classifiers(layers: tuple[Layer, ...], outputs: int) -> tuple[Layer, ...]:
    """The layers, with `outputs` logits from the last linear one."""
    last = max(index for index, layer in enumerate(layers) if isinstance(layer, Linear))
    return tuple(
        replace(layer, outputs=outputs) if index == last and isinstance(layer, Linear) else layer
        for index, layer in enumerate(layers)
    )


def _with_classes(table: Architecture, classes: int) -> Architecture:
    last = max(index for index, row in enumerate(table.rows) if any(isinstance(layer, Linear) for layer in row.layers))
    return replace(
        table,
        classes=classes,
        rows=tuple(
            replace(row, layers=_classifiers(row.layers, classes)) if index == last else row
            for index, row in enumerate(table.rows)
        ),
        auxiliaries=tuple(replace(aux, layers=_classifiers(aux.layers, classes)) for aux in table.auxiliaries),
    )


def _with_width(table: Architecture, width: float) -> Architecture:
    """The table with every number of filters multiplied and rounded to a multiple of 8 (1: unchanged)."""

    def wider(filters: int) -> int:
        return max(8, int(filters * width / 8 + 0.5) * 8)

    def change(layer: Layer) -> Layer:
        if isinstance(layer, Convolution):
            return replace(layer, filters=wider(layer.filters))
        if isinstance(layer, Linear) and layer.relu:
            return replace(layer, outputs=wider(layer.outputs))
        return layer

    return table if width == 1 else _without_printed(_mapped(table, change))


def _naive(variant: str, table: Architecture) -> Architecture:
    """The table with the modules of Figure 2a."""

    def change(layer: Layer) -> Layer:
        return naive_inception(layer) if isinstance(layer, Inception) else layer

    return _named(_mapped(table, change), variant, input_size=table.input_size)


def _fully_connected(variant: str, table: Architecture) -> Architecture:
    """The table with a fully connected layer in place of the average pool."""
    head = TableRow("fully_connected", "fully connected", (Linear("fully_connected", 1024, relu=True),))
    rows = tuple(head if row.name == "average_pool" else row for row in table.rows)
    return _named(replace(table, rows=rows), variant, input_size=table.input_size)


def _inception5h(variant: str, norm: LocalResponseNorm) -> Architecture:
    """4a with 204 3x3 filters, 5a with 48 5x5 reductions, another LRN, TensorFlow's padding, 1,008 outputs."""

    def change(layer: Layer) -> Layer:
        if isinstance(layer, LocalResponseNorm):
            return norm
        if isinstance(layer, Convolution) and layer.stride == 2:
            return replace(layer, padding=(2, 3))
        return layer

    table = _with_rows(
        PAPER,
        TableRow("4a", "inception", (inception("4a", 192, 96, 204, 16, 48, 64),)),
        TableRow("5a", "inception", (inception("5a", 256, 160, 320, 48, 128, 128),)),
    )
    return _with_classes(_named(_mapped(table, change), variant), 1008)


def _torchvision() -> Architecture:
    """Torchvision's `googlenet`: 3x3 in the branch named 5x5, a 2x2 pool before 5a, dropout 0.2, batch norm."""

    def change(layer: Layer) -> Layer:
        if isinstance(layer, Convolution) and layer.name == "5x5":
            return replace(layer, kernel_size=3)
        return Dropout(0.2) if layer == Dropout(0.4) else layer

    table = _with_rows(_mapped(PAPER, change), TableRow("pool4", "max pool", (MaxPool(2, 2),)))
    return _named(_adaptive_auxiliary_pooling(_batch_norm(table)), "torchvision")


def _batchnorm() -> Architecture:
    return _named(_adaptive_auxiliary_pooling(_batch_norm(PAPER)), "batchnorm")


def _small_32_paper() -> Architecture:
    """Stride 2 before 3a instead of 8: a 32 px input reaches it as 16x16."""
    table = _without_rows(PAPER, "pool2")
    table = _with_rows(table, TableRow("conv1", "convolution", (Convolution("conv1", 64, 3),)))
    return _named(_adaptive_auxiliary_pooling(table), "small-32-paper", input_size=32)


def _small_64_paper() -> Architecture:
    """Stride 4 before 3a instead of 8: a 64 px input reaches it as 16x16, 96 px as 24x24. Pool1 leaves its LRN."""
    table = _without_rows(PAPER, "pool1")
    table = _with_rows(table, TableRow("conv1", "convolution", (Convolution("conv1", 64, 5, 2), LocalResponseNorm())))
    return _named(_adaptive_auxiliary_pooling(table), "small-64-paper", input_size=64)


def _small_32() -> Architecture:
    return _named(_batch_norm(_small_32_paper()), "small-32", input_size=32)


def _small_64() -> Architecture:
    return _named(_batch_norm(_small_64_paper()), "small-64", input_size=64)


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant: what it is, as a phrase, and the function that builds its table."""

    purpose: str
    build: Callable[[], Architecture]


VARIANTS: dict[str, Variant] = {
    "paper": Variant("Table 1 and Figure 3 to the letter", lambda: PAPER),
    "naive": Variant(
        "Figure 2a: modules without 1x1 reductions, to show what those save", lambda: _naive("naive", PAPER)
    ),
    "fully-connected": Variant(
        "the head that average pooling replaced (Section 5)", lambda: _fully_connected("fully-connected", PAPER)
    ),
    "inception5h": Variant(
        "the network published with weights in 2014-15, 1,008 outputs",
        lambda: _inception5h("inception5h", PUBLISHED_NORM),
    ),
    "inception5h-port": Variant(
        "inception5h with the LRN of its PyTorch ports, for weights trained with that",
        lambda: _inception5h("inception5h-port", PORT_NORM),
    ),
    "torchvision": Variant("torchvision's googlenet: batch normalisation, 3x3 for 5x5", _torchvision),
    "batchnorm": Variant("the paper's filters with batch normalisation instead of LRN and biases", _batchnorm),
    "small-32": Variant("batch normalisation and a stem of stride 2, for pictures of 28 to 47 px", _small_32),
    "small-64": Variant("batch normalisation and a stem of stride 4, for pictures of 48 to 96 px", _small_64),
    "small-32-paper": Variant("small-32 with the paper's LRN and biases, without batch normalisation", _small_32_paper),
    "small-64-paper": Variant("small-64 with the paper's LRN and biases, without batch normalisation", _small_64_paper),
    "small-32-naive": Variant(
        "small-32 with the modules of Figure 2a, to train both", lambda: _naive("small-32-naive", _small_32())
    ),
    "small-64-naive": Variant(
        "small-64 with the modules of Figure 2a, to train both", lambda: _naive("small-64-naive", _small_64())
    ),
    "small-32-fully-connected": Variant(
        "small-32 with a fully connected layer in place of average pooling, to train both",
        lambda: _fully_connected("small-32-fully-connected", _small_32()),
    ),
    "small-64-fully-connected": Variant(
        "small-64 with a fully connected layer in place of average pooling, to train both",
        lambda: _fully_connected("small-64-fully-connected", _small_64()),
    ),
}


@dataclass(frozen=True, slots=True)
class ArchitectureSpec:
    """Which network: a variant's name and the sizes a user can choose. `width` multiplies the filters."""

    variant: str = "paper"
    classes: int = 1000
    channels: int = 3
    width: float = 1.0
    adaptive_auxiliary_pooling: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for an unknown variant and for invalid sizes."""
        if self.variant not in VARIANTS:
            hint = did_you_mean(self.variant, VARIANTS, otherwise=f"the variants are {', '.join(VARIANTS)}")
            raise InputError(f"no variant is called {self.variant!r}; {hint}")
        if self.classes < 1 or self.channels < 1:
            raise InputError(f"classes and channels must be at least 1, not {self.classes} and {self.channels}")
        if not 0 < self.width <= 16:
            raise InputError(f"width must be above 0 and at most 16, not {self.width}")

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> ArchitectureSpec:
        """The inverse of `to_dict`; raises InputError for unknown or missing fields."""
        names = {field.name for field in dataclasses.fields(cls)}
        if set(fields) != names:
            raise InputError(
                f"an architecture has the fields {', '.join(sorted(names))}, not {', '.join(sorted(fields))}"
            )
        return cls(**fields)


def with_dropout(architecture: Architecture, share: float) -> Architecture:
    """The table with dropout `share` before its last layer; the auxiliary classifiers keep theirs."""
    rows = tuple(replace(row, layers=(Dropout(share),)) if row.kind == "dropout" else row for row in architecture.rows)
    return replace(architecture, rows=rows)


def build_architecture(spec: ArchitectureSpec) -> Architecture:
    """The table of a variant with the spec's classes, channels and width."""
    table = _with_width(VARIANTS[spec.variant].build(), spec.width)
    if (spec.classes, spec.channels) != (table.classes, table.channels):
        table = replace(_with_classes(_without_printed(table), spec.classes), channels=spec.channels)
    return _adaptive_auxiliary_pooling(table) if spec.adaptive_auxiliary_pooling else table
