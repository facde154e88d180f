"""What benchmarks of trainings share: the minutes of a budget, and a training with its evaluation by the command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GOOGLENET = Path(sys.executable).with_name("googlenet")
PEER = HERE.parent / ".venv-peer" / "bin" / "python"
KEPT = ("split", "top1", "top1_interval", "macro_recall", "pictures")


def budget_minutes(budget: int) -> float:
    """Minutes of a budget of so many pictures on this machine, measured now."""
    text = subprocess.run([PEER, HERE / "budget.py", str(budget)], check=True, capture_output=True, text=True).stdout
    print(text, flush=True)
    return float(text.split("minutes")[0].split()[-1])


def train_and_evaluate(
    data: str, flags: Sequence[str], run: Path, *, split: str, output: Path | None = None
) -> dict[str, Any]:
    """Train with `googlenet train DATA FLAGS --out RUN`, evaluate once on a split with `googlenet evaluate`.

    `output`: where to write a row a picture.
    """
    subprocess.run([GOOGLENET, "train", data, *flags, "--out", run], check=True)
    rows = ["--output", output] if output else []
    command = [GOOGLENET, "evaluate", run, data, "--split", split, "--json", *rows]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"command": " ".join(["googlenet train", data, *flags])} | {key: result[key] for key in KEPT}


def run_peer(script: str, *arguments: str) -> None:
    """Run another network's training in the peers' environment; it prints a line of JSON."""
    subprocess.run([PEER, HERE / script, *arguments], check=True)
