"""Imagenette (128 px) from random weights within a budget, compared with torchvision's reference for the same time.

Run: make bench-imagenette [DATA=imagenette128.tar] [BUDGET=50000]. Runs follow each other, so that each has the machine
to itself: the budget is measured first, then every seed of every recipe, then torchvision's.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from training_runs import budget_minutes, run_peer, train_and_evaluate


def main() -> None:
    """Run everything in turn, a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--budget", type=int, default=50_000)
    parser.add_argument("--minutes", type=float, help="in place of a budget measured now")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--recipes", nargs="*", default=["scratch"])
    parser.add_argument("--without-torchvision", action="store_true")
    arguments = parser.parse_args()
    minutes = str(arguments.minutes or budget_minutes(arguments.budget))
    folder = Path(tempfile.mkdtemp(prefix="imagenette-"))
    for seed in arguments.seeds:
        for recipe in arguments.recipes:
            # val is evaluated only once, after the training
            flags = ("--recipe", recipe, "--set", "validate_every=0", "--minutes", minutes, "--seed", str(seed))
            result = train_and_evaluate(arguments.data, flags, folder / f"{recipe}-{seed}", split="val")
            print(json.dumps(result), flush=True)
        if not arguments.without_torchvision:
            run_peer("torchvision_reference.py", arguments.data, "--minutes", minutes, "--seed", str(seed))


if __name__ == "__main__":
    main()
