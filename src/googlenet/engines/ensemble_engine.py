"""Several networks that answer together: the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import AnyModel
from googlenet.engines.engine import Engine, Extra, Outputs
from googlenet.engines.opening import open_engine
from googlenet.errors import InputError
from googlenet.images import Preprocessing


@dataclass(frozen=True, slots=True)
class Member:
    """A network of an ensemble: its engine, and how pictures become the squares that this engine takes."""

    engine: Engine
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True)
class EnsembleEngine:
    """An engine of engines; whoever makes squares from pictures makes them for each member (`CropRunner`)."""

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        """Refuse an ensemble of nobody."""
        if not self.members:
            raise InputError("an ensemble has at least one member")

    @classmethod
    def from_models(
        cls,
        models: Sequence[AnyModel],
        *,
        name: str | None = None,
        device: str | None = None,
        threads: int | None = None,
        loads: Sequence[Callable[[], AnyModel] | None] | None = None,
    ) -> EnsembleEngine:
        """Open each model with its own engine; `loads` are the `load` of each. Raises as `open_engine` does."""
        pairs = zip(models, loads or (None,) * len(models), strict=True)
        return cls(
            tuple(
                Member(open_engine(model, name=name, device=device, threads=threads, load=load), model.preprocessing)
                for model, load in pairs
            )
        )

    @property
    def name(self) -> str:
        """How many there are, and their engines."""
        names = dict.fromkeys(member.engine.name for member in self.members)
        return f"ensemble of {len(self.members)}: {', '.join(names)}"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """Run squares (N, S, S, 3) uint8 RGB through every member; features and maps are the members' own.

        Raises InputError where members prepare pictures differently: squares of one are not those of another.
        """
        if len({member.preprocessing for member in self.members}) > 1:
            raise InputError(
                "the members of this ensemble prepare pictures differently, so no squares suit them all; "
                "give pictures to a Classifier"
            )
        answers = np.stack([member.engine.run(images).probabilities for member in self.members])
        return Outputs(np.asarray(answers.mean(axis=0, dtype=np.float64), np.float32))


def members_of(engine: Engine, preprocessing: Preprocessing) -> tuple[Member, ...]:
    """The members of an ensemble, or the one that an engine with its preprocessing is."""
    return engine.members if isinstance(engine, EnsembleEngine) else (Member(engine, preprocessing),)
