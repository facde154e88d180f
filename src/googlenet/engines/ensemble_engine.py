"""An ensemble: several networks whose probabilities are averaged."""

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
    """A network of an ensemble: its engine, and the preprocessing that makes its input squares."""

    engine: Engine
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True)
class EnsembleEngine:
    """An engine of engines; squares must be made for each member (`CropRunner`)."""

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        """Refuse an empty ensemble."""
        if not self.members:
            raise InputError("an ensemble needs at least one member")

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
        """The number of members and their engines."""
        names = dict.fromkeys(member.engine.name for member in self.members)
        return f"ensemble of {len(self.members)}: {', '.join(names)}"

    def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
        """Run squares (N, S, S, 3) uint8 RGB through every member; features are not available.

        Raises InputError if members have different preprocessing, because then they need different squares.
        """
        if len({member.preprocessing for member in self.members}) > 1:
            raise InputError(
                "the members of this ensemble have different preprocessing, so they need different squares: pass "
                "pictures to a Classifier instead"
            )
        answers = np.stack([member.engine.run(images).probabilities for member in self.members])
        return Outputs(np.asarray(answers.mean(axis=0, dtype=np.float64), np.float32))


def members_of(engine: Engine, preprocessing: Preprocessing) -> tuple[Member, ...]:
    """The members of an ensemble; any other engine with its preprocessing as one member."""
    return engine.members if isinstance(engine, EnsembleEngine) else (Member(engine, preprocessing),)
