"""`write_run_report` on 10,000 pictures: seconds, and the size of the page.

The pictures are JPEGs of 500x375 px: photographs' size and about their entropy (low-pass noise under fine noise), a
hundred distinct ones under 10,000 names. The answers are drawn at random around the true classes; the network is
`bvlc` with as many of its outputs as there are classes, so that the activation maps cost what they cost.
Run: make bench-report
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from googlenet.evaluation import Answers
from googlenet.machine import read_machine
from googlenet.model import ClassLabel, load_model, save_model
from googlenet.pretrained import find_model
from googlenet.report import write_run_report
from googlenet.runs import RunFolder

DISTINCT = 100


def make_pictures(folder: Path, names: list[str]) -> None:
    """Write a hundred pictures, and all names as links to them."""
    generator = np.random.default_rng(0)
    folder.mkdir(parents=True)
    sources = []
    for number in range(DISTINCT):
        coarse = Image.fromarray(generator.integers(0, 256, (9, 12, 3), np.uint8))
        pixels = np.asarray(coarse.resize((500, 375), Image.Resampling.BICUBIC), np.float32)
        fine = pixels + generator.normal(0, 14, pixels.shape)
        path = folder / f"source-{number}"
        Image.fromarray(fine.clip(0, 255).astype(np.uint8)).save(path, "JPEG", quality=88)
        sources.append(path)
    for place, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(sources[place % DISTINCT], folder / name)
    for source in sources:
        source.unlink()


def make_run(run: RunFolder, data: Path, pictures: int, classes: int, accuracy: float) -> None:
    """A run's folder with answers for `pictures` pictures of `classes` classes, about `accuracy` of them right."""
    generator = np.random.default_rng(1)
    labels = np.sort(np.arange(pictures) % classes)
    ids = tuple(f"class {place:04}" for place in range(classes))
    names = [f"val/{ids[label]}/{place:06}.jpg" for place, label in enumerate(labels)]
    make_pictures(data, names)
    logits = generator.normal(0, 1.5, (pictures, classes))
    near = (labels + generator.integers(1, 4, pictures)) % classes  # mistakes are not spread evenly
    given = np.where(generator.random(pictures) < accuracy, labels, near)
    logits[np.arange(pictures), given] += generator.gamma(6, 1.2, pictures)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    run.create()
    Answers(tuple(names), labels.astype(np.int64), probabilities, ids, "val").save(run.answers)
    run.write_settings({"data": str(data), "recipe": "finetune", "seed": 0, "settings": {}})
    model = load_model(find_model("bvlc"))
    weights = model.weights | {
        f"linear.{kind}": model.weights[f"linear.{kind}"][:classes] for kind in ("weight", "bias")
    }
    spec = dataclasses.replace(model.spec, classes=classes)
    labelled = tuple(ClassLabel(one, one) for one in ids)
    save_model(dataclasses.replace(model, spec=spec, weights=weights, classes=labelled, known_answer=None), run.model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 20, 1000])
    parser.add_argument("--accuracy", type=float, default=0.8)
    arguments = parser.parse_args()
    print(read_machine())
    for classes in arguments.classes:
        with tempfile.TemporaryDirectory() as folder:
            run = RunFolder(Path(folder) / "run")
            make_run(run, Path(folder) / "data", arguments.pictures, classes, arguments.accuracy)
            started = time.monotonic()
            page = write_run_report(run)
            figures = {
                "pictures": arguments.pictures,
                "classes": classes,
                "seconds": round(time.monotonic() - started, 1),
                "megabytes": round(page.stat().st_size / 1e6, 2),
            }
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
