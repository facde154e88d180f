"""`googlenet predict`: what is on these pictures?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.errors import EXIT_FINDINGS

if TYPE_CHECKING:
    from googlenet.classifier import Prediction


def predict_command(
    model: Annotated[str, typer.Argument(help="A model file, a run folder, or bvlc.")],
    paths: Annotated[list[str], typer.Argument(help="Pictures, folders, globs, or - for a list on standard input.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to print.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a picture.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write a row a picture to FILE.csv or FILE.jsonl.")] = None,
    crops: Annotated[int, typer.Option(help="Squares of each picture to average over: 1, 10 or 144.")] = 1,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Name what is on pictures: the top 5 classes with their probabilities.

    A picture that cannot be read is a line with its error; the others go on, and the exit code is 1.

    Example: googlenet predict bvlc photo.jpg
    """
    from googlenet.classifier import Classifier
    from googlenet.cli.progress import CountDisplay
    from googlenet.cli.rows import open_rows
    from googlenet.cli.sources import expand_sources

    classifier = Classifier.load(model, engine=engine, device=device, threads=threads)
    display = CountDisplay("predicted")
    done = bad = 0
    with open_rows(output) as write:
        for prediction in classifier.predict(expand_sources(paths), top=top, crops=crops):
            done += 1
            bad += prediction.error is not None
            row = prediction_row(prediction)
            write(row)
            if as_json:
                print(json.dumps(row, ensure_ascii=False))
            elif output is None:
                print(_text(prediction))
            if output is not None:
                display(done, None)
    display.close()
    if output is not None and not as_json:
        print(f"{done:,} pictures, {bad:,} of them bad: {output}")
    if bad:
        raise typer.Exit(EXIT_FINDINGS)


def prediction_row(prediction: Prediction) -> dict[str, Any]:
    """A prediction as JSON: `image`, `predictions` (`label`, `name`, `probability`), `error`."""
    ranked = [
        {"label": one.label, "name": one.name, "probability": round(one.probability, 6)} for one in prediction.ranking
    ]
    return {"image": prediction.image, "predictions": ranked, "error": prediction.error}


def _text(prediction: Prediction) -> str:
    if prediction.error is not None:
        return f"{prediction.image}: error: {prediction.error}"
    lines = [f"{prediction.image}: {prediction.best.name}"]
    for one in prediction.ranking:
        label = "" if one.label == one.name else f"  ({one.label})"
        lines.append(f"  {one.probability:7.2%}  {one.name}{label}")
    return "\n".join(lines)
