"""Imagenette (128 px) from random weights within a budget, beside torchvision's reference for the same time.

Run: make bench-imagenette [DATA=imagenette128.tar] [BUDGET=50000]. Runs follow each other, so that each has the machine
to itself: the budget is measured first, then every seed of every recipe, then torchvision's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PEER = HERE.parent / ".venv-peer" / "bin" / "python"


def budget_minutes(budget: int) -> float:
    """Minutes of a budget on this machine."""
    text = subprocess.run([PEER, HERE / "budget.py", str(budget)], check=True, capture_output=True, text=True).stdout
    print(text, flush=True)
    return float(text.split("minutes")[0].split()[-1])


def train_ours(data: str, recipe: str, minutes: float, seed: int, folder: Path) -> dict[str, object]:
    """Train with `googlenet train` and evaluate with `googlenet evaluate`."""
    googlenet = Path(sys.executable).with_name("googlenet")
    run = folder / f"{recipe}-{seed}"
    command = [googlenet, "train", data, "--recipe", recipe, "--minutes", str(minutes), "--seed", str(seed)]
    subprocess.run([*command, "--out", run], check=True)
    text = subprocess.run(
        [googlenet, "evaluate", run, data, "--json"], check=True, capture_output=True, text=True
    ).stdout
    result = json.loads(text)
    kept = {key: result[key] for key in ("top1", "top1_interval", "pictures")}
    return {"network": f"googlenet --recipe {recipe}", "seed": seed} | kept


def main() -> None:
    """Run everything in turn, a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--budget", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--recipes", nargs="*", default=["scratch"])
    parser.add_argument("--without-torchvision", action="store_true")
    arguments = parser.parse_args()
    minutes = budget_minutes(arguments.budget)
    folder = Path(tempfile.mkdtemp(prefix="imagenette-"))
    for seed in arguments.seeds:
        for recipe in arguments.recipes:
            print(json.dumps(train_ours(arguments.data, recipe, minutes, seed, folder)), flush=True)
        if not arguments.without_torchvision:
            command = [PEER, HERE / "torchvision_reference.py", arguments.data, "--minutes", str(minutes)]
            subprocess.run([*command, "--seed", str(seed)], check=True)


if __name__ == "__main__":
    main()
