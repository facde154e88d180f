"""Seven networks for the paper's Table 3, trained on the embedded digits: on four fifths of the scans, and on one.

More crops are shown for what they do, not as a use: mirroring changes what a digit is, and corners cut it.
Run: make bench-members
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from hits import compare_hits, read_hits
from training_runs import GOOGLENET

COMMAND = ("train", "digits", "--recipe", "small", "--members", "7")
TRAININGS: dict[str, tuple[str, ...]] = {
    "1,10,144": (),
    "1": ("--val-share", "0.8", "--set", "epochs=10", "--set", "validate_every=0"),
}
"""Protocols of crops that are compared -> more flags of the training."""


def main() -> None:
    """Train both ensembles in turn; print the table of each, and seven networks' top-1 minus one's."""
    for crops, flags in TRAININGS.items():
        run = Path(tempfile.mkdtemp(prefix="members-")) / "run"
        subprocess.run([GOOGLENET, *COMMAND, *flags, "--out", run], check=True, stdout=subprocess.DEVNULL)
        print(" ".join(["googlenet", *COMMAND, *flags]), flush=True)
        check(run, crops)


def check(run: Path, crops: str) -> None:
    """Print Table 3 of an ensemble, and the difference in top-1 between all members and each, with one crop."""
    subprocess.run([GOOGLENET, "evaluate", run, "digits", "--crops", crops], check=True)
    hits = {}
    for model in (run, *sorted((run / "members").iterdir())):
        rows = run.with_name(f"{model.name}.jsonl")
        subprocess.run(
            [GOOGLENET, "evaluate", model, "digits", "--json", "--output", rows], check=True, stdout=subprocess.DEVNULL
        )
        hits[model.name] = read_hits(rows)
    together = hits.pop(run.name)
    for number, alone in hits.items():
        top1 = sum(alone.values()) / len(alone)
        print(json.dumps({"member": number, "top1": top1} | compare_hits(together, alone)), flush=True)


if __name__ == "__main__":
    main()
