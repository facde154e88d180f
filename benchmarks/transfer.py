"""Fine-tuning within budgets: from `bvlc` to new classes, beside EfficientNet-Lite0 for the same minutes and pictures.

Run: make bench-transfer [TRANSFER_DATA=clothing10.tar] [TRANSFER_BUDGETS=20000]. Settings were chosen on `val`; what is
printed is `test`. Runs follow each other, so that each has the machine to itself.
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
    """Run every budget and seed in turn, a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--budgets", type=int, nargs="+", default=[20_000])
    parser.add_argument("--minutes", type=float, help="in place of budgets measured now")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--split", default="test")
    parser.add_argument("--start", default="bvlc")
    parser.add_argument("--without-peer", action="store_true")
    arguments = parser.parse_args()
    times = [arguments.minutes] if arguments.minutes else [budget_minutes(budget) for budget in arguments.budgets]
    folder = Path(tempfile.mkdtemp(prefix="transfer-"))
    for minutes in map(str, times):
        for seed in map(str, arguments.seeds):
            flags = ("--start", arguments.start, "--minutes", minutes, "--seed", seed)
            result = train_and_evaluate(arguments.data, flags, folder / f"{minutes}-{seed}", split=arguments.split)
            print(json.dumps(result), flush=True)
            if not arguments.without_peer:
                peer = ("--minutes", minutes, "--seed", seed, "--split", arguments.split)
                run_peer("efficientnet_lite0.py", arguments.data, *peer)


if __name__ == "__main__":
    main()
