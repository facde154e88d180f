"""The objects a training works with, built from its job and from its last checkpoint if there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from googlenet.dataset import Split
from googlenet.engines.torch_engine import TorchEngine
from googlenet.evaluation import PreparedSquares, prepare_squares
from googlenet.images import Preprocessing
from googlenet.network import GoogLeNet
from googlenet.recipes import train_size_at
from googlenet.training.averaging import WeightAverage
from googlenet.training.batches import BatchSampler
from googlenet.training.checkpoint import load_checkpoint
from googlenet.training.freezing import freeze_rows, frozen_rows
from googlenet.training.job import TrainingJob
from googlenet.training.optimizer import build_optimizer
from googlenet.training.pictures import DecodedPictures
from googlenet.training.schedule import Position, Schedule, learning_rate_at
from googlenet.training.state import TrainingState
from googlenet.training.step import StepSettings
from googlenet.training.transfer import transfer_weights

GIGABYTE = 1_000_000_000
VALIDATION_SHARE = 0.25  # share of the memory for pictures that the squares of val may use
STORED_SIZES = 2  # pictures are stored at up to this many times the largest training size


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a training lasts: a number of updates, or seconds, those of a probe before the updates included."""

    steps: int
    seconds: float | None

    def share_done(self, step: int, state: TrainingState) -> float:
        """Share of the updates, or of the time for them, that is used up after `step`, 0 to 1."""
        if not self.seconds:
            return min(1.0, step / self.steps)
        left = self.seconds - state.probe_seconds
        return min(1.0, (state.seconds - state.probe_seconds) / left) if left > 0 else 1.0


@dataclass(slots=True)
class TrainingParts:
    """Everything a training works with. The networks and the optimiser are on the job's device.

    `engine` runs the averaged weights; its network has no auxiliary classifiers. `bad`: the bad pictures reported so
    far.
    """

    network: GoogLeNet
    optimizer: torch.optim.Optimizer
    average: WeightAverage
    state: TrainingState
    pictures: DecodedPictures
    sampler: BatchSampler
    budget: Budget
    schedule: Schedule
    preprocessing: Preprocessing
    step_settings: StepSettings
    engine: TorchEngine
    validation: PreparedSquares
    size_at: Callable[[int], int]
    frozen_at: Callable[[float], tuple[str, ...]]
    bad: dict[Split, set[str]] = field(default_factory=dict)

    @property
    def share_done(self) -> float:
        """Share of the budget that is used up, 0 to 1."""
        return self.budget.share_done(self.state.step, self.state)

    @property
    def epoch(self) -> int:
        """The number of complete epochs."""
        return self.state.step // self.sampler.steps_per_epoch

    def prepare_network(self) -> None:
        """Put the network into training mode for the next update, with the rows frozen that do not learn now."""
        self.network.train()
        freeze_rows(self.network, self.frozen_at(self.share_done))

    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return learning_rate_at(self.schedule, Position(self.epoch, self.share_done))


def build_network(job: TrainingJob) -> tuple[GoogLeNet, frozenset[str] | None]:
    """The initial network; with a start, also the names of the parameters that are newly initialised."""
    seed = job.seed if job.initial_seed is None else job.initial_seed
    network = GoogLeNet(
        job.architecture,
        auxiliaries=job.recipe.auxiliary_weight > 0,
        generator=torch.Generator().manual_seed(seed),
    )
    new = transfer_weights(job.start, network, job.dataset.classes)
    return network.to(job.device), new


def build_sampler(job: TrainingJob) -> BatchSampler:
    """How the training pictures are grouped into batches."""
    training, recipe = job.dataset.splits["train"], job.recipe
    return BatchSampler(
        seed=job.seed,
        batch_size=min(recipe.batch_size, len(training)),
        labels=training.labels,
        augmentation=job.augmentation,
        fit=recipe.fit,
        balance=recipe.balance,
    )


def build_pictures(job: TrainingJob) -> DecodedPictures:
    """The training pictures, kept decoded as far as the recipe's memory allows."""
    return DecodedPictures(
        job.dataset.splits["train"],
        shortest_side=STORED_SIZES * max(input_size for _, input_size in job.recipe.sizes),
        limit_bytes=int(job.recipe.memory_gigabytes * GIGABYTE * (1 - VALIDATION_SHARE)),
    )


def build_parts(job: TrainingJob) -> TrainingParts:
    """Build the parts, and resume from the checkpoint in the run's folder if there is one."""
    recipe = job.recipe
    network, new = build_network(job)
    architecture = network.architecture  # `job.architecture` would build it again each time
    optimizer = build_optimizer(network, recipe, new=new)
    average = WeightAverage.from_recipe(recipe)
    state = TrainingState()
    if job.folder.checkpoint.is_file():
        state = load_checkpoint(job.folder.checkpoint, network, optimizer, average)

    preprocessing, sampler = job.preprocessing, build_sampler(job)
    budget = Budget(
        steps=recipe.steps or max(recipe.least_steps, round(recipe.epochs * sampler.steps_per_epoch)),
        seconds=job.minutes * 60 if job.minutes else None,
    )
    return TrainingParts(
        network=network,
        optimizer=optimizer,
        average=average,
        state=state,
        pictures=build_pictures(job),
        sampler=sampler,
        budget=budget,
        schedule=Schedule(
            recipe.schedule,
            recipe.learning_rate,
            warmup=recipe.warmup,
            power=recipe.power,
            final_fraction=recipe.final_fraction,
        ),
        preprocessing=preprocessing,
        step_settings=StepSettings(recipe.label_smoothing, recipe.auxiliary_weight, job.precision),
        engine=TorchEngine(GoogLeNet(architecture, auxiliaries=False), preprocessing, job.device),
        validation=prepare_squares(
            job.dataset.splits["val"],
            preprocessing,
            limit_bytes=int(recipe.memory_gigabytes * GIGABYTE * VALIDATION_SHARE),
            workers=job.workers,
        ),
        size_at=lambda step: train_size_at(recipe.sizes, budget.share_done(step, state)),
        frozen_at=lambda share: frozen_rows(architecture, recipe, share),
    )
