"""The network as data: Table 1, its variants, and what they cost. Standard library only."""

from googlenet.architecture.cost import (
    auxiliary_weight_shapes,
    check_input_size,
    input_sizes,
    network_cost,
    row_shapes,
    weight_shapes,
)
from googlenet.architecture.layer_names import (
    AskedLayer,
    LayerInfo,
    check_has_relu,
    find_layer,
    find_layers,
    layer_names,
)
from googlenet.architecture.layers import is_statistic
from googlenet.architecture.receptive_field import ReceptiveField, receptive_fields
from googlenet.architecture.table1 import HEADS, INCEPTION_MODULES, PAPER, Architecture, Auxiliary, TableRow
from googlenet.architecture.variants import VARIANTS, ArchitectureSpec, build_architecture, with_dropout

__all__ = [
    "HEADS",
    "INCEPTION_MODULES",
    "PAPER",
    "VARIANTS",
    "Architecture",
    "ArchitectureSpec",
    "AskedLayer",
    "Auxiliary",
    "LayerInfo",
    "ReceptiveField",
    "TableRow",
    "auxiliary_weight_shapes",
    "build_architecture",
    "check_has_relu",
    "check_input_size",
    "find_layer",
    "find_layers",
    "input_sizes",
    "is_statistic",
    "layer_names",
    "network_cost",
    "receptive_fields",
    "row_shapes",
    "weight_shapes",
    "with_dropout",
]
