"""A network as a self-contained module: uint8 squares in, probabilities, features and feature maps out."""

from __future__ import annotations

import io
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from googlenet.architecture import build_architecture
from googlenet.images import Preprocessing
from googlenet.model import AUXILIARY_PREFIX, Model
from googlenet.network.googlenet import GoogLeNet
from googlenet.network.input import to_network_input
from googlenet.network.weights import network_with_weights


class ExportableNetwork(nn.Module):
    """One network, or several whose probabilities are averaged, including the preprocessing.

    Weights are named `members.0.conv1.weight`.
    """

    def __init__(self, members: Sequence[GoogLeNet], preprocessing: Preprocessing) -> None:
        """All members must have the same `preprocessing`."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self.preprocessing = preprocessing

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(N, S, S, 3) uint8 RGB -> `probabilities` (N, classes), `features` (N, F), `feature_maps` (N, F, h, w)."""
        x = to_network_input(images, self.preprocessing)
        outputs = [member.forward_features(x) for member in self.members if isinstance(member, GoogLeNet)]
        return {
            "probabilities": torch.stack([one.logits.softmax(1) for one in outputs]).mean(0),
            "features": torch.cat([one.features for one in outputs], 1),
            "feature_maps": torch.cat([one.feature_maps for one in outputs], 1),
        }


def exportable_network(models: Sequence[Model]) -> ExportableNetwork:
    """The exportable network of models with the same preprocessing, without auxiliary classifiers."""
    members = [
        network_with_weights(
            build_architecture(model.spec),
            {name: weight for name, weight in model.weights.items() if not name.startswith(AUXILIARY_PREFIX)},
        )
        for model in models
    ]
    # contiguous, not channels last, because then torch stores plain bytes
    return ExportableNetwork(members, models[0].preprocessing).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload,no-any-return]


@torch.no_grad()
def encode_pt2(network: ExportableNetwork) -> bytes:
    """The bytes of a .pt2 file: the network exported for any number of squares of its input size."""
    input_size = network.preprocessing.input_size
    squares = torch.zeros(2, input_size, input_size, 3, dtype=torch.uint8)
    exported = torch.export.export(network, (squares,), dynamic_shapes=({0: torch.export.Dim("N")},))
    file = io.BytesIO()
    torch.export.save(exported, file)
    return file.getvalue()
