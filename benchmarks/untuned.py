"""Fine-tuning from `bvlc` on sets that nobody tuned on, beside a linear probe of the same weights.

few:    clothing10 with the first 100 training pictures of each class, by the alphabet
kanji:  100 characters in 20 typefaces, evaluated on ten others (`kanji.py`); the one that needs Debian's packages
grey:   clothing10 without its colours

The recipe was tuned on clothing10's `train` and `val`, whole and in colour, so only the kanji are new in every way.
A training takes the recipe's length (400, 744 and 1,140 updates) unless `--set steps=N` says another.

The probe is a logistic regression on the 1,024 features of `bvlc`, its penalty chosen on the training pictures alone.
Run: make bench-untuned [TRANSFER=clothing10.tar]
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from hits import compare_hits, read_hits, short_name
from kanji import make_kanji
from training_runs import GOOGLENET, train_and_evaluate

from googlenet.evaluation.intervals import wilson_interval
from googlenet.predictions import read_features

FEW = 100
JUDGED = {"few": "test", "kanji": "val", "grey": "test"}
"""Set -> the split for evaluation, which the training never sees or uses; the kanji have no third."""


def make_set(name: str, clothing: Path, folder: Path) -> None:
    """Write a set's pictures below `folder`/SPLIT/CLASS; whole sets are left as they are."""
    if folder.is_dir():
        return
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    if name == "kanji":
        make_kanji(partial)
    else:
        for path, content in _few(clothing) if name == "few" else _pictures(clothing):
            target = partial / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == "grey":
                Image.open(io.BytesIO(content)).convert("L").save(target.with_suffix(".png"))
            else:
                target.write_bytes(content)
    partial.rename(folder)


def _pictures(data: Path) -> Iterator[tuple[str, bytes]]:
    """(split/class/name, content) of each picture of a tar, by the alphabet."""
    with tarfile.open(data) as tar:
        for member in sorted((member for member in tar if member.isfile()), key=lambda member: member.name):
            file = tar.extractfile(member)
            if file and member.name.count("/") >= 2:
                yield "/".join(Path(member.name).parts[-3:]), file.read()


def _few(data: Path) -> Iterator[tuple[str, bytes]]:
    """The same with `FEW` training pictures of each class."""
    seen: Counter[str] = Counter()
    for path, content in _pictures(data):
        folder = path.rpartition("/")[0]
        seen[folder] += 1
        if not path.startswith("train/") or seen[folder] <= FEW:
            yield path, content


def probe(folder: Path, split: str, place: Path) -> tuple[dict[str, Any], dict[str, bool]]:
    """The linear probe's result on a split, and which of its pictures (class/name) it gets right."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    (_, labels, features), (names, truth, checked) = (
        _features(folder / one, place / f"{one}.parquet") for one in ("train", split)
    )
    search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": np.logspace(-5, 1, 7)}, cv=5)
    model = make_pipeline(StandardScaler(), search)
    hits = model.fit(features, labels).predict(checked) == truth
    recalls = [hits[truth == label].mean() for label in np.unique(truth)]
    result = {
        "command": "logistic regression on `googlenet predict bvlc --embeddings`",
        "split": split,
        "top1": float(hits.mean()),
        "top1_interval": wilson_interval(int(hits.sum()), len(hits)),
        "macro_recall": float(np.mean(recalls)),
        "pictures": len(hits),
        "C": float(model[-1].best_params_["C"]),
    }
    return result, dict(zip(names, hits.tolist(), strict=True))


def _features(folder: Path, output: Path) -> tuple[list[str], NDArray[np.str_], NDArray[np.float32]]:
    """Names (class/name), classes and features of all pictures in the class folders of a split."""
    if not output.is_file():
        command = [GOOGLENET, "predict", "bvlc", folder, "--embeddings", "--output", output, "--force"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    chunks = list(read_features(output))
    names = [short_name(name) for chunk in chunks for name in chunk.names]
    labels = np.array([name.split("/")[0] for name in names])
    return names, labels, np.concatenate([chunk.features for chunk in chunks])


def main() -> None:
    """Make each set, probe it, fine-tune on it; a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clothing", type=Path)
    parser.add_argument("--sets", nargs="+", choices=JUDGED, default=list(JUDGED))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", nargs="*", default=[], help="settings of the recipe")
    parser.add_argument("--folder", type=Path, help="where sets, features and runs stay; default: a temporary one")
    parser.add_argument("--probe-only", action="store_true")
    arguments = parser.parse_args()
    place = arguments.folder or Path(tempfile.mkdtemp(prefix="untuned-"))
    for name in arguments.sets:
        folder, split, work = place / name, JUDGED[name], place / f"{name}-features"
        work.mkdir(parents=True, exist_ok=True)
        make_set(name, arguments.clothing, folder)
        result, probed = probe(folder, split, work)
        print(json.dumps({"set": name} | result), flush=True)
        for seed in () if arguments.probe_only else map(str, arguments.seeds):
            flags = ["--start", "bvlc", "--seed", seed, "--set", "validate_every=0"]
            flags += [part for one in arguments.set for part in ("--set", one)]
            run = Path(tempfile.mkdtemp(prefix=f"{name}-{seed}-", dir=place)) / "run"
            rows = run.with_name("rows.jsonl")
            result = train_and_evaluate(str(folder), flags, run, split=split, output=rows)
            print(json.dumps({"set": name} | result | compare_hits(read_hits(rows), probed)), flush=True)


if __name__ == "__main__":
    main()
