"""From pictures to probabilities: runs the crops of each picture through each network and averages over the crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.engines.engine import Extra
from googlenet.engines.ensemble_engine import Member
from googlenet.errors import InputError
from googlenet.images import CROPS, Crops, Preprocessing, Rgb, Size, least_size, take_crops

PreparedCrops: TypeAlias = tuple[Crops, ...]
"""The crops of one picture, for each of the runner's different preprocessings."""


@dataclass(frozen=True, slots=True)
class CropRunner:
    """Runs pictures under one or several `protocols` (keys of `CROPS`), `batch_size` squares at a time.

    Members with equal preprocessing share the squares. Raises InputError for an unknown protocol.
    """

    members: tuple[Member, ...]
    protocols: tuple[int, ...] = (1,)
    batch_size: int = 64

    def __post_init__(self) -> None:
        """Check the protocols before any picture is read."""
        for crops in self.protocols:
            if crops not in CROPS:
                raise InputError(f"there is no protocol with {crops} crops; choose one of {', '.join(map(str, CROPS))}")

    @property
    def preprocessings(self) -> tuple[Preprocessing, ...]:
        """The distinct preprocessings of the members."""
        return tuple(dict.fromkeys(member.preprocessing for member in self.members))

    @property
    def averages(self) -> bool:
        """Whether the answers of the last protocol are averages over several members or crops."""
        return len(self.members) > 1 or self.protocols[-1] != 1

    @property
    def pictures_at_once(self) -> int:
        """Number of pictures that are run together: as many as fill a batch, at least one."""
        return max(1, self.batch_size // sum(self.protocols))

    @property
    def pictures_ahead(self) -> int:
        """Number of pictures to prepare in advance; 144 crops of one picture are 20 MB."""
        return 2 * self.pictures_at_once

    def enough(self, width: int, height: int) -> Size:
        """The least (width, height) to which a picture of that size may be reduced before cropping (`decode_image`)."""
        sizes = [least_size(width, height, preprocessing, *self.protocols) for preprocessing in self.preprocessings]
        columns, rows = (max(lengths) for lengths in zip(*sizes, strict=True))
        return columns, rows

    def prepare(self, image: Rgb) -> PreparedCrops:
        """Cut the crops of an image (H, W, 3) uint8 RGB; safe to call from several threads."""
        return tuple(take_crops(image, preprocessing, *self.protocols) for preprocessing in self.preprocessings)

    def run(self, pictures: Sequence[PreparedCrops]) -> NDArray[np.float64]:
        """The probabilities (N, members, protocols, classes) of N prepared pictures, N >= 1."""
        places = {preprocessing: place for place, preprocessing in enumerate(self.preprocessings)}
        outputs = [
            self._run_member(member, [picture[places[member.preprocessing]] for picture in pictures])[0]
            for member in self.members
        ]
        if len({output.shape[-1] for output in outputs}) > 1:
            counts = ", ".join(str(output.shape[-1]) for output in outputs)
            raise InputError(f"networks with different numbers of classes ({counts}) cannot form an ensemble")
        return np.stack(outputs, axis=1)

    def run_with_features(self, pictures: Sequence[PreparedCrops]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Like `run`, with the features (N, protocols, F) of the only member, also averaged over the crops.

        Raises InputError for an ensemble, whose members have different features, and for an engine without features.
        """
        if len(self.members) > 1:
            raise InputError(
                f"an ensemble of {len(self.members)} networks has no common features: name one of the models"
            )
        (member,) = self.members
        probabilities, features = self._run_member(member, [crops for (crops,) in pictures], also=("features",))
        if features is None:
            raise InputError(f"the engine {member.engine.name} has no features")
        return probabilities[:, np.newaxis], features

    def _run_member(
        self, member: Member, pictures: Sequence[Crops], *, also: tuple[Extra, ...] = ()
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Probabilities (N, protocols, classes) and, if requested and available, features (N, protocols, F)."""
        squares = np.concatenate([crops.squares for crops in pictures])
        batches = np.array_split(squares, -(-len(squares) // self.batch_size))  # of equal size: no small last batch
        outputs = [member.engine.run(batch, also=also) for batch in batches]
        features = [output.features for output in outputs if output.features is not None]
        return (
            _average_crops(np.concatenate([output.probabilities for output in outputs]), pictures),
            _average_crops(np.concatenate(features), pictures) if features else None,
        )


def _average_crops(views: NDArray[np.float32], pictures: Sequence[Crops]) -> NDArray[np.float64]:
    """The values (V, K) of the squares of all pictures -> (N, protocols, K), weighted averages."""
    ends = np.cumsum([len(crops.squares) for crops in pictures])[:-1]
    return np.stack([crops.weights @ own for crops, own in zip(pictures, np.split(views, ends), strict=True)])


def average_members(outputs: NDArray[np.float64]) -> NDArray[np.float32]:
    """Average (N, members, protocols, classes) over the members: (N, protocols, classes) float32."""
    return np.asarray(outputs.mean(axis=1), np.float32)
