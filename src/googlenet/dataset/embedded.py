"""Small datasets that come with an installed package, for demonstrations and tests without a download."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from googlenet.dataset.layout import Layout
from googlenet.dataset.samples import Sample
from googlenet.dataset.walking import Ignored
from googlenet.errors import MissingExtraError
from googlenet.images import BadImage, Enough, Rgb


@dataclass(frozen=True, slots=True, repr=False)
class ArraySource:
    """Pictures in memory, (H, W, 3) uint8 RGB by name."""

    images: Mapping[str, Rgb]

    def __repr__(self) -> str:
        return f"<ArraySource: {len(self.images):,} pictures>"

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        """Return a copy of the picture `name` at full size."""
        return self.images[name].copy()


def _digits() -> tuple[Layout, ArraySource]:
    """1,797 scans of handwritten digits, 8x8 pixels in 17 greys (scikit-learn's `load_digits`)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        purpose = "the embedded set `digits`"
        raise MissingExtraError("scikit-learn", extra="train", purpose=purpose) from error
    scans, labels = load_digits(return_X_y=True)
    greys = np.round(scans.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    names = [f"digits/{label}/{index:04d}.png" for index, label in enumerate(labels)]
    samples = tuple(
        sorted((Sample(name, int(label)) for name, label in zip(names, labels, strict=True)), key=lambda s: s.name)
    )
    layout = Layout(tuple("0123456789"), {"all": samples}, Ignored())
    return layout, ArraySource(dict(zip(names, np.repeat(greys, 3, axis=3), strict=True)))


EMBEDDED: dict[str, Callable[[], tuple[Layout, ArraySource]]] = {"digits": _digits}
