"""What the experiments share: train several settings over several seeds, then show a table, a figure and two sentences.

All trainings of an experiment make the same number of updates on the same pictures, so that what differs between two
rows is the setting and the seed. How many that is follows from `--minutes`: a few updates of each setting are timed
first. `--steps` gives the number itself, for results that another machine can repeat.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scipy.stats import t as student

import googlenet
from googlenet.dataset import DEFAULT_SPLIT_RULE, EMBEDDED, SplitRule, check_for_training
from googlenet.runs import Event, StepDone

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Setting = tuple[str, Mapping[str, Any]]
"""A label and settings of the recipe by name, as `googlenet train --set` takes them."""

BASE: Mapping[str, Any] = {"width": 0.25, "auxiliary_weight": 0.0, "validate_every": 0, "checkpoint_seconds": 1e9}
PHOTOGRAPHS: Mapping[str, Any] = {
    "variant": "small-64",
    "input_size": 64,
    "resize_size": 64,
    "channels": 3,
    "fit": "crop",
    "mirror": True,
    "patch_area": (0.35, 1.0),
    "batch_size": 64,
}
"""How photographs differ from what the recipe `small` is for."""

ADAMW: Mapping[str, Any] = {"optimizer": "adamw", "learning_rate": 0.003}
"""For networks whose last features differ in size. Without projections these are about nine times as large at the start
(nothing normalises what the pools pass on), and the rate of SGD that suits the others makes the loss explode."""

FEW = SplitRule(seed=0, share=0.8)
FEW_VAL = 500
TIMED_STEPS = 4
FEWEST_STEPS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One training: its accuracy on val with Wilson's 95 % interval (shares), its cost for one picture, its length."""

    label: str
    seed: int
    accuracy: float
    interval: tuple[float, float]
    parameters: int
    multiply_adds: int
    seconds: float
    epochs: float
    steps: int
    model: googlenet.Model = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of one value a seed, with the 95 % interval of that mean by Student's t; one seed has no interval."""

    value: float
    low: float | None
    high: float | None
    seeds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Mean:
        """The mean of at least one value."""
        value, seeds = statistics.fmean(values), len(values)
        if seeds == 1:
            return cls(value, None, None, 1)
        reach = student.ppf(0.975, seeds - 1) * statistics.stdev(values) / math.sqrt(seeds)
        return cls(value, value - reach, value + reach, seeds)


def parse_arguments(doc: str | None, default_minutes: float) -> argparse.Namespace:
    """The arguments of an experiment: data, minutes, seeds, steps, out; `doc` is the script's own description."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default="digits", help="a folder or .tar of class folders (default: digits)")
    parser.add_argument("--minutes", type=float, default=default_minutes, help="time for all trainings (%(default)g)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each setting (%(default)s)")
    parser.add_argument("--steps", type=int, help="updates of each training, in place of --minutes")
    parser.add_argument("--out", type=Path, default=Path(sys.argv[0]).with_suffix(".png").name, help="the figure")
    arguments = parser.parse_args()
    if not arguments.minutes > 0 or arguments.seeds < 1 or (arguments.steps is not None and arguments.steps < 1):
        parser.error("--minutes, --seeds and --steps must be above 0")
    check_folder(parser, arguments.out)
    return arguments


def check_folder(parser: argparse.ArgumentParser, figure: Path) -> None:
    """End with a sentence, before any work, if there is no folder for the figure."""
    if not figure.parent.is_dir():
        parser.error(f"--out is {figure}, but there is no folder {figure.parent}")


def start(main: Callable[[], None]) -> None:
    """Run an experiment; what a user did wrong ends it with a sentence and exit code 2, without a traceback."""
    try:
        main()
    except googlenet.GoogLeNetError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def family(data: str) -> str:
    """The variant that suits the data: small-32 for an embedded set, small-64 for photographs."""
    return "small-32" if data in EMBEDDED else "small-64"


def complete_setting(data: str | googlenet.Dataset, setting: Mapping[str, Any]) -> dict[str, Any]:
    """All that a setting changes of the recipe `small`: `BASE`, what suits the data, and the setting itself."""
    photographs = {} if getattr(data, "name", data) in EMBEDDED else PHOTOGRAPHS
    return {**BASE, **photographs, **setting}


def open_few(data: str) -> googlenet.Dataset:
    """The pictures; of an embedded set, a fifth to learn from, so that there are errors. Val is at most `FEW_VAL`."""
    dataset = googlenet.open_dataset(data, split_rule=FEW if data in EMBEDDED else DEFAULT_SPLIT_RULE)
    check_for_training(dataset)
    val = dataset.splits["val"]
    kept = val.select(range(0, len(val), -(-len(val) // FEW_VAL)))
    return dataclasses.replace(dataset, splits={**dataset.splits, "val": kept})


def run(
    settings: Sequence[Setting],
    data: str | googlenet.Dataset,
    seeds: int,
    minutes: float,
    *,
    steps: int | None = None,
) -> list[Row]:
    """Train each setting once a seed, all for the same number of updates; one row for each training.

    `settings` override `BASE` and the recipe `small`; `minutes` is the time that all trainings take together.
    """
    complete = [(label, complete_setting(data, setting)) for label, setting in settings]
    dataset = googlenet.open_dataset(data) if isinstance(data, str) else data
    if steps is None:
        steps = _affordable_steps(complete, dataset, seeds, 60 * minutes)
    rows = []
    for seed in range(seeds):  # seeds outside: what slows the machine down for a while meets every setting
        for label, setting in complete:
            tell_progress(f"seed {seed}: {label}, {steps:,} updates")
            rows.append(_train(label, setting, dataset, seed, steps))
    return rows


def _train(
    label: str,
    setting: Mapping[str, Any],
    dataset: googlenet.Dataset,
    seed: int,
    steps: int,
    on_event: Callable[[Event], None] | None = None,
) -> Row:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        result = googlenet.train(
            dataset,
            recipe="small",
            settings={**setting, "steps": steps},
            seed=seed,
            out=Path(folder) / "run",
            report=False,
            on_event=on_event,
        )
        model = googlenet.load_model(result.model)
    table = googlenet.build_architecture(model.spec)
    cost = googlenet.network_cost(dataclasses.replace(table, input_size=model.preprocessing.input_size))
    pictures = len(dataset.splits["train"])
    return Row(
        label,
        seed,
        result.scores["top1"],
        tuple(result.scores["top1_interval"]),
        cost.parameters,
        cost.multiply_adds,
        result.scores["training_seconds"],
        steps * setting.get("batch_size", googlenet.RECIPES["small"].batch_size) / pictures,
        steps,
        model,
    )


def _affordable_steps(settings: Sequence[Setting], dataset: googlenet.Dataset, seeds: int, seconds: float) -> int:
    """Updates that every training can make if all take `seconds` together, from a short training of each setting."""
    started = time.monotonic()
    each_step = around = 0.0
    for label, setting in settings:
        tell_progress(f"timing {label}")
        ends: list[float] = []

        def note(event: Event, ends: list[float] = ends) -> None:
            if isinstance(event, StepDone):
                ends.append(time.monotonic())

        before = time.monotonic()
        _train(label, setting, dataset, 0, TIMED_STEPS, note)
        step = (ends[-1] - ends[0]) / (len(ends) - 1)  # without the first, which waits for the first pictures
        each_step += step
        around += time.monotonic() - before - step * TIMED_STEPS
    return steps_within(seconds - (time.monotonic() - started), seeds, each_step, around)


def steps_within(seconds: float, seeds: int, each_step: float, around: float) -> int:
    """Updates of each training; `each_step` and `around` (what a training takes besides) are sums over the settings."""
    return max(FEWEST_STEPS, int((seconds / seeds - around) / each_step))


def mean_of(rows: Iterable[Row], label: str) -> Mean:
    """The mean accuracy of a setting over its seeds."""
    return Mean.of([row.accuracy for row in rows if row.label == label])


def interval_of(rows: Iterable[Row], label: str) -> tuple[float, float]:
    """The interval of a setting's mean, within 0 to 1; of a single training that of its pictures (Wilson)."""
    of_label = [row for row in rows if row.label == label]
    mean = mean_of(of_label, label)
    low, high = of_label[0].interval if mean.low is None or mean.high is None else (mean.low, mean.high)
    return max(low, 0.0), min(high, 1.0)


def difference(rows: Sequence[Row], label: str, other: str) -> Mean:
    """The accuracy of a setting minus that of another one, seed by seed."""
    accuracies = {(row.label, row.seed): row.accuracy for row in rows}
    seeds = sorted({row.seed for row in rows})
    return Mean.of([accuracies[label, seed] - accuracies[other, seed] for seed in seeds])


def difference_sentence(rows: Sequence[Row], label: str, other: str) -> str:
    """The difference of two settings in words, and whether the interval says that there is one."""
    found = difference(rows, label, other)
    text = f"{label} against {other}: {100 * found.value:+.1f} points"
    if found.low is None or found.high is None:
        return f"{text} with one seed, from which nothing follows for another."
    interval = f"{text} ({100 * found.low:+.1f} to {100 * found.high:+.1f} over {found.seeds} seeds)"
    return f"{interval}, {'a difference' if found.low > 0 or found.high < 0 else 'no difference that can be told'}."


def show(rows: Sequence[Row], says: str, seen: str) -> None:
    """Print the table of all settings, what the paper says, and what was seen."""
    labels = list(dict.fromkeys(row.label for row in rows))
    heads = ("setting", "accuracy", "95 % interval", "parameters", "multiply-adds", "epochs")
    print_table([heads, *(_cells(label, [row for row in rows if row.label == label]) for label in labels)])
    seeds = len({row.seed for row in rows})
    of = f"of the mean over {seeds} seeds (Student's t)" if seeds > 1 else "of one training (Wilson)"
    print(f"intervals are {of}; each training makes {rows[0].steps:,} updates; costs are for one picture\n")
    print(f"The paper says: {says}")
    print(f"Seen here: {seen}")


def print_table(lines: Sequence[Sequence[str]]) -> None:
    """Print the lines in columns: the first one to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        print("  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]))


def _cells(label: str, rows: Sequence[Row]) -> tuple[str, ...]:
    first, (low, high) = rows[0], interval_of(rows, label)
    return (
        label,
        f"{mean_of(rows, label).value:.1%}",
        f"{low:.1%} to {high:.1%}",
        f"{first.parameters:,}",
        f"{first.multiply_adds:,}",
        f"{first.epochs:.2g}",
    )


def draw_accuracies(axes: Axes, rows: Sequence[Row]) -> None:
    """One line a setting: a dot for each seed, and the mean with its interval."""
    labels = list(dict.fromkeys(row.label for row in rows))
    for place, label in enumerate(labels):
        accuracies = [100 * row.accuracy for row in rows if row.label == label]
        axes.plot([100 * end for end in interval_of(rows, label)], [place, place], color="C0", linewidth=2)
        axes.plot(accuracies, [place] * len(accuracies), "o", color="C0", alpha=0.4)
        axes.plot([statistics.fmean(accuracies)], [place], "|", color="C0", markersize=16, markeredgewidth=2)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel("validation top-1, %")
    axes.grid(axis="x", alpha=0.3)


def draw_costs(axes: Axes, rows: Sequence[Row], cost: Literal["parameters", "multiply_adds"]) -> None:
    """One bar a setting, in the places of `draw_accuracies`."""
    costs = {row.label: getattr(row, cost) for row in rows}
    bars = axes.barh(range(len(costs)), list(costs.values()), height=0.5, color="C1")
    axes.bar_label(bars, [f"{value:,}" for value in costs.values()], padding=4)
    axes.set_ylim(len(costs) - 0.5, -0.5)
    axes.set_xlim(0, 1.45 * max(costs.values()))
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(cost.replace("_", "-"))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g} M")


def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure as PNG and say where it is."""
    figure.savefig(path, dpi=150, bbox_inches="tight")
    print(f"Figure: {path}")


def tell_progress(text: str) -> None:
    """A line about what is going on, for a person who watches."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
