"""The embedded digits with the recipe `small`: validation top-1 and seconds of training for three seeds.

Run: make bench-digits
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from googlenet.model import read_header


def main() -> None:
    """Train once per seed, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    googlenet = Path(sys.executable).with_name("googlenet")
    for seed in parser.parse_args().seeds:
        run = Path(tempfile.mkdtemp(prefix="digits-")) / "run"
        command = [googlenet, "train", "digits", "--recipe", "small", "--seed", str(seed), "--out", run]
        subprocess.run(command, check=True, capture_output=True)
        scores = read_header(run).about.scores
        low, high = scores["top1_interval"]
        print(
            f"seed {seed}: {scores['top1']:.2%} ({low:.2%} to {high:.2%}, {scores['pictures']} pictures), "
            f"{scores['training_seconds']:.0f} s of training",
            flush=True,
        )


if __name__ == "__main__":
    main()
