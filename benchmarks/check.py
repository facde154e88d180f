"""`googlenet check` on planted faults, beside CleanVision; on 10,000 pictures; its suspect labels, beside cleanlab.

Faults are planted into clothing10 (its photographs of clothes, less the two pairs of near duplicates that it has), 20
of each kind, each in pictures of its own. Found: planted faults that a finding of the right kind names. False alarms:
pictures named by a finding of a kind that was not planted in them; what a fault brings along (a darkened picture has
few levels) is none. The clean pictures may have faults that nobody planted, so false alarms are listed with --list.
CleanVision stops at a truncated picture, so it gets the set without those that cannot be read.

The 10,000 pictures are JPEGs of 500x375 px, cut from 560 photographs of ImageNet. Peak memory is that of the process.

Suspect labels: 3 % of clothing10's labels shuffled, three seeds, features of `bvlc`.
Run: make bench-check
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from googlenet.dataset import open_dataset
from googlenet.images import Rgb
from googlenet.machine import read_machine

PROGRAM = (sys.executable, "-m", "googlenet")
EACH = 20
KNOWN_PAIRS = ("637a56e4-7fa6-4f75-8859-0f8902461554", "496cd909-30b6-4b85-890e-af9615a54cec")

Change = Callable[[bytes, Rgb, np.random.Generator], bytes]

CLEANVISION_KINDS = {
    "duplicate": ("exact_duplicates",),
    "conflicting_label": ("exact_duplicates",),
    "leak": ("exact_duplicates",),
    "near_duplicate": ("near_duplicates",),
    "dark_or_blank": ("dark", "light", "low_information"),
    "few_levels": ("low_information",),
    "extreme_size": ("odd_size", "odd_aspect_ratio"),
}
"""What CleanVision calls the kinds that both have."""

CLEANVISION = """
import json, sys, time
from cleanvision import Imagelab
begun = time.perf_counter()
lab = Imagelab(data_path=sys.argv[1])
lab.find_issues(n_jobs=2, verbose=False)
seconds = time.perf_counter() - begun
flags = {c[3:-6]: [str(i) for i in lab.issues.index[lab.issues[c]]] for c in lab.issues if c.startswith("is_")}
print("RESULT" + json.dumps({"seconds": seconds, "flags": flags}))
"""

CLEANLAB = """
import json, sys
import numpy as np
from cleanlab.filter import find_label_issues
data = np.load(sys.argv[1])
given = data["probabilities"].astype(np.float64)
found = find_label_issues(data["labels"], given / given.sum(1, keepdims=True), filter_by="low_self_confidence",
                          return_indices_ranked_by="self_confidence")
print("RESULT" + json.dumps([int(one) for one in found]))
"""


def encode(image: Rgb | Image.Image, kind: str = "JPEG", **settings: object) -> bytes:
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, kind, **settings)
    return file.getvalue()


def _crop(image: Rgb) -> Rgb:
    height, width = image.shape[:2]
    return image[height // 50 : height - height // 50, width // 50 : width - width // 50]


def _turned(data: bytes, image: Rgb, generator: np.random.Generator) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = int(generator.choice([3, 6, 8]))
    return encode(image, exif=exif, quality=90)


def _resized(image: Rgb, width: int, height: int) -> bytes:
    return encode(Image.fromarray(image).resize((width, height)), quality=90)


BAD: dict[str, Change] = {
    "truncated": lambda data, image, generator: data[: len(data) // 2],
    "empty": lambda data, image, generator: b"",
    "web page": lambda data, image, generator: b"<!doctype html><html><body>404</body></html>",
    "damaged": lambda data, image, generator: data[:20] + bytes(len(data) - 20),
}
NAMED: dict[str, Change] = {
    kind: lambda data, image, generator, kind=kind: encode(image, kind) for kind in ("PNG", "WEBP", "GIF", "BMP")
}
SIZES: dict[str, Change] = {
    "tiny": lambda data, image, generator: _resized(image, 12, 16),
    "small": lambda data, image, generator: _resized(image, 30, 24),
    "strip": lambda data, image, generator: _resized(image, 1000, 100),
    "column": lambda data, image, generator: _resized(image, 80, 900),
}
DARK: dict[str, Change] = {
    "dark": lambda data, image, generator: encode((image * 0.12).astype(np.uint8), quality=90),
    "black": lambda data, image, generator: encode(np.zeros_like(image)),
    "one colour": lambda data, image, generator: encode(np.full_like(image, generator.integers(60, 200, 3))),
    "overexposed": lambda data, image, generator: encode((245 + image * 0.04).astype(np.uint8), quality=90),
}
LEVELS: dict[str, Change] = {
    "4 levels": lambda data, image, generator: encode((image // 64 * 85).mean(2).astype(np.uint8) // 64 * 85, "PNG"),
    "black and white": lambda data, image, generator: encode(Image.fromarray(image).convert("1"), "PNG"),
    "8 levels": lambda data, image, generator: encode(image.mean(2).astype(np.uint8) // 32 * 36, "PNG"),
}
NEAR: dict[str, Change] = {
    "JPEG quality 30": lambda data, image, generator: encode(image, quality=30),
    "half the size": lambda data, image, generator: _resized(image, image.shape[1] // 2, image.shape[0] // 2),
    "brighter": lambda data, image, generator: encode(ImageEnhance.Brightness(Image.fromarray(image)).enhance(1.2)),
    "cropped by 2 %": lambda data, image, generator: encode(_crop(image), quality=90),
    "grey": lambda data, image, generator: encode(Image.fromarray(image).convert("L"), quality=90),
}
SAME: dict[str, Change] = {
    "bytes": lambda data, image, generator: data,
    "pixels": lambda data, image, generator: encode(image, "PNG"),
}

IN_PLACE = {
    "undecodable": BAD,
    "wrong_extension": NAMED,
    "rotated": {"EXIF": _turned},
    "extreme_size": SIZES,
    "dark_or_blank": DARK,
    "few_levels": LEVELS,
}
"""Kinds of faults of one picture, and the ways to make them, taken in turn."""

COPIES = {
    "duplicate": (SAME, False, False),
    "conflicting_label": (SAME, True, False),
    "leak": (SAME, False, True),
    "near_duplicate": (NEAR, False, False),
}
"""Kinds of copies: the ways to make them, whether into another class, whether into another split."""

BROUGHT_ALONG = {
    "dark_or_blank": {"few_levels", "duplicate", "conflicting_label", "leak", "near_duplicate"},
    "few_levels": {"dark_or_blank", "wrong_extension"},
    "extreme_size": {"near_duplicate"},
    "undecodable": {"wrong_extension"},
}
"""Kinds that a planted fault may truly have besides its own."""


@dataclass
class Planted:
    """The planted faults: for each kind the pictures, each with the way it was made."""

    folder: Path
    faults: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    sources: set[str] = field(default_factory=set)


def plant(data: str, folder: Path, *, seed: int) -> Planted:
    """Write the pictures of `data` below `folder`, with faults in some."""
    dataset = open_dataset(data, split_rule=None)
    generator = np.random.default_rng(seed)
    planted = Planted(folder)
    every = [(split, samples, index) for split, samples in dataset.splits.items() for index in range(len(samples))]
    every = [one for one in every if not any(known in one[1].items[one[2]].name for known in KNOWN_PAIRS)]
    for _, samples, index in every:
        write(folder / samples.items[index].name, samples.read(index))
    chosen = iter(generator.permutation(len(every)))
    for kind, ways in IN_PLACE.items():
        for number in range(EACH):
            _, samples, index = every[next(chosen)]
            way = list(ways)[number % len(ways)]
            name = samples.items[index].name
            write(folder / name, ways[way](samples.read(index), samples.decode(index), generator))
            planted.faults[kind][name] = way
    for kind, (ways, other_class, other_split) in COPIES.items():
        for number in range(EACH):
            split, samples, index = every[next(chosen)]
            way = list(ways)[number % len(ways)]
            source = samples.items[index].name
            into_split = "test" if split != "test" else "val"
            classes = [name for name in dataset.classes if name != samples.classes[samples.items[index].label]]
            of_class = str(generator.choice(classes)) if other_class else source.split("/")[1]
            name = f"{into_split if other_split else split}/{of_class}/copy-{kind}-{number}"
            content = ways[way](samples.read(index), samples.decode(index), generator)
            name += ".png" if way == "pixels" else ".jpg"
            write(folder / name, content)
            planted.faults[kind][name] = way
            planted.sources.add(source)
    return planted


def plant_classes(planted: Planted) -> None:
    """A class that val lacks, and one whose name is another's but for its case."""
    for at, path in enumerate(sorted((planted.folder / "train" / "dress").iterdir())[:4]):
        path.rename(make(planted.folder / "train" / ("Dress" if at else "scarf") / path.name))
    for split in ("val", "test"):
        path = min((planted.folder / split / "dress").iterdir())
        path.rename(make(planted.folder / split / "Dress" / path.name))
    path = max((planted.folder / "test" / "dress").iterdir())
    path.rename(make(planted.folder / "test" / "scarf" / path.name))


def make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write(path: Path, data: bytes) -> None:
    make(path).write_bytes(data)


def run_ours(folder: Path, place: Path) -> tuple[float, float, dict]:
    """Seconds, peak memory in MB, and the JSON of `googlenet check`."""
    begun = time.perf_counter()
    with (place / "check.json").open("wb") as file:
        process = subprocess.Popen([*PROGRAM, "check", str(folder), "--json"], cwd=place, stdout=file)
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.02)
    return time.perf_counter() - begun, peak / 1e6, json.loads((place / "check.json").read_text())


def resident(process: int) -> int:
    """The peak memory of a process so far, in bytes; 0 when it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def run_cleanvision(python: str, folder: Path) -> tuple[float, dict[str, set[str]]]:
    """Seconds of its work alone, and the flagged pictures of each of its kinds."""
    result = subprocess.run([python, "-c", CLEANVISION, str(folder)], capture_output=True, text=True, check=False)
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        raise SystemExit(f"CleanVision failed:\n{result.stderr[-2000:]}")
    found = json.loads(lines[0].removeprefix("RESULT"))
    flags = {kind: {str(Path(path).relative_to(folder)) for path in paths} for kind, paths in found["flags"].items()}
    return found["seconds"], flags


def score(planted: Planted, kind: str, flagged: set[str]) -> tuple[int, int, set[str]]:
    """(found, missed, false alarms) of a kind, by the pictures flagged."""
    faults = set(planted.faults[kind])
    excused = planted.sources | faults
    excused |= {
        name for other, names in planted.faults.items() if kind in BROUGHT_ALONG.get(other, ()) for name in names
    }
    if kind in COPIES:  # a copy that is also found as another kind of copy is told by its own kind's row
        excused |= {name for other in COPIES for name in planted.faults[other]}
    return len(faults & flagged), len(faults - flagged), flagged - excused


def compare(data: str, python: str | None, place: Path, *, seed: int, listed: bool) -> None:
    planted = plant(data, place / "planted", seed=seed)
    seconds, _, result = run_ours(planted.folder, place)
    ours = defaultdict(set)
    for one in result["findings"]:
        ours[one["kind"]].update(one["paths"])
    theirs: dict[str, set[str]] = {}
    if python:
        for name in planted.faults["undecodable"]:  # CleanVision stops at a truncated picture
            (planted.folder / name).unlink()
        their_seconds, theirs = run_cleanvision(python, planted.folder)
    print(f"planted: {EACH} of each kind in {result['pictures']:,} pictures; seed {seed}")
    print(f"{'kind':<18}  {'ours':>24}    {'CleanVision':>24}")
    print(f"{'':<18}  found missed false alarms    found missed false alarms")
    for kind in (*IN_PLACE, *COPIES):
        row = [score(planted, kind, ours[kind])]
        if python and kind in CLEANVISION_KINDS:
            row.append(
                score(planted, kind, set().union(*(theirs.get(name, set()) for name in CLEANVISION_KINDS[kind])))
            )
        cells = "    ".join(f"{found:5} {missed:6} {len(false):12}" for found, missed, false in row)
        print(f"{kind:<18}  {cells}{'' if len(row) > 1 or not python else '    has no such kind'}")
        if listed:
            ways = {way for name, way in planted.faults[kind].items() if name not in ours[kind]}
            print(f"    missed: {sorted(ways)}; false alarms: {sorted(row[0][2])[:8]}")
    print(f"seconds             {seconds:24.1f}" + (f"    {their_seconds:24.1f}" if python else ""))
    plant_classes(planted)
    _, _, result = run_ours(planted.folder, place)
    for one in result["findings"]:
        if one["kind"] in ("missing_class", "confusable_name", "imbalance"):
            print(f"{one['kind']}: {one['detail']}")


def many(folder: Path, pictures: int, sources: list[str], *, seed: int) -> None:
    """Write so many JPEGs of 500x375, cut from photographs at random, in ten classes."""
    generator = np.random.default_rng(seed)
    images: list[Rgb] = []
    for source in sources:
        for samples in open_dataset(source, split_rule=None).splits.values():
            images += [image for index in range(len(samples)) if isinstance(image := samples.decode(index), np.ndarray)]
    for number in range(pictures):
        image = Image.fromarray(images[number % len(images)])
        width = int(image.width * generator.uniform(0.45, 0.9))
        height = min(image.height, round(width * 0.75))
        left, top = generator.integers(image.width - width + 1), generator.integers(image.height - height + 1)
        part = image.crop((left, top, left + width, top + height)).resize((500, 375))
        write(folder / f"class{number % 10}" / f"{number:05}.jpg", encode(part, quality=92))


def scale(sources: list[str], place: Path, pictures: int, *, seed: int) -> None:
    for count in (pictures // 10, pictures):
        folder = place / f"many{count}"
        many(folder, count, sources, seed=seed)
        size = sum(path.stat().st_size for path in folder.rglob("*.jpg")) / 1e6
        seconds, peak, result = run_ours(folder, place)
        kinds = defaultdict(int)
        for one in result["findings"]:
            kinds[one["kind"]] += 1
        print(f"{count:,} pictures of 500x375 ({size:,.0f} MB): {seconds:.1f} s, peak {peak:.0f} MB; {dict(kinds)}")


def suspects(data: str, python: str | None, place: Path) -> None:
    from googlenet.artifacts import open_model
    from googlenet.checks import Pictures, rank_suspects, read_features
    from googlenet.evaluation import out_of_fold_probabilities
    from googlenet.pretrained import find_model

    dataset = open_dataset(data, split_rule=None)
    pictures = Pictures(dataset)
    features, _ = read_features(pictures, np.arange(len(pictures)), open_model(find_model("bvlc")))
    for seed in range(3):
        generator = np.random.default_rng(seed)
        labels, classes = pictures.labels.copy(), len(dataset.classes)
        shuffled = generator.choice(len(labels), round(0.03 * len(labels)), replace=False)
        labels[shuffled] = (labels[shuffled] + generator.integers(1, classes, len(shuffled))) % classes
        probabilities = out_of_fold_probabilities(features, labels, classes)
        first = round(0.05 * len(labels))
        rows = [("ours", rank_suspects(probabilities, labels))]
        if python:
            np.savez(place / "answers.npz", probabilities=probabilities, labels=labels)
            output = subprocess.run(
                [python, "-c", CLEANLAB, str(place / "answers.npz")], capture_output=True, text=True, check=True
            ).stdout
            rows.append(("cleanlab", json.loads(output.partition("RESULT")[2])))
        for name, ranked in rows:
            share = len(set(ranked[:first]) & set(shuffled.tolist())) / len(shuffled)
            print(f"seed {seed}  {name:<8}  {len(ranked)} suspects; first 5 % of pictures ({first}): {share:.1%} found")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="clothing10")
    parser.add_argument("--photographs", nargs="+", default=[], help="tars that the 10,000 pictures are cut from")
    parser.add_argument("--peer", help="the Python of an environment with cleanvision and cleanlab")
    parser.add_argument("--only", choices=["planted", "many", "suspects"])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="name what was missed, and false alarms")
    options = parser.parse_args()
    print(read_machine())
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        if options.only in (None, "planted"):
            compare(options.data, options.peer, place, seed=options.seed, listed=options.list)
        if options.photographs and options.only in (None, "many"):
            scale(options.photographs, place, options.pictures, seed=options.seed)
        if options.only in (None, "suspects"):
            suspects(options.data, options.peer, place)


if __name__ == "__main__":
    main()
