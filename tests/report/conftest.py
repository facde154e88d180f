"""A run's folder with real pictures, answers and a model; its page; and a browser to look at pages with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.dataset import open_dataset
from googlenet.evaluation import Answers
from googlenet.images import Preprocessing
from googlenet.model import About, ClassLabel, Model, save_model
from googlenet.network import GoogLeNet, read_weights
from googlenet.recipes import get_recipe
from googlenet.report import write_run_report
from googlenet.report.atlas import Atlas, write_atlas
from googlenet.runs import EpochDone, RunFolder, RunWriter
from googlenet.visualization.exciting import find_exciting
from googlenet.visualization.units import unit_layers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
CLASSES = (
    "<img src=x onerror=document.title='broken'>",
    "\N{HANGUL SYLLABLE GYEO}\N{HANGUL SYLLABLE UL} \N{HANGUL SYLLABLE OS}",
    "a \"quoted\" & 'named' {{ class }} $x_1$",
    "long" + "er" * 60,
    "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER MEM}\N{HEBREW LETTER LAMED}",
)
"""Names as folders may have them."""


def random_answers(
    labels: list[int], classes: tuple[str, ...], *, accuracy: float = 0.7, seed: int = 0, split: str = "val"
) -> Answers:
    """Answers for pictures of the classes `labels`, about `accuracy` of them right, as a network might give them."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1, (len(labels), len(classes)))
    given = np.where(generator.random(len(labels)) < accuracy, labels, (np.array(labels) + 1) % len(classes))
    logits[np.arange(len(labels)), given] += generator.uniform(1, 6, len(labels))
    powers = np.exp(logits)
    return Answers(
        names=tuple(f"{split}/{classes[label]}/{place:03}.png" for place, label in enumerate(labels)),
        labels=np.array(labels, np.int64),
        probabilities=(powers / powers.sum(axis=1, keepdims=True)).astype(np.float32),
        classes=classes,
        split=split,
        bad_pictures=((f"{split}/{classes[0]}/torn.png", "truncated file"),),
    )


def paint(data: Path, answers: Answers) -> None:
    """Write a small picture for each answer, in the colour of its class."""
    generator = np.random.default_rng(7)
    for name, label in zip(answers.names, answers.labels.tolist(), strict=True):
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        base = np.array([40 * label % 256, 255 - 30 * label % 256, 90])
        Image.fromarray((base + generator.integers(-30, 30, (36, 48, 3))).clip(0, 255).astype(np.uint8)).save(path)


def small_model(classes: tuple[str, ...]) -> Model:
    """A small network with its initial weights."""
    spec = ArchitectureSpec("small-32", classes=len(classes), width=0.125)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    preprocessing = Preprocessing(32, 32, "crop", "RGB", (124.0, 117.0, 104.0), (0.02,) * 3)
    about = About(
        scores={"training_seconds": 75.0, "best_of": 3, "machine": "a processor"},
        data={"name": "data", "pictures": {"train": 400, "val": 60}, "split": {"seed": 4, "share": 0.2}},
        versions={"googlenet": "0.1.0"},
        created="2026-11-26T10:00:00+00:00",
    )
    return Model(spec, weights, tuple(ClassLabel(one, one) for one in classes), preprocessing, about=about)


def fill_run(folder: RunFolder, data: Path, answers: Answers, *, seed: int = 0) -> RunFolder:
    """Write what a training leaves in its folder, as the training writes it, and the pictures that it was about."""
    folder.create()
    paint(data, answers)
    answers.save(folder.answers)
    save_model(small_model(answers.classes), folder.model)
    recipe = get_recipe("smoke").to_dict() | {"learning_rate": 0.02, "mirror": False}
    folder.write_settings(
        {
            **{"data": str(data), "recipe": "smoke", "settings": recipe, "minutes": None, "seed": seed},
            **{"val_share": 0.2, "split_seed": 4, "start": None, "members": None},
        }
    )
    writer = RunWriter(folder)
    for epoch in range(1, 5):
        writer(
            EpochDone(
                epoch=epoch,
                step=10 * epoch,
                seconds=5.0 * epoch,
                input_size=28,
                learning_rate=0.02 / epoch,
                images_per_second=812.0,
                loss=2.0 / epoch,
                head_losses={"main": 1.5 / epoch, "auxiliary_4a": 1.7 / epoch, "auxiliary_4d": 1.6 / epoch},
                head_accuracies={"main": 0.2 * epoch, "auxiliary_4a": 0.18 * epoch, "auxiliary_4d": 0.19 * epoch},
                validation_top1=0.2 * epoch if epoch % 2 == 0 else None,
                validation_loss=1.1 / epoch if epoch % 2 == 0 else None,
                best=epoch == 4,
            )
        )
    return folder


@pytest.fixture(scope="session")
def answers() -> Answers:
    """160 answers of five classes with awkward names, the last of which has no pictures."""
    return random_answers([label % 4 for label in range(160)], CLASSES)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, answers: Answers) -> RunFolder:
    """A finished run of those answers; one of its pictures has become a text file, another is gone."""
    root = tmp_path_factory.mktemp("report")
    folder = fill_run(RunFolder(root / "run"), root / "data", answers)
    wrong = np.flatnonzero(answers.probabilities.argmax(axis=1) != answers.labels)
    (root / "data" / answers.names[wrong[0]]).write_text("not a picture")
    (root / "data" / answers.names[wrong[1]]).unlink()
    return folder


@pytest.fixture(scope="session")
def page(run: RunFolder) -> Path:
    """The run's report."""
    return write_run_report(run)


ATLAS_LAYER = "4a/5x5_reduce"  # 16 units


def sixteen_units(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Activations (N, 16, 1, 1): how much of each of 16 mixtures of colours is in the squares; the last has none."""
    mixtures = np.random.default_rng(3).uniform(0, 1, (16, 3))
    mixtures[15] = 0
    return np.asarray(squares.mean((1, 2)) @ mixtures.T, np.float32)[:, :, np.newaxis, np.newaxis]


@pytest.fixture(scope="session")
def atlas(run: RunFolder, page: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas of 16 units on the run's pictures, whose classes have awkward names; nothing excites the last unit."""
    samples = open_dataset(run.path.parent / "data", split_rule=None).splits["val"]
    table = build_architecture(ArchitectureSpec("paper"))
    layers = unit_layers(table, ATLAS_LAYER)
    fields = [layer.receptive_field for layer in layers]
    found = find_exciting(
        sixteen_units, samples, Preprocessing(224, 224, "crop", "RGB", (0.0,) * 3, (1.0,) * 3), fields
    )
    made = {unit: np.full((64, 64, 3), 16 * unit, np.uint8) for unit in range(16)}
    path = tmp_path_factory.mktemp("atlas") / "atlas.html"
    about = Atlas(
        *("model <script>", layers[0], layers, tuple(range(16)), made, dict.fromkeys(range(16), 9.5)),
        *("data & more", found, {CLASSES[1]: "tabby, tabby cat"}),
    )
    write_atlas(about, path, samples)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, started once a file: its driver ends only when no process that a later test forks has its pipe."""
    if not CHROMIUM.exists():
        pytest.skip("no browser: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no driver of browsers: pip install playwright")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def changed(answers: Answers, *, accuracy: float, seed: int) -> Answers:
    """Answers of another model to the same pictures."""
    other = random_answers(answers.labels.tolist(), answers.classes, accuracy=accuracy, seed=seed, split=answers.split)
    return dataclasses.replace(other, names=answers.names)
