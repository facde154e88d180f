"""How time scales: batches of 1 to 64 pictures, and pictures of 112 to 448 px.

Each engine in a process of its own, in alternating rounds; medians. Prints a table, and draws docs/growth.png.
Run: make bench-growth
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from curves import Panel, Points, draw_curves

from googlenet.artifacts import open_models
from googlenet.benchmarking import CANDIDATES, Worker, write_files
from googlenet.machine import read_machine
from googlenet.parallel import available_cpus
from googlenet.pretrained import find_model

BATCHES = (1, 2, 4, 8, 16, 32, 64)
AUXILIARIES = (112, 160, 224, 320, 448)
SIDE = 224
PRECISIONS = ("float32", "int8")
WORK = [(batch, SIDE) for batch in BATCHES] + [(1, input_size) for input_size in AUXILIARIES if input_size != SIDE]
PICTURE = Path(__file__).parents[1] / "docs" / "growth.png"

Times = dict[tuple[str, int, int], list[float]]
"""Seconds of each run by (engine, batch, input size)."""


def measure(rounds: int, threads: int) -> Times:
    """Time all engines that are installed; the first round warms up and is not counted."""
    features = read_machine().features
    chosen = [
        one
        for one in CANDIDATES
        if not one.peer and one.engine != "torch" and one.precision in PRECISIONS and one.missing(features) is None
    ]
    path = find_model("bvlc")
    times: Times = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        kinds = dict.fromkeys(one.reads for one in chosen if one.reads is not None)
        files = write_files(path, open_models([path]), Path(folder), kinds)
        workers = {}
        for one in chosen:
            workers[f"{one.engine} {one.precision}"] = worker = Worker(one, files[one.reads or ""], threads)
            stack.callback(worker.close)
        for round_ in range(rounds + 1):
            for batch, input_size in WORK:
                for name, worker in workers.items():
                    # the first run of another shape is the engine's preparation for it
                    seconds = worker.run(times=1 + max(1, 4 // batch), batch=batch, input_size=input_size)[1:]
                    if round_:
                        times.setdefault((name, batch, input_size), []).extend(seconds)
    return times


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--out", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    medians = {
        key: 1000 * statistics.median(times) for key, times in measure(arguments.rounds, arguments.threads).items()
    }
    names = list(dict.fromkeys(name for name, _, _ in medians))
    print(f"{read_machine()}; threads: {arguments.threads}; medians of {arguments.rounds} rounds, ms\n")
    print("| pictures at once, px | " + " | ".join(f"{name}: a run | a picture" for name in names) + " |")
    print("|---|" + "---|" * 2 * len(names))
    for batch, input_size in WORK:
        cells = [
            f"{medians[name, batch, input_size]:.1f} | {medians[name, batch, input_size] / batch:.2f}" for name in names
        ]
        print(f"| {batch}, {input_size} | " + " | ".join(cells) + " |")

    def line(name: str, *, by_size: bool) -> Points:
        if by_size:
            return [(input_size, medians[name, 1, input_size]) for input_size in AUXILIARIES]
        return [(batch, 1000 * batch / medians[name, batch, SIDE]) for batch in BATCHES]

    panels = [
        Panel(
            f"Pictures of {SIDE} px: throughput",
            "pictures at once",
            "pictures a second",
            {name: line(name, by_size=False) for name in names},
        ),
        Panel(
            "One picture: time",
            "input size in px",
            "milliseconds",
            {name: line(name, by_size=True) for name in names},
        ),
    ]
    draw_curves(panels, title=f"bvlc on {read_machine()}").save(arguments.out)
    print(f"\ndrawn: {arguments.out}")


if __name__ == "__main__":
    main()
