"""Make `src/googlenet/pretrained/bvlc.safetensors`, the weights that ship with the project, from Caffe's file.

    python tools/make_bvlc.py ../shared/data/bvlc_googlenet.caffemodel

The result is the same on every machine, byte for byte: the date is fixed, no versions are recorded, and the known
answer is computed in float64 and rounded, so that the order of summation does not matter.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.architecture import build_architecture
from googlenet.importers import Provenance, import_file, with_known_answer
from googlenet.model import Model, save_model
from googlenet.network import network_with_weights, to_network_input
from googlenet.pretrained import CATALOGUE, imagenet_classes

PUBLISHED = CATALOGUE["bvlc"]
SHIPPED = Path(__file__).parents[1] / "src" / "googlenet" / "pretrained" / "bvlc.safetensors"

PROVENANCE = Provenance(
    source=(
        f"BVLC GoogLeNet of Caffe, iteration 2,400,000, published at {PUBLISHED.address} "
        f"({PUBLISHED.algorithm} {PUBLISHED.digest}); read from a re-encoding without the auxiliary classifiers and "
        "stored in half precision"
    ),
    licence=PUBLISHED.licence,
    scores=PUBLISHED.scores,
    created="2026-11-24T00:00:00+00:00",
)
DECIMALS = 7  # of the known answer's probabilities


def make_model(caffemodel: Path) -> Model:
    """The model as shipped: weights rounded to half precision, and the known answer computed in float64."""
    model = import_file(caffemodel, PROVENANCE, classes=imagenet_classes()).model
    weights = {name: weight.astype(np.float16).astype(np.float32) for name, weight in model.weights.items()}
    network = network_with_weights(build_architecture(model.spec), weights).double().eval()

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        x = to_network_input(torch.from_numpy(images), model.preprocessing).double()
        with torch.inference_mode():
            probabilities = torch.softmax(network(x).main, dim=1).numpy()
        return np.round(probabilities, DECIMALS).astype(np.float32)

    return with_known_answer(replace(model, weights=weights), run, where=str(caffemodel))


def main() -> None:
    """Write the file and print its path and size."""
    parser = argparse.ArgumentParser(description="Make the weights that ship with the project.")
    parser.add_argument("caffemodel", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    save_model(make_model(arguments.caffemodel), arguments.out, half=True)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
