"""Tiny sets of pictures whose classes differ by colour, a recipe of seconds, and one road through a training."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from googlenet.dataset import Dataset, Ignored, Sample, Samples, Split
from googlenet.images import BadImage, Enough, Rgb
from googlenet.model import Model
from googlenet.recipes import Recipe, get_recipe, override
from googlenet.runs import Event, RunFolder, RunWriter, StepDone
from googlenet.training import TrainingJob, train

Kind = TypeVar("Kind")
COLOURS = {"blue": (40, 60, 210), "green": (50, 200, 60), "red": (210, 50, 40)}
TINY: dict[str, Any] = {"batch_size": 8, "learning_rate": 0.02, "memory_gigabytes": 0.1}


@dataclass(frozen=True)
class MemorySource:
    """Pictures in memory; those in `bad` cannot be read."""

    images: dict[str, Rgb]
    bad: frozenset[str]

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        return BadImage("truncated file") if name in self.bad else self.images[name].copy()


@dataclass(frozen=True)
class Trained:
    """What came out of a training: its model (None: stopped) and its events in order."""

    job: TrainingJob
    model: Model | None
    events: list[Event]

    def all(self, kind: type[Kind]) -> list[Kind]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def weights(self) -> dict[str, bytes]:
        """The finished model's weights, to the bit."""
        assert self.model is not None
        return {name: array.tobytes() for name, array in self.model.weights.items()}


class Training:
    """Makes pictures, and jobs below a folder, and runs them with the writer that the command uses."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @staticmethod
    def samples(count: int, *, split: str = "train", input_size: int = 32, bad: Collection[str] = ()) -> Samples:
        """So many noisy pictures of each of three colours, in memory; those named in `bad` cannot be read."""
        generator = np.random.default_rng(len(split))
        images = {
            f"{split}/{name}/{number:03d}.png": np.clip(
                colour + generator.normal(0, 25, (input_size, input_size, 3)), 0, 255
            ).astype(np.uint8)
            for name, colour in COLOURS.items()
            for number in range(count)
        }
        items = tuple(Sample(name, list(COLOURS).index(name.split("/")[1])) for name in images)
        return Samples(tuple(COLOURS), items, MemorySource(images, frozenset(bad)))

    def dataset(self, *, train: int = 16, val: int = 6, bad: Collection[str] = ()) -> Dataset:
        """So many pictures of each class in train and in val."""
        counts: dict[Split, int] = {"train": train, "val": val}
        splits = {split: self.samples(count, split=split, bad=bad) for split, count in counts.items()}
        return Dataset("colours", tuple(COLOURS), splits, None, Ignored(), "colours")

    @staticmethod
    def recipe(**settings: Any) -> Recipe:
        """The smoke recipe with batches of 8, and these settings."""
        return override(get_recipe("smoke"), TINY | settings)

    def job(self, name: str, dataset: Dataset | None = None, **settings: Any) -> TrainingJob:
        """A job for the tiny recipe with these settings; `seed` and `minutes` are the job's."""
        seed, minutes = settings.pop("seed", 3), settings.pop("minutes", None)
        folder = RunFolder(self.root / name)
        return TrainingJob(dataset or self.dataset(), self.recipe(**settings), folder, seed, minutes)

    def run(
        self, job: TrainingJob, *, stop_after: int | None = None, listen: Callable[[Event], None] | None = None
    ) -> Trained:
        """Train; `stop_after` so many updates in all it is asked to stop."""
        events: list[Event] = []
        writer: RunWriter | None = None

        def emit(event: Event) -> None:
            nonlocal writer
            writer = writer or RunWriter(job.folder, step=getattr(event, "step", 0))
            writer(event)
            events.append(event)
            if listen:
                listen(event)

        def should_stop() -> bool:
            done = [event.step for event in events if isinstance(event, StepDone)]
            return stop_after is not None and bool(done) and done[-1] >= stop_after

        return Trained(job, train(job, emit, should_stop=should_stop), events)


@pytest.fixture
def training(tmp_path: Path) -> Training:
    return Training(tmp_path)


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A whole training of five epochs, for all who only look at it."""
    training = Training(tmp_path_factory.mktemp("learned"))
    return training.run(training.job("run", epochs=5, learning_rate=0.05))
