"""Images made by `googlenet visualize` beside the best real pictures, and beside lucent's recipe on the same weights.

Run: make bench-visualize, or: python benchmarks/visualize.py --units 64 --steps 128

Excitation is the largest value of the unit over all places of its layer's output, after the ReLU, and the mean of them;
both are taken of plain 224 px uint8 pictures. The real ones are the 500 of imagenet-sample.tar, prepared as the model
says (squash 256, centre 224). A made image is periodic, and continued to 224 px; lucent's is enlarged to 224 px, as its
own pipeline shows it to a network.

`--lucent FOLDER` has torch-lucent 0.1.8 and what it imports; torchvision must be there, too. Its published recipe is
`render_vis` with the channel objective and all defaults: a 128 px Fourier image with decorrelated colours, its standard
transforms, enlarged to 224 px, Adam with 0.05, one unit at a time. Both sides take turns, a few units each.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import time
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from machine import describe_machine
from numpy.typing import NDArray
from PIL import Image

from googlenet.architecture import build_architecture
from googlenet.artifacts import open_model
from googlenet.images import png_bytes, read_picture, to_square
from googlenet.model import Model
from googlenet.network import network_with_weights, to_network_input
from googlenet.network.tapping import tap
from googlenet.pretrained import find_model
from googlenet.visualization import Aim, MadeImage, Making, aims_of_units, draw_made_images, make_images
from googlenet.visualization.making import excitation

PICTURES = Path("../shared/data/imagenet-sample.tar")
SIDE = 224


@dataclass
class Side:
    """What one of the two took and reached, unit by unit."""

    seconds: float = 0.0
    highest: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)


class Subject:
    """A model and a layer, opened once."""

    def __init__(self, name: str, layer: str) -> None:
        """Opens the model and builds its network."""
        opened = open_model(find_model(name))
        assert isinstance(opened, Model)
        self.model, self.preprocessing = opened, opened.preprocessing
        architecture = build_architecture(opened.spec)
        self.network = network_with_weights(architecture, opened.weights).eval()
        self.layer, self.aims = aims_of_units(architecture, opened.classes, layer)

    def best_real(self, path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """For each unit of the layer, the largest value and mean of the picture in which they are largest."""
        highest, mean = [], []
        with tarfile.open(path) as archive, torch.inference_mode():
            for member in filter(tarfile.TarInfo.isfile, archive):
                file = archive.extractfile(member)
                assert file is not None
                picture = read_picture(io.BytesIO(file.read()))
                assert isinstance(picture, np.ndarray)
                square = torch.from_numpy(to_square(picture, self.preprocessing)[None])
                values = tap(self.network, to_network_input(square, self.preprocessing), [self.layer.name])
                maps = values[self.layer.name].flatten(2)
                highest.append(maps.amax(2)[0].numpy())
                mean.append(maps.mean(2)[0].numpy())
        print(f"{len(highest)} real pictures")
        return np.max(highest, 0), np.max(mean, 0)

    def make(self, aims: Sequence[Aim], steps: int, size: int) -> list[MadeImage]:
        """Ours."""
        making = Making(steps=steps, size=size)
        return list(make_images(self.network, self.preprocessing, self.layer, aims, making))


class Lucent(torch.nn.Module):
    """The same network for lucent: pictures in 0 to 1, and weights with gradients, as lucent leaves them."""

    def __init__(self, subject: Subject, folder: Path, *, frozen: bool) -> None:
        """`folder` is where lucent is installed."""
        super().__init__()
        model = subject.model
        self.network = network_with_weights(build_architecture(model.spec), model.weights).eval()
        self.network.requires_grad_(not frozen)
        self.subject = subject
        sys.path.append(str(folder))
        sys.modules["IPython"], sys.modules["IPython.display"] = (
            types.ModuleType("IPython"),
            types.ModuleType("display"),
        )
        from lucent.optvis import objectives, render

        self.render, self.channel = render.render_vis, objectives.channel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) -> logits."""
        logits: torch.Tensor = self.network(
            to_network_input(x.permute(0, 2, 3, 1) * 255, self.subject.preprocessing)
        ).main
        return logits

    def make(self, aims: Sequence[Aim], steps: int) -> NDArray[np.uint8]:
        """Images (N, 224, 224, 3), one run for each unit."""
        pictures = []
        for aim in aims:
            assert aim.unit is not None
            np.random.seed(aim.unit)
            torch.manual_seed(aim.unit)
            objective = self.channel(f"network_{self.subject.layer.name}", aim.unit)
            made = self.render(
                self.eval(), objective, thresholds=(steps,), preprocess=False, progress=False, show_image=False
            )[0]
            x = F.interpolate(torch.from_numpy(made).permute(0, 3, 1, 2), SIDE, mode="bilinear", align_corners=True)
            pictures.append((x[0].permute(1, 2, 0) * 255).round().byte().numpy())
        return np.stack(pictures)


def against_real(subject: Subject, pictures: Path, arguments: argparse.Namespace) -> None:
    """How many units' made image excites them more than the best real picture."""
    aims = subject.aims[:: max(1, len(subject.aims) // arguments.units)][: arguments.units]
    units = [aim.unit for aim in aims]
    highest, mean = (best[units] for best in subject.best_real(pictures))
    begun = time.perf_counter()
    images = subject.make(aims, arguments.steps, arguments.size)
    print(f"{len(images)} units of {subject.layer.name}, {arguments.steps} steps: {time.perf_counter() - begun:.0f} s")
    made = {"largest": [image.highest for image in images], "mean": [image.mean for image in images]}
    for what, real in (("largest", highest), ("mean", mean)):
        ratio = np.array(made[what]) / real
        missed = ", ".join(aim.name for aim, one in zip(aims, ratio, strict=True) if one <= 1) or "none"
        print(f"{what:8} above the best real picture: {np.mean(ratio > 1):.1%} of units; not above: {missed}")
        print(f"{'':8} made / real: median {np.median(ratio):.2f}, least {np.min(ratio):.2f}")
    if arguments.out:
        arguments.out.write_bytes(png_bytes(draw_made_images(images).quantize(256, method=Image.Quantize.MEDIANCUT)))


def against_lucent(subject: Subject, arguments: argparse.Namespace) -> None:
    """Seconds and excitation of both, in turns; speeds per unit and step."""
    lucent = Lucent(subject, arguments.lucent, frozen=arguments.frozen)
    aims = subject.aims[:: max(1, len(subject.aims) // arguments.compared)][: arguments.compared]
    ours, theirs = Side(), Side()
    lucent.make(aims[:1], 2)
    subject.make(aims[:1], 2, arguments.size)  # both are warm
    for start in range(0, len(aims), arguments.turn):
        turn = aims[start : start + arguments.turn]
        begun = time.perf_counter()
        images = subject.make(turn, arguments.compared_steps, arguments.size)
        between = time.perf_counter()
        pictures = lucent.make(turn, arguments.compared_steps)
        ended = time.perf_counter()
        ours.seconds, theirs.seconds = ours.seconds + between - begun, theirs.seconds + ended - between
        ours.highest += [image.highest for image in images]
        ours.mean += [image.mean for image in images]
        highest, mean = excitation(subject.network, subject.preprocessing, subject.layer, pictures, turn)
        theirs.highest += highest.tolist()
        theirs.mean += mean.tolist()
    frozen = ", its weights frozen" if arguments.frozen else ""
    print(f"{len(aims)} units, {arguments.compared_steps} steps, {arguments.turn} units a turn{frozen}")
    for name, side in (("ours", ours), ("lucent", theirs)):
        each = 1000 * side.seconds / len(aims) / arguments.compared_steps
        medians = f"median largest {np.median(side.highest):.0f}, mean {np.median(side.mean):.0f}"
        print(f"{name:7} {each:6.1f} ms for a step of a unit;  {medians}")
    speed = theirs.seconds / ours.seconds
    largest, mean_ratio = (
        np.median(np.divide(getattr(ours, key), getattr(theirs, key))) for key in ("highest", "mean")
    )
    print(
        f"ours / lucent: speed {speed:.2f};  median of the units' ratios: largest {largest:.2f}, mean {mean_ratio:.2f}"
    )


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bvlc")
    parser.add_argument("--layer", default="4c", help="without units: they are taken evenly from all")
    parser.add_argument("--pictures", type=Path, default=PICTURES)
    parser.add_argument("--units", type=int, default=64, help="units beside real pictures; 0: none")
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--out", type=Path, help="a sheet of the made images")
    parser.add_argument("--lucent", type=Path)
    parser.add_argument("--frozen", action="store_true", help="lucent's network without gradients of weights")
    parser.add_argument("--compared", type=int, default=8, help="units beside lucent")
    parser.add_argument("--compared-steps", type=int, default=64)
    parser.add_argument("--turn", type=int, default=4)
    arguments = parser.parse_args()
    print(describe_machine())
    subject = Subject(arguments.model, arguments.layer)
    if arguments.lucent:
        against_lucent(subject, arguments)
    if arguments.units:
        against_real(subject, arguments.pictures, arguments)


if __name__ == "__main__":
    main()
