"""Which units of a layer of bvlc are active together, and what they are wired to (Section 3 of the paper).

The units' activations at all places of all pictures are correlated, and clustered (average linkage). Beside them, the
same with each unit's maps shuffled among the pictures and shifted, which keeps all but what units have in common, and
a network with random weights. The pictures are divided into as many parts as there are seeds; intervals are over the
parts. Without DATA, they are crops of three photographs that ship, a part each.

Example: python examples/lab/sparse_structure.py --layer 4a --seeds 3
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import experiment
import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.stats import spearmanr

import googlenet
from googlenet.architecture import INCEPTION_MODULES
from googlenet.images import Rgb, read_picture, take_crops, to_square
from googlenet.network import network_with_weights, read_weights, to_network_input
from googlenet.pretrained import find_model

CAT = Path(__file__).parents[1] / "cat.jpg"
ROWS = ("conv2", *INCEPTION_MODULES)
UNITS_PER_CLUSTER = 8
CLOSEST = 0.01  # the share of pairs whose correlation is looked at one place apart
CROPS = 5  # of each photograph that ships: the corners and the centre
THRESHOLD = 0.2
TRAINED, SHUFFLED, RANDOM = "bvlc", "bvlc, shuffled", "random weights"
Maps = dict[str, NDArray[np.float32]]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measures:
    """What is said of a layer's correlations, each in [-1, 1] or a share.

    `related`: share of pairs above `THRESHOLD`; `within`, `between`: mean correlation of two units of one cluster and
    of two; `wiring`: rank correlation, over pairs, of their correlation and of their outgoing weights' correlation.
    """

    related: float
    within: float
    between: float
    wiring: float


def main() -> None:
    """Run both networks, measure, show the table, draw."""
    arguments = parse_arguments()
    model = googlenet.load_model(find_model("bvlc"))
    table = googlenet.build_architecture(model.spec)
    if arguments.layer not in ROWS:
        raise googlenet.InputError(f"--layer is {arguments.layer}; give one of {', '.join(ROWS)}")
    squares = read_squares(arguments.data, model.preprocessing, arguments.pictures)
    networks = {
        TRAINED: network_with_weights(table, model.weights),
        RANDOM: googlenet.GoogLeNet(table, auxiliaries=False, generator=torch.Generator().manual_seed(0)),
    }
    maps = {name: feature_maps(network, squares, model.preprocessing) for name, network in networks.items()}
    outgoing = {name: outgoing_weights(network, arguments.layer) for name, network in networks.items()}
    parts = np.array_split(np.arange(len(squares)), min(arguments.seeds, len(squares)))
    measured: dict[str, list[Measures]] = {TRAINED: [], SHUFFLED: [], RANDOM: []}
    for seed, part in enumerate(parts):
        trained, random = (maps[name][arguments.layer][part] for name in (TRAINED, RANDOM))
        measured[TRAINED].append(measure(correlations(trained), outgoing[TRAINED]))
        measured[SHUFFLED].append(measure(correlations(shuffled(trained, seed)), outgoing[TRAINED]))
        measured[RANDOM].append(measure(correlations(random), outgoing[RANDOM]))
    nearby = {name: {row: one_place_apart(one) for row, one in rows.items()} for name, rows in maps.items()}
    show(arguments.layer, measured, nearby, len(squares))
    whole = {name: correlations(maps[name][arguments.layer]) for name in (TRAINED, RANDOM)}
    whole[SHUFFLED] = correlations(shuffled(maps[TRAINED][arguments.layer], 0))
    draw(arguments.layer, whole, nearby, arguments.out)


def parse_arguments() -> argparse.Namespace:
    """Data, layer, pictures, seeds, out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="a folder or .tar of class folders (default: photographs that ship)")
    parser.add_argument("--layer", default="4a", help="a row of Table 1 from conv2 to 5b (%(default)s)")
    parser.add_argument("--pictures", type=int, default=96, help="pictures of DATA at most (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="parts of the pictures (%(default)s)")
    parser.add_argument("--out", type=Path, default="sparse_structure.png", help="the figure")
    arguments = parser.parse_args()
    if arguments.pictures < 2 or arguments.seeds < 1:
        parser.error("--pictures must be 2 or more, --seeds 1 or more")
    experiment.check_folder(parser, arguments.out)
    return arguments


def read_squares(data: str | None, preprocessing: googlenet.Preprocessing, count: int) -> list[Rgb]:
    """The network's inputs: `count` pictures of DATA in random order, or crops of each photograph that ships."""
    if data is None:
        from sklearn.datasets import load_sample_images

        photographs = [read_picture(CAT), *load_sample_images().images]
        return [square for image in photographs for square in take_crops(image, preprocessing, 10).squares[:CROPS]]
    (samples, *_) = googlenet.open_dataset(data, split_rule=None).splits.values()
    chosen = np.random.default_rng(0).permutation(len(samples))[:count].tolist()
    images = [image for index in chosen if not isinstance(image := samples.decode(index), googlenet.BadImage)]
    if len(images) < 2:
        raise googlenet.DataError(f"{data} has fewer than two pictures that can be read")
    return [to_square(image, preprocessing) for image in images]


@torch.inference_mode()
def feature_maps(network: googlenet.GoogLeNet, squares: Sequence[Rgb], preprocessing: googlenet.Preprocessing) -> Maps:
    """The outputs (N, units, h, w) of conv2 and of every module, after their ReLU."""
    network.eval()
    batches = []
    for first in range(0, len(squares), 16):
        x = to_network_input(torch.from_numpy(np.stack(squares[first : first + 16])), preprocessing)
        batches.append({row: maps.numpy() for row, maps in network.features(x, ROWS).items()})
    return {row: np.concatenate([batch[row] for batch in batches]) for row in batches[0]}


def outgoing_weights(network: googlenet.GoogLeNet, row: str) -> NDArray[np.float32]:
    """(units, readers): the weights of each unit in the next module's 1x1 convolutions, or in the classifier."""
    weights = read_weights(network)
    if row == ROWS[-1]:
        return weights["linear.weight"].T
    following = ROWS[ROWS.index(row) + 1]
    readers = ("1x1", "3x3_reduce", "5x5_reduce", "pool_projection")
    return np.concatenate([weights[f"{following}.{reader}.weight"][:, :, 0, 0] for reader in readers]).T


def correlations(maps: NDArray[np.float32]) -> Matrix:
    """(N, units, h, w) -> Pearson's correlation of each two units over all places; 0 for a unit that never changes."""
    values = maps.transpose(1, 0, 2, 3).reshape(maps.shape[1], -1).astype(np.float64)
    values -= values.mean(1, keepdims=True)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    values = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return values @ values.T


def shuffled(maps: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Each unit's maps in another order of the pictures, all shifted alike (around the edges)."""
    generator = np.random.default_rng(seed)
    count, units, height, width = maps.shape
    result = np.empty_like(maps)
    for unit in range(units):
        shift = (generator.integers(height), generator.integers(width))
        result[:, unit] = np.roll(maps[generator.permutation(count), unit], shift, (1, 2))
    return result


def tree_of(matrix: Matrix) -> NDArray[np.float64]:
    """The units' tree, by average linkage at the distance 1 - correlation."""
    return linkage(np.clip(1 - pairs(matrix), 0, None), "average")


def pairs(matrix: Matrix) -> Matrix:
    """The values of all pairs of two units, each pair once."""
    return matrix[np.triu_indices(len(matrix), 1)]


def measure(matrix: Matrix, outgoing: NDArray[np.float32]) -> Measures:
    """The measures of a layer, from its correlations and its units' outgoing weights."""
    clusters = fcluster(tree_of(matrix), len(matrix) // UNITS_PER_CLUSTER, "maxclust")
    same = pairs(clusters[:, None] == clusters)
    values = pairs(matrix)
    wiring = spearmanr(values, pairs(np.corrcoef(outgoing))).statistic
    return Measures(
        related=float((values > THRESHOLD).mean()),
        within=float(values[same].mean()),
        between=float(values[~same].mean()),
        wiring=float(wiring),
    )


def one_place_apart(maps: NDArray[np.float32]) -> float:
    """The correlation of the closest pairs with one unit read a place further right, relative to the same place."""
    values = maps - maps.mean((0, 2, 3), keepdims=True)
    deviations = values.std((0, 2, 3), keepdims=True)
    values = np.divide(values, deviations, out=np.zeros_like(values), where=deviations > 0)
    matrix = correlations(maps)
    one, other = np.triu_indices(len(matrix), 1)
    closest = np.argsort(-pairs(matrix))[: max(1, int(CLOSEST * len(one)))]
    first, second = values[:, one[closest]], values[:, other[closest]]
    return float((first[..., :-1] * second[..., 1:]).mean() / (first * second).mean())


def show(layer: str, measured: dict[str, list[Measures]], nearby: dict[str, dict[str, float]], pictures: int) -> None:
    """Print the tables, what the paper says, what was seen, and what that does not show."""
    parts = len(measured[TRAINED])
    print(f"Units of {layer}; {pictures} pictures or crops, in {parts} part{'s' * (parts != 1)}")
    means = {
        name: {key: experiment.Mean.of([getattr(one, key) for one in measures]) for key in Measures.__slots__}
        for name, measures in measured.items()
    }
    lines = [("", f"pairs above {THRESHOLD}", "within clusters", "between clusters", "wiring")]
    lines += [(name, *(in_words(mean) for mean in of_name.values())) for name, of_name in means.items()]
    experiment.print_table(lines)
    print("\nCorrelation of the closest 1 % of pairs one place apart, as a share of that at the same place:")
    lines = [("", *nearby[TRAINED])]
    lines += [(name, *(f"{share:.2f}" for share in rows.values())) for name, rows in nearby.items()]
    experiment.print_table(lines)
    print(
        "\nThe paper says: a sparse network could be built layer by layer by clustering units whose outputs are "
        "correlated (Arora et al.), which resembles the Hebbian principle: units that fire together wire together. The "
        "module approximates that with dense parts: clusters in one place are covered by 1x1 convolutions, those that "
        "are spread more widely by 3x3 and 5x5, whose share should grow in higher layers."
    )
    (trained, chance, random), first, last = means.values(), *(list(nearby[TRAINED])[end] for end in (0, -1))
    print(
        f"Seen here: {trained['related'].value:.1%} of the pairs correlate above {THRESHOLD}, shuffled "
        f"{chance['related'].value:.1%}, with random weights {random['related'].value:.1%}; in a cluster the mean is "
        f"{trained['within'].value:.2f}, shuffled {chance['within'].value:.2f}, with random weights "
        f"{random['within'].value:.2f}. Over all pairs, the rank correlation between how much two units correlate and "
        f"how alike the next layer's weights for them are is {trained['wiring'].value:.2f}, shuffled "
        f"{chance['wiring'].value:.2f}, with random weights {random['wiring'].value:.2f}. One place apart, the closest "
        f"pairs keep {nearby[TRAINED][first]:.0%} of their correlation in {first} and {nearby[TRAINED][last]:.0%} in "
        f"{last}, with random weights {nearby[RANDOM][first]:.0%} and {nearby[RANDOM][last]:.0%}."
    )
    print(
        "It does not show that clusters of correlated units would have given this network or a better one: they were "
        "found in a network that was designed and trained as a whole, where wiring can cause correlation as well as "
        "follow it. A correlation over these pictures need not hold for others."
    )


def in_words(mean: experiment.Mean) -> str:
    """The mean and its interval."""
    interval = "" if mean.low is None or mean.high is None else f" ({mean.low:.3f} to {mean.high:.3f})"
    return f"{mean.value:.3f}{interval}"


def draw(layer: str, whole: dict[str, Matrix], nearby: dict[str, dict[str, float]], path: Path) -> None:
    """The correlations in the order of their tree, of the layer and shuffled; their distribution; one place apart."""
    figure, ((left, right), (histogram, apart)) = plt.subplots(2, 2, figsize=(11, 10), layout="constrained")
    for axes, name in ((left, TRAINED), (right, SHUFFLED)):
        order = leaves_list(tree_of(whole[name]))
        image = axes.imshow(whole[name][np.ix_(order, order)], cmap="RdBu_r", vmin=-0.5, vmax=0.5)
        axes.set_title(f"{name}: units of {layer}, in the order of their clusters", fontsize=10)
        axes.set_xlabel("unit")
    figure.colorbar(image, ax=[left, right], label="correlation", shrink=0.8, extend="both")
    bins = np.linspace(-1, 1, 101)
    for (name, matrix), colour in zip(whole.items(), ("C0", "C1", "C2"), strict=True):
        histogram.hist(pairs(matrix), bins, histtype="step", label=name, linewidth=1.5, color=colour)
    histogram.set(yscale="log", xlabel="correlation of two units", ylabel="pairs")
    histogram.legend(frameon=False)
    for name, colour in ((TRAINED, "C0"), (RANDOM, "C1")):
        apart.plot(list(nearby[name]), list(nearby[name].values()), "o-", color=colour, label=name)
    apart.set(ylim=(0, 1.02), xlabel="layer", ylabel="correlation one place apart, relative to the same place")
    apart.legend(frameon=False)
    experiment.save_figure(figure, path)


if __name__ == "__main__":
    experiment.start(main)
