"""torchvision's `googlenet(weights=None)` trained on a .tar of train/ and val/ the way its reference script does.

Auxiliary classifiers (losses x 0.3), SGD at 0.1 x batch/256, momentum 0.9, weight decay 1e-4 on all, cosine rate
zero over the time, random resized crops (8 to 100 %) to 128 px and mirroring; evaluated on whole pictures of 128 px.
Prints one line of JSON. Run by benchmarks/imagenette.py in `.venv-peer`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from pictures import Batch, endless_batches, read_split
from torchvision.models import googlenet
from torchvision.transforms import v2

SIDE, BATCH = 128, 32
MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def read_arrays(data: str, split: str) -> tuple[list[np.ndarray], torch.Tensor]:
    """All pictures of a split, (H, W, 3) uint8 each, and their labels."""
    pictures, labels, _ = read_split(data, split)
    return [np.array(picture) for picture in pictures], labels


def normalise(batch: torch.Tensor) -> torch.Tensor:
    """(N, 3, S, S) uint8 -> float32, channels last."""
    mean, deviation = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(DEVIATION).view(1, 3, 1, 1)
    return ((batch.float() - mean) / deviation).contiguous(memory_format=torch.channels_last)


def batches(images: list[np.ndarray], labels: torch.Tensor, seed: int) -> Iterator[Batch]:
    """Batches without end, augmented as the reference does."""
    torch.manual_seed(seed)
    augment = v2.Compose([v2.RandomResizedCrop(SIDE, antialias=True), v2.RandomHorizontalFlip()])

    def prepare(indices: torch.Tensor) -> Batch:
        pictures = [torch.from_numpy(images[i]).permute(2, 0, 1) for i in indices.tolist()]
        return torch.stack([augment(picture) for picture in pictures]), labels[indices]

    return endless_batches(prepare, len(images), size=BATCH, seed=seed)


def main() -> None:
    """Train for the minutes (or the steps), evaluate once, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--steps", type=int, help="in place of minutes: the steps that the minutes are worth")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    images, labels = read_arrays(arguments.data, "train")
    torch.manual_seed(arguments.seed)
    network = googlenet(weights=None, num_classes=10, aux_logits=True, init_weights=True)
    network = network.to(memory_format=torch.channels_last).train()
    rate = 0.1 * BATCH / 256
    optimizer = torch.optim.SGD(network.parameters(), rate, 0.9, weight_decay=1e-4)
    step, started = 0, 0.0
    for pictures, targets in batches(images, labels, arguments.seed):
        started = started or time.monotonic()
        seconds = time.monotonic() - started
        done = step / arguments.steps if arguments.steps else seconds / (60 * arguments.minutes)
        if done >= 1:
            break
        optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * done)) / 2
        outputs = network(normalise(pictures))
        losses = [F.cross_entropy(output, targets) for output in outputs]
        optimizer.zero_grad(set_to_none=True)
        (losses[0] + 0.3 * (losses[1] + losses[2])).backward()
        optimizer.step()
        step += 1
    network.eval()
    images, labels = read_arrays(arguments.data, "val")
    right = 0
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            batch = torch.stack([torch.from_numpy(image).permute(2, 0, 1) for image in images[start : start + 64]])
            right += int((network(normalise(batch)).argmax(1) == labels[start : start + 64]).sum())
    print(
        json.dumps(
            {
                "network": "torchvision reference",
                "seed": arguments.seed,
                "top1": right / len(images),
                "pictures": len(images),
                "training_pictures_seen": step * BATCH,
                "training_seconds": round(seconds, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
