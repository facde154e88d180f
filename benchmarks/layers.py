"""How far the engines agree at every layer: the worst difference, over the layer's largest value, on photographs.

Every layer is compared with what torch gives, after its ReLU and before it. No seconds are taken, so that it may run
beside other work.
Run: make bench-layers
"""

from __future__ import annotations

import argparse
import importlib.util
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import googlenet
from googlenet.architecture import build_architecture, layer_names
from googlenet.artifacts import open_model
from googlenet.cli.sources import expand_sources
from googlenet.engines import ENGINES
from googlenet.importers import Provenance, import_file
from googlenet.model import Model
from googlenet.pretrained import find_model

REFERENCE = "torch"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a model, or a file that `googlenet import` reads")
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--count", type=int, default=16, help="pictures that are compared")
    asked = parser.parse_args()
    model = read_model(asked.model)
    layers = layer_names(build_architecture(model.spec))
    names = [*layers, *(f"{name}_pre_relu" for name, layer in layers.items() if layer.has_relu)]
    pictures = [
        source if isinstance(source, str) else source.read()
        for source in islice(expand_sources(asked.pictures), asked.count)
    ]
    print(f"{asked.model}: {len(names)} values of {len(pictures)} pictures, compared with {REFERENCE}")
    expected = activations(model, REFERENCE, pictures, names)
    for engine, entry in ENGINES.items():
        if engine != REFERENCE and importlib.util.find_spec(entry.package):
            found = activations(model, engine, pictures, names)
            off = {name: float(np.abs(found[name] - expected[name]).max()) for name in names}
            shares = {name: off[name] / float(np.abs(expected[name]).max()) for name in names}
            worst = max(shares, key=lambda name: shares[name])
            median = np.median(list(shares.values()))
            print(f"{engine:<9} worst {shares[worst]:.1e} ({worst}), median of the layers {median:.1e}")


def read_model(text: str) -> Model:
    path = Path(text)
    if path.suffix in (".caffemodel", ".pth"):
        return import_file(path, Provenance()).model
    model = open_model(find_model(text))
    assert isinstance(model, Model), "exported files do not give their layers"
    return model


def activations(
    model: Model, engine: str, pictures: list[str | bytes], names: list[str]
) -> dict[str, NDArray[np.float32]]:
    return googlenet.load(model, engine=engine, device="cpu", threads=1).activations(pictures, names)


if __name__ == "__main__":
    main()
