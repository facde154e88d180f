"""Seconds to build a network, and of commands that need no model. Run: make bench-start."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine

ROUNDS = 7


def main() -> None:
    """Medians of seven rounds."""
    from googlenet.architecture import PAPER
    from googlenet.network import GoogLeNet

    print(describe_machine())
    builds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        GoogLeNet(PAPER)
        builds.append(time.perf_counter() - start)
    print(f"GoogLeNet(PAPER), with auxiliary classifiers and initialisation: {statistics.median(builds):.3f} s")
    googlenet = Path(sys.executable).with_name("googlenet")
    for arguments in (["table1"], ["--help"], ["recipes", "paper"]):
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            subprocess.run([googlenet, *arguments], check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        print(f"googlenet {' '.join(arguments):<14} {statistics.median(times):.3f} s")


if __name__ == "__main__":
    main()
