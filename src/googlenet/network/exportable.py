"""A network as a module that needs nothing around it: uint8 pictures in, probabilities, features and maps out."""

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
    """One network or several, whose probabilities are averaged, with the preprocessing inside.

    Weights are named `members.0.conv1.weight`.
    """

    def __init__(self, members: Sequence[GoogLeNet], preprocessing: Preprocessing) -> None:
        """The members read the same squares, as `preprocessing` says."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self.preprocessing = preprocessing

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(N, S, S, 3) uint8 RGB -> `probabilities` (N, classes), `features` (N, F), `feature_maps` (N, F, h, w)."""
        x = to_network_input(images, self.preprocessing)
        seen = [member.forward_features(x) for member in self.members if isinstance(member, GoogLeNet)]
        return {
            "probabilities": torch.stack([one.logits.softmax(1) for one in seen]).mean(0),
            "features": torch.cat([one.features for one in seen], 1),
            "feature_maps": torch.cat([one.feature_maps for one in seen], 1),
        }


def exportable_network(models: Sequence[Model]) -> ExportableNetwork:
    """The exportable of models that prepare pictures alike, without their auxiliary classifiers."""
    members = [
        network_with_weights(
            build_architecture(model.spec),
            {name: weight for name, weight in model.weights.items() if not name.startswith(AUXILIARY_PREFIX)},
        )
        for model in models
    ]
    # torch stores weights plainly where they lie row by row, not channels last
    return ExportableNetwork(members, models[0].preprocessing).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload,no-any-return]


@torch.no_grad()
def encode_exportable(exportable: ExportableNetwork) -> bytes:
    """The bytes of a .pt2 file: the exportable exported for any number of squares of its own input size."""
    input_size = exportable.preprocessing.input_size
    squares = torch.zeros(2, input_size, input_size, 3, dtype=torch.uint8)
    exported = torch.export.export(exportable, (squares,), dynamic_shapes=({0: torch.export.Dim("N")},))
    file = io.BytesIO()
    torch.export.save(exported, file)
    return file.getvalue()
