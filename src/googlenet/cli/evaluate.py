"""`googlenet evaluate`: how often is the model right, and how sure is that?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from googlenet.errors import EXIT_FINDINGS, DataError, InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from googlenet.dataset import Dataset
    from googlenet.evaluation import Evaluation
    from googlenet.model import Model

PREFERRED_SPLITS = ("test", "val", "all")


def evaluate_command(
    model: Annotated[str, typer.Argument(help="A model file, a run folder, or bvlc.")],
    data: Annotated[str, typer.Argument(help="A folder of class folders, a .tar of one, or an embedded set.")],
    split: Annotated[
        str | None, typer.Option(help="train, val, test or all; left out: test, else val, else all there is.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write a row a picture to FILE.csv or FILE.jsonl.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures run at once.")] = 64,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; left out: the best there is.")] = None,
) -> None:
    """Evaluate a model on pictures whose classes are known: accuracy with its 95 % interval, recall of each class.

    Every picture counts exactly once; one that cannot be read is named and left out, and the exit code is 1.

    Example: googlenet evaluate runs/demo digits --json
    """
    from googlenet.classifier import rank_classes
    from googlenet.cli.predict import prediction_row
    from googlenet.cli.progress import CountDisplay
    from googlenet.cli.rows import open_rows
    from googlenet.dataset import open_dataset, relabel
    from googlenet.engines import open_engine
    from googlenet.evaluation import evaluate
    from googlenet.model import load_model
    from googlenet.pretrained import find_model

    loaded = load_model(find_model(model))
    dataset = open_dataset(data, split_rule=None) if split == "all" else open_as_trained(data, loaded)
    name = split or _default_split(dataset)
    if not as_json and (ignored := dataset.ignored.sentence()):
        print(ignored)
    if name not in dataset.splits:
        raise InputError(f"{dataset.name} has no split {name!r}; it has {', '.join(dataset.splits)}")
    samples = relabel(dataset.splits[name], [one.id for one in loaded.classes])
    with open_rows(output) as write:

        def write_row(image: str, label: str, probabilities: NDArray[np.float32]) -> None:
            from googlenet.classifier import Prediction

            prediction = Prediction(image, rank_classes(probabilities, loaded.classes))
            write({"image": image, "class": label} | prediction_row(prediction))

        evaluation = evaluate(
            open_engine(loaded, device=device),
            loaded.preprocessing,
            samples,
            split=name,
            batch_size=batch_size,
            on_progress=CountDisplay("evaluated"),
            on_row=write_row if output else None,
        )
        labels = {item.name: samples.classes[item.label] for item in samples.items} if output else {}
        for image, reason in evaluation.bad_pictures if output else ():
            write({"image": image, "class": labels[image], "predictions": [], "error": reason})
    print(json.dumps(evaluation.to_dict(), indent=2) if as_json else "\n".join(_lines(evaluation)))
    if evaluation.bad_pictures:
        raise typer.Exit(EXIT_FINDINGS)


def open_as_trained(data: str, model: Model) -> Dataset:
    """Open DATA; where it is what the model was trained on and no folder says what is val, split it in the same way."""
    from googlenet.dataset import SplitRule, hold_back, open_dataset

    dataset = open_dataset(data, split_rule=None)
    trained = model.about.data or {}
    same = trained.get("fingerprint") == dataset.fingerprint or trained.get("name") == dataset.name
    rule: dict[str, Any] | None = trained.get("split")
    return hold_back(dataset, SplitRule(**rule)) if same and rule and "val" not in dataset.splits else dataset


def _default_split(dataset: Dataset) -> str:
    for name in PREFERRED_SPLITS:
        if name in dataset.splits:
            return name
    raise DataError(
        f"{dataset.name} has only train/, and training pictures say nothing about new ones; "
        "--split train evaluates on them all the same"
    )


def _lines(evaluation: Evaluation) -> list[str]:
    low, high = evaluation.top1_interval
    best_of = min(5, len(evaluation.classes))
    lines = [
        f"pictures  {evaluation.pictures:,} of {evaluation.split}",
        f"top-1  {evaluation.top1:.2%}  (95 % interval {low:.2%} to {high:.2%})",
        f"top-{best_of}  {evaluation.top5:.2%}",
        f"mean recall of the classes  {evaluation.macro_recall:.2%}",
        f"loss  {evaluation.loss:.4f}",
        "",
        "class                     pictures  recall  precision",
    ]
    worst = sorted((one for one in evaluation.classes if one.recall is not None), key=lambda one: one.recall or 0.0)
    shown = worst[:20]
    for one in shown:
        precision = "       -" if one.precision is None else f"{one.precision:8.1%}"
        lines.append(f"{one.label:<24}  {one.support:8,}  {one.recall:6.1%}  {precision}")
    if len(worst) > len(shown):
        lines.append(f"... and {len(worst) - len(shown):,} classes with a higher recall; --json has them all")
    if evaluation.bad_pictures:
        lines += ["", f"{len(evaluation.bad_pictures):,} pictures could not be read and count nowhere:"]
        lines += [f"  {name}: {reason}" for name, reason in evaluation.bad_pictures]
    return lines
