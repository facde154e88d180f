"""The pictures of a .tar of splits, held decoded, and batches of them prepared beside a training."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image

Batch = tuple[torch.Tensor, torch.Tensor]
"""Pictures (N, 3, S, S) uint8 and their labels (N,)."""


def read_split(data: str, split: str) -> tuple[list[Image.Image], torch.Tensor, list[str]]:
    """All pictures of a split (`split/class/name`), decoded to RGB; their labels (N,); the sorted names of classes."""
    pictures, names = [], []
    with tarfile.open(data) as tar:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            if member.isfile() and member.name.startswith(split + "/"):
                file = tar.extractfile(member)
                assert file is not None
                pictures.append(Image.open(io.BytesIO(file.read())).convert("RGB"))
                names.append(member.name.split("/")[1])
    classes = sorted(set(names))
    return pictures, torch.tensor([classes.index(name) for name in names]), classes


def stack(pictures: list[Image.Image]) -> torch.Tensor:
    """Pictures of one size -> (N, 3, H, W) uint8, channels last in memory."""
    return torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])).permute(0, 3, 1, 2)


def endless_batches(
    prepare: Callable[[torch.Tensor], Batch], pictures: int, *, size: int, seed: int
) -> Iterator[Batch]:
    """Batches without end, each epoch in an order of its own, prepared by two threads beside the training.

    `prepare` makes a batch of the indices (size,) of its pictures.
    """
    generator = torch.Generator().manual_seed(seed)

    def orders() -> Iterator[torch.Tensor]:
        while True:
            order = torch.randperm(pictures, generator=generator)
            yield from order[: len(order) // size * size].split(size)

    source = orders()
    with ThreadPoolExecutor(2) as pool:
        ahead = [pool.submit(prepare, next(source)) for _ in range(4)]
        while True:
            yield ahead.pop(0).result()
            ahead.append(pool.submit(prepare, next(source)))
