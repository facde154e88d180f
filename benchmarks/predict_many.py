"""`googlenet predict` on 100,000 pictures: peak memory, and its rows when it is killed and resumed.

The pictures are JPEGs of 64 to 96 px made from the embedded digits, in folders of a thousand with a folder for each
class; of each thousand one is cut off, one empty and one a text file. For each kind of output: the peak memory of
predicting a thousand, ten thousand, all; then all again, `kill -9` at a third of the rows, `--resume`, killed at two
thirds, `--resume` to the end, and its rows beside those of the run that nobody interrupted.
Run: make bench-predict-many
"""

from __future__ import annotations

import argparse
import filecmp
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from googlenet.benchmarking.timing_process import peak_bytes
from googlenet.machine import read_machine
from googlenet.predictions import partial_path, read_predictions

PROGRAM = (sys.executable, "-c", "from googlenet.cli.main import main; main()")
SUFFIXES = (".csv", ".jsonl", ".parquet")
IN_A_FOLDER = 1000
BAD = {
    333: lambda data: data[: len(data) // 2],
    555: lambda data: b"",
    777: lambda data: b"no picture, only its name\n",
}
"""What becomes of the file at a place of its folder."""
LOOKS = 0.02  # seconds between looks at a file that grows
EXIT_BAD_PICTURES = 1


def make_folder(folder: Path) -> None:
    """Make a thousand pictures below a folder, named by its number, the same each time."""
    import io

    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    generator = np.random.default_rng(int(folder.name))
    for number in range(IN_A_FOLDER):
        chosen = generator.integers(len(labels))
        size = tuple(int(input_size) for input_size in generator.integers(64, 97, 2))
        scan = Image.fromarray(np.uint8(scans[chosen].reshape(8, 8) * (255 / 16)))
        grey = np.asarray(scan.resize(size, Image.Resampling.BICUBIC), np.float32)[:, :, np.newaxis]
        pixels = grey * generator.uniform(0.7, 1, 3) + generator.normal(0, 6, grey.shape)
        file, quality = io.BytesIO(), int(generator.integers(70, 96))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
        path = folder / str(labels[chosen]) / f"{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BAD.get(number, bytes)(file.getvalue()))


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Give the folders of `count` pictures, those that are not there made by other processes: this one stays small."""
    folders = [folder / f"{number:04}" for number in range(count // IN_A_FOLDER)]
    missing = [one for one in folders if not one.is_dir()]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(make_folder, missing))
    return folders


@dataclass(frozen=True, slots=True)
class End:
    """How a run of `googlenet predict` ended: its peak memory in 10^6 bytes, its time, what it said."""

    megabytes: float
    seconds: float
    said: str


def predict(model: str, sources: list[Path], output: Path, *, kill_at: int | None = None, resume: bool = False) -> End:
    """Predict into a file; with `kill_at`, end the process by SIGKILL when its rows have that many bytes."""
    command: list[Any] = [*PROGRAM, "predict", model, *sources, "--output", output, "--resume" if resume else "--force"]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if kill_at is not None:
        partial = partial_path(output)
        while not (partial.exists() and partial.stat().st_size >= kill_at):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(LOOKS)
        process.kill()
    assert process.stdout is not None
    said = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == (EXIT_BAD_PICTURES if kill_at is None else -9), process.returncode
    peak = usage.ru_maxrss * 1024
    assert peak > peak_bytes(), "a child's peak is at least its parent's, so that the parent's must not be the larger"
    return End(peak / 1e6, time.perf_counter() - start, said)


def differences(output: Path, whole: Path) -> str:
    """Compare two files row by row, in a sentence."""
    rows = other_name = other_error = other_class = 0
    worst = 0.0
    for one, other in zip_longest(read_predictions(output), read_predictions(whole), fillvalue={}):
        rows += 1
        other_name += one.get("image") != other.get("image")
        other_error += one.get("error") != other.get("error")
        ranked = list(zip(one.get("predictions", ()), other.get("predictions", ()), strict=False))
        other_class += any(left["label"] != right["label"] for left, right in ranked[:1])
        worst = max([worst, *(abs(left["probability"] - right["probability"]) for left, right in ranked)])
    same = "the same bytes" if filecmp.cmp(output, whole, shallow=False) else "other bytes"
    return (
        f"{rows:,} rows beside those of the uninterrupted run: {other_name} of another picture, {other_error} with "
        f"another error, {other_class} with another best class, largest difference of a probability {worst:.1g}, {same}"
    )


def measure(model: str, folders: list[Path], counts: list[int], out: Path) -> Iterator[str]:
    """Run all, and yield a line for each run."""
    growing = 0  # bytes of all rows while they grow; those of Parquet are JSON lines until the end
    for suffix in SUFFIXES:
        for count in counts:
            output = out / f"whole{suffix}"
            end = predict(model, folders[: count // IN_A_FOLDER], output)
            rate = f"{count / end.seconds:.0f} pictures/s"
            yield f"{suffix:<8}  {count:>7,}: {end.megabytes:4.0f} MB, {rate}: {end.said.partition(':')[0]}"
        growing = growing if suffix == ".parquet" else output.stat().st_size
        again = out / f"again{suffix}"
        for share in (1 / 3, 2 / 3, None):
            kill_at = None if share is None else int(growing * share)
            end = predict(model, folders, again, resume=True, kill_at=kill_at)
            how = "to the end" if share is None else f"killed at {share:.0%}"
            yield f"{suffix:<8}  --resume, {how}: {end.megabytes:4.0f} MB {end.said.partition(':')[0]}"
        yield f"{suffix:<8}  {differences(again, output)}"


def main() -> None:
    """Make the pictures, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--pictures", type=Path, help="a folder to keep the pictures in, and to find them again")
    arguments = parser.parse_args()
    if any(count % IN_A_FOLDER for count in arguments.counts):
        parser.error(f"--counts are whole thousands, for there are {IN_A_FOLDER:,} pictures in a folder")
    counts = sorted(arguments.counts)
    print(f"{read_machine()}; model {arguments.model}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folders = make_pictures(arguments.pictures or Path(temporary, "pictures"), counts[-1])
        for line in measure(arguments.model, folders, counts, Path(temporary)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
