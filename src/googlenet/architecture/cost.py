"""What a network costs, computed from its table: weights, multiply-adds, and the input sizes it accepts."""

from __future__ import annotations

import bisect
import math
import re
from dataclasses import dataclass, replace
from typing import Any

from googlenet.architecture import layers as layer_records
from googlenet.architecture.layers import (
    Convolution,
    GridTooSmallError,
    Layer,
    Linear,
    Shape,
    WeightShapes,
    count_parameters,
    output_shape,
)
from googlenet.architecture.table1 import Architecture, Auxiliary, Printed, TableRow, row_depth
from googlenet.errors import InputError

LARGEST_INPUT_SIZE = 4096  # px; larger inputs are not tried


def row_shapes(architecture: Architecture, shape: Shape | None = None) -> dict[str, Shape]:
    """Output shape of each row by the row's name, for an input of `shape` (default: the architecture's own)."""
    shape = architecture.input_shape if shape is None else shape
    shapes = {}
    for row in architecture.rows:
        shape = output_shape(row.layers, shape)
        shapes[row.name] = shape
    return shapes


def auxiliary_weight_shapes(architecture: Architecture, auxiliary: Auxiliary) -> WeightShapes:
    """Shapes of the weights of one auxiliary classifier by name."""
    return layer_records.weight_shapes(auxiliary.layers, row_shapes(architecture)[auxiliary.after])


def weight_shapes(architecture: Architecture, *, auxiliaries: bool = True) -> WeightShapes:
    """Shapes of all weights by name, in the order of the table; those of the auxiliary classifiers last."""
    shapes = layer_records.weight_shapes(architecture.layers, architecture.input_shape)
    if auxiliaries:
        for auxiliary in architecture.auxiliaries:
            shapes |= auxiliary_weight_shapes(architecture, auxiliary)
    return shapes


def multiply_adds(layers: tuple[Layer, ...], shape: Shape) -> int:
    """Multiply-adds of layers for one input of `shape`: every kernel once for each position of its output."""
    total = 0
    for layer, input_shape in layer_records.walk(layers, shape):
        if isinstance(layer, Convolution | Linear):
            height, width, _ = layer.output_shape(input_shape)
            total += height * width * math.prod(layer.weight_shapes(input_shape)[f"{layer.name}.weight"])
    return total


def input_sizes(architecture: Architecture, *, auxiliaries: bool = False) -> tuple[int, int | None]:
    """Smallest and largest input size in px that all layers accept; `auxiliaries` includes the auxiliary classifiers.

    The largest is None if there is no limit. The paper's auxiliary classifiers (5x5/3 pool) accept 223 to 270 px.
    """
    own = architecture.input_size  # always accepted; the accepted sizes are an interval around it

    def fits(input_size: int) -> bool:
        return _grid_fits(architecture, input_size, auxiliaries=auxiliaries)

    least = bisect.bisect_left(range(own), True, lo=1, key=fits)
    beyond = own + bisect.bisect_left(range(own, LARGEST_INPUT_SIZE), True, key=lambda input_size: not fits(input_size))
    return least, None if beyond == LARGEST_INPUT_SIZE else beyond - 1


def check_input_size(architecture: Architecture, input_size: int, *, auxiliaries: bool = False) -> None:
    """Raise InputError, listing the accepted sizes, if the network does not accept inputs of `input_size` px."""
    if _grid_fits(architecture, input_size, auxiliaries=auxiliaries):
        return
    least, largest = input_sizes(architecture, auxiliaries=auxiliaries)
    accepted = f"{least} px or more" if largest is None else f"{least} to {largest} px"
    only_auxiliaries = auxiliaries and _grid_fits(architecture, input_size, auxiliaries=False)
    hint = (
        "; adaptive_auxiliary_pooling=true makes its auxiliary classifiers accept other sizes"
        if only_auxiliaries
        else ""
    )
    wrong = "too small" if input_size < least else "too large"
    raise InputError(
        f"an input of {input_size} px is {wrong}: the variant {architecture.variant!r} accepts {accepted}{hint}"
    )


def _grid_fits(architecture: Architecture, input_size: int, *, auxiliaries: bool) -> bool:
    """Whether an input passes all layers, and linear layers get as many values as their weights expect."""
    sized = replace(architecture, input_size=input_size)
    try:
        return weight_shapes(sized, auxiliaries=auxiliaries) == weight_shapes(architecture, auxiliaries=auxiliaries)
    except GridTooSmallError:
        return False


@dataclass(frozen=True, slots=True)
class RowCost:
    """The computed cost of a row next to the paper's printed figures; `*_met` is None where nothing is printed."""

    name: str
    kind: str
    output: str
    depth: int
    parameters: int
    multiply_adds: int
    printed_parameters: str | None
    printed_multiply_adds: str | None
    parameters_met: bool | None
    multiply_adds_met: bool | None
    output_met: bool | None


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """The costs of a network, with its rows; only `parameters_with_auxiliary` counts the auxiliary classifiers."""

    variant: str
    input_size: int
    classes: int
    parameters: int
    parameters_with_auxiliary: int
    multiply_adds: int
    depth: int
    rows: tuple[RowCost, ...]


def network_cost(architecture: Architecture) -> NetworkCost:
    """The cost of a network row by row: parameters including biases, multiply-adds for one input."""
    rows = []
    shape = architecture.input_shape
    for row in architecture.rows:
        rows.append(_row_cost(row, shape))
        shape = output_shape(row.layers, shape)
    return NetworkCost(
        variant=architecture.variant,
        input_size=architecture.input_size,
        classes=architecture.classes,
        parameters=count_parameters(weight_shapes(architecture, auxiliaries=False)),
        parameters_with_auxiliary=count_parameters(weight_shapes(architecture)),
        multiply_adds=sum(row.multiply_adds for row in rows),
        depth=sum(row.depth for row in rows),
        rows=tuple(rows),
    )


def _row_cost(row: TableRow, shape: Shape) -> RowCost:
    shapes = layer_records.weight_shapes(row.layers, shape)
    operations = multiply_adds(row.layers, shape)
    output = "x".join(str(length) for length in output_shape(row.layers, shape))
    printed = row.printed or Printed(output="", depth=0)
    with_biases, without = count_parameters(shapes), count_parameters(shapes, biases=False)
    return RowCost(
        name=row.name,
        kind=row.kind,
        output=output,
        depth=row_depth(row),
        parameters=with_biases,
        multiply_adds=operations,
        printed_parameters=printed.parameters,
        printed_multiply_adds=printed.multiply_adds,
        parameters_met=_met(printed.parameters, with_biases, without),
        multiply_adds_met=_met(printed.multiply_adds, operations),
        output_met=None if row.printed is None else printed.output == output,
    )


def _met(printed: str | None, *readings: int) -> bool | None:
    """Whether a printed figure equals one of the readings, rounded up or down to the printed precision."""
    if printed is None:
        return None
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?([KM])", printed)
    if match is None:
        raise InputError(f"the table prints {printed!r}, which is not a number")
    unit = {"K": 1024, "M": 1_000_000}[match[3]]
    decimals = 10 ** len(match[2] or "")
    value = int(match[1] + (match[2] or ""))
    return any(value in (reading * decimals // unit, -(-reading * decimals // unit)) for reading in readings)


def cost_to_dict(cost: NetworkCost) -> dict[str, Any]:
    """The costs as a dict, for JSON."""
    fields = {name: getattr(cost, name) for name in cost.__slots__ if name != "rows"}
    return fields | {"rows": [{name: getattr(row, name) for name in row.__slots__} for row in cost.rows]}
