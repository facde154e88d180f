"""What a 1x1 convolution does to channels: bvlc's `3a/3x3_reduce` on one picture, 192 channels in and 96 out.

At each position, every unit is a weighted sum of the 192 values there, plus a bias, then a ReLU. The figure shows three
units: the input channels that add most to each, their weights, and the unit's map.

Example: python examples/lab/channels.py examples/cat.jpg
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import experiment
import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray

import googlenet
from googlenet.images import read_picture, to_square
from googlenet.network import network_with_weights, to_network_input
from googlenet.pretrained import find_model

PICTURE = Path(__file__).parents[1] / "cat.jpg"
UNITS = 3
CHANNELS = 4
Maps = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reduction:
    """The layer on a picture: `square` (224, 224, 3), `inputs` (192, 28, 28), `outputs` (96, 28, 28) after the ReLU.

    `weight` is (96, 192): one row a unit, one column an input channel; `bias` is (96,).
    """

    square: NDArray[np.uint8]
    inputs: Maps
    outputs: Maps
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def by_hand(self) -> Maps:
        """The outputs as a product of two matrices, position by position."""
        sums = self.weight @ self.inputs.reshape(len(self.inputs), -1) + self.bias[:, None]
        return np.maximum(sums, 0).reshape(self.outputs.shape)

    def largest_channels(self, unit: int) -> list[int]:
        """The input channels that move the unit's sum most over the picture: |weight| x standard deviation."""
        moved = np.abs(self.weight[unit]) * self.inputs.std((1, 2))
        return [int(channel) for channel in np.argsort(-moved)[:CHANNELS]]

    def kept_variance(self) -> tuple[float, float, NDArray[np.float64]]:
        """Shares of the inputs' variance over the picture: in the layer's 96 directions, in 96 random ones.

        The third is that of the best k directions, for k = 1 ... 192 (principal components).
        """
        values = self.inputs.reshape(len(self.inputs), -1).T.astype(np.float64)
        values -= values.mean(0)
        random = np.random.default_rng(0).standard_normal(self.weight.shape)
        best = np.cumsum(np.linalg.svd(values, compute_uv=False) ** 2)
        own, chance = (
            float(np.sum((values @ np.linalg.qr(directions.T.astype(np.float64))[0]) ** 2) / best[-1])
            for directions in (self.weight, random)
        )
        return own, chance, best / best[-1]


def main() -> None:
    """Run the layer, compare, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", nargs="?", type=Path, default=PICTURE, help="a picture (default: examples/cat.jpg)")
    parser.add_argument("--out", type=Path, default=Path("channels.png"), help="the figure")
    arguments = parser.parse_args()
    reduction = reduce(arguments.picture)
    units = [int(unit) for unit in np.argsort(-reduction.outputs.std((1, 2)))[:UNITS]]
    own, chance, best = reduction.kept_variance()
    difference = np.abs(reduction.by_hand() - reduction.outputs).max()
    inputs, outputs = len(reduction.inputs), len(reduction.outputs)
    print(f"{'unit':>4}  input channels that add most, with their weights")
    for unit in units:
        parts = [f"{channel} ({reduction.weight[unit, channel]:+.2f})" for channel in reduction.largest_channels(unit)]
        print(f"{unit:>4}  {', '.join(parts)}")
    print(f"\nShare of the {inputs} channels' variance over the picture, before the ReLU:")
    print(f"  in the layer's {outputs} directions        {own:6.1%}")
    print(f"  in the best {outputs} directions           {best[outputs - 1]:6.1%}")
    print(f"  in {outputs} random directions             {chance:6.1%}\n")
    print(
        "The paper says: even a few channels can hold a good deal of what a patch shows, so 1x1 convolutions may "
        "compress the channels before the expensive convolutions."
    )
    print(
        f"Seen here: the layer is one product of a {outputs}x{inputs} matrix with the values at each position (by hand "
        f"and by torch differ by at most {difference:.1e}). It halves the channels and keeps {own:.1%} of their "
        "variance on this picture. One picture says nothing of others, and variance is not what the network needs."
    )
    draw(reduction, units, own, chance, best, arguments.out)


def reduce(picture: Path) -> Reduction:
    """Run bvlc up to its first module; raises InputError for a picture that cannot be read."""
    model = googlenet.load_model(find_model("bvlc"))
    image = read_picture(picture)
    if isinstance(image, googlenet.BadImage):
        raise googlenet.InputError(f"{picture}: {image.reason}")
    square = to_square(image, model.preprocessing)
    network = network_with_weights(googlenet.build_architecture(model.spec), model.weights).eval()
    layer = network.get_submodule("3a.3x3_reduce")
    seen: list[torch.Tensor] = []
    layer.register_forward_hook(lambda _, inputs, output: seen.extend((inputs[0].clone(), output.clone())))
    with torch.inference_mode():
        network(to_network_input(torch.from_numpy(square)[None], model.preprocessing))
    inputs, outputs = (one[0].numpy() for one in seen)
    weight, bias = (model.weights[f"3a.3x3_reduce.{part}"] for part in ("weight", "bias"))
    return Reduction(square, inputs, outputs, weight[:, :, 0, 0], bias)


def draw(
    reduction: Reduction, units: list[int], own: float, chance: float, best: NDArray[np.float64], path: Path
) -> None:
    """A row for each unit: its largest input channels, and its map; beside them the picture and the variance kept."""
    figure = plt.figure(figsize=(13, 6.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 2.3))
    picture, variance = left.subplots(2, 1)
    picture.imshow(reduction.square)
    picture.set_title("the network's input")
    picture.axis("off")
    count = len(reduction.outputs)
    variance.plot(range(1, len(best) + 1), 100 * best, label="best directions")
    variance.plot(count, 100 * own, "o", label=f"the layer's {count}")
    variance.plot(count, 100 * chance, "s", label=f"{count} random ones")
    variance.set(xlabel="directions", ylabel="variance kept, %", ylim=(0, 102))
    variance.legend(loc="lower right", frameon=False)
    for row, unit in zip(right.subplots(len(units), CHANNELS + 1), units, strict=True):
        for axes, channel in zip(row, reduction.largest_channels(unit), strict=False):
            axes.imshow(reduction.inputs[channel], cmap="viridis")
            axes.set_title(f"{reduction.weight[unit, channel]:+.2f} x channel {channel}", fontsize=10)
        row[-1].imshow(reduction.outputs[unit], cmap="magma")
        row[-1].set_title(f"... = unit {unit}", fontsize=10)
        for axes in row:
            axes.axis("off")
    experiment.save_figure(figure, path)


if __name__ == "__main__":
    experiment.start(main)
