"""`googlenet evaluate`: accuracy on labelled pictures, with confidence intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.cli.terminal import report, say, say_json, warn
from googlenet.errors import EXIT_FINDINGS, InputError
from googlenet.quantities import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from googlenet.evaluation import Evaluation, ProtocolComparison, ProtocolRow


PAIRS_SHOWN = 5


def evaluate_command(
    models: Annotated[
        list[str], Argument(help="Model files, run folders, exported files or bvlc; several are averaged.")
    ],
    data: Annotated[str, Argument(help="A folder of class folders, tars ('shards/*.tar'), or an embedded set.")],
    split: Annotated[str | None, Option(help="train, val, test or all; default: test, else val, else all.")] = None,
    crops: Annotated[
        list[str] | None,
        Option(help="Crops per picture to average over: 1, 10 or 144; several (1,10,144) are compared."),
    ] = None,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    output: Annotated[
        Path | None, Option(help="Write one row per picture to FILE.csv, FILE.jsonl or FILE.parquet.")
    ] = None,
    report_file: Annotated[
        Path | None,
        Option(name="--report", help="Write the report of the evaluation, one HTML file.", metavar="FILE.html"),
    ] = None,
    force: Annotated[bool, Option(help="Replace an existing --output.")] = False,
    batch_size: Annotated[int, Option(least=1, help="Crops per batch.")] = 16,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Evaluate a model on labelled pictures: accuracy with its 95 % interval, recall of each class.

    Every picture counts exactly once; unreadable ones are listed and skipped, and the exit code is then 1. With several
    models or several --crops, the paper's Table 3 is printed: error against cost, for the first model and for all.

    Example: googlenet evaluate runs/demo digits --report demo.html
    """
    from googlenet.classifier import Classifier, Prediction
    from googlenet.cli.display import CountDisplay
    from googlenet.cli.predict import columns_for
    from googlenet.cli.sources import remarks
    from googlenet.predictions import check_output, open_predictions
    from googlenet.workflow import evaluate_models

    protocols = _protocols(crops or ["1"])
    if output is not None:
        check_output(output, force=force, can_resume=False)
    classifier = Classifier.load(models, engine=engine, device=device, threads=threads)
    with open_predictions(output, columns=columns_for(classifier.classes, true_class=True)) as write:

        def write_row(prediction: Prediction, true_class: str) -> None:
            write({"image": prediction.image, "class": true_class} | prediction.to_dict())

        comparison = evaluate_models(
            classifier,
            data,
            split,
            crops=protocols,
            batch_size=batch_size,
            report=report_file,
            on_data=lambda dataset, samples: (warn if as_json else report)(*remarks(dataset, samples)),
            on_progress=CountDisplay("evaluated"),
            on_prediction=write_row if output else None,
        )
    if as_json:
        say_json(_fields(comparison))
    else:
        say(*_lines(comparison, {one.id: one.name for one in classifier.classes}))
        if report_file is not None:
            report("", f"report  {report_file}")
    if comparison.evaluation.bad_pictures:
        raise SystemExit(EXIT_FINDINGS)


def _protocols(given: list[str]) -> tuple[int, ...]:
    """Parse `1,10` and `144` as (1, 10, 144); raises InputError for an unsupported number of crops."""
    from googlenet.images import CROPS

    texts = [text.strip() for word in given for text in word.split(",")]
    known = {str(crops): crops for crops in CROPS}
    for text in texts:
        if text not in known:
            raise InputError(f"--crops {text!r} is not supported; choose from {', '.join(known)}")
    return tuple(sorted({known[text] for text in texts}))


def _fields(comparison: ProtocolComparison) -> dict[str, Any]:
    return comparison.evaluation.to_dict() if len(comparison.rows) == 1 else comparison.to_dict()


def _lines(comparison: ProtocolComparison, names: Mapping[str, str]) -> list[str]:
    """The figures as text; `names`: of the classes for people, by their ids."""
    evaluation = comparison.evaluation
    lines = [f"pictures  {evaluation.pictures:,} of {evaluation.split}"]
    if len(comparison.rows) > 1:
        lines += ["", *_table(comparison.rows)]
    else:
        lines += _single(comparison.rows[0], evaluation)
    lines += _confused(evaluation, names)
    if evaluation.bad_pictures:
        bad = len(evaluation.bad_pictures)
        lines += ["", f"{count(bad, 'picture')} could not be read and {'is' if bad == 1 else 'are'} not counted:"]
        lines += [f"  {name}: {reason}" for name, reason in evaluation.bad_pictures]
    return lines


def _table(rows: Sequence[ProtocolRow]) -> list[str]:
    """The paper's Table 3, with intervals."""
    lines = [
        "                      top-1 error            top-5 error            compared to base",
        "models  crops   cost   (95 % interval)        (95 % interval)        (95 %, paired)",
    ]
    for row in rows:
        errors = [f"{error.share:7.2%} {_span(error.interval):<15}" for error in (row.top1, row.top5)]
        compared = "   base"
        if row.difference is not None and row.difference_interval is not None:
            low, high = (100 * end for end in row.difference_interval)
            compared = f"{row.difference:+7.2%} ({low:+.2f} to {high:+.2f})"
        lines.append(f"{row.models:6,}  {row.crops:5,}  {row.cost:5,}  {'  '.join(errors)}  {compared}")
    return lines


def _span(interval: tuple[float, float]) -> str:
    return "({:.2f}-{:.2f})".format(*(100 * end for end in interval))


def _single(row: ProtocolRow, evaluation: Evaluation) -> list[str]:
    low, high = evaluation.top1_interval
    best_of = min(5, len(evaluation.classes))
    lines = [
        *([f"crops  {row.crops} per picture, averaged"] if row.crops > 1 else []),
        f"top-1  {evaluation.top1:.2%}  (95 % interval {low:.2%} to {high:.2%})",
        f"top-{best_of}  {evaluation.top5:.2%}",
        f"mean recall of the classes  {evaluation.macro_recall:.2%}",
        f"loss  {evaluation.loss:.4f}",
        f"calibration error  {evaluation.ece:.2%}{_at(evaluation.temperature)}",
        "",
        "class                     pictures  recall  precision",
    ]
    worst = sorted((one for one in evaluation.classes if one.recall is not None), key=lambda one: one.recall or 0.0)
    shown = worst[:20]
    for one in shown:
        precision = "       -" if one.precision is None else f"{one.precision:8.1%}"
        lines.append(f"{one.label:<24}  {one.support:8,}  {one.recall:6.1%}  {precision}")
    if len(worst) > len(shown):
        rest = count(len(worst) - len(shown), "class", "classes")
        lines.append(f"... and {rest} more with higher recall; --json lists them all")
    return lines


def _at(temperature: float) -> str:
    return "" if temperature == 1 else f"  (with the temperature that `predict` uses, {temperature:.3g})"


def _confused(evaluation: Evaluation, names: Mapping[str, str]) -> list[str]:
    """The pairs of classes that were confused most, as the report words them."""
    pairs = evaluation.confused_pairs[:PAIRS_SHOWN]
    if not pairs:
        return []
    return [
        "",
        "confused most often",
        *(
            f"  {names[pair.label]} predicted as {names[pair.predicted]}: {pair.pictures:,} of "
            f"{count(pair.of, 'picture')}"
            for pair in pairs
        ),
    ]
