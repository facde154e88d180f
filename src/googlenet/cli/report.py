"""`googlenet report`: makes the page about a run or a model again, or one that compares several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.cli.terminal import report, say_json
from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.evaluation import Answers
    from googlenet.report import Subject
    from googlenet.runs import RunFolder

COMPARISON = Path("comparison.html")


def report_command(
    models: Annotated[
        list[str],
        Argument(help="Run folders, or model files; several are compared in one page.", metavar="RUN|MODEL"),
    ],
    data: Annotated[
        str | None,
        Option(help="Where the pictures are: needed for a model without answers of its own, which is evaluated on it."),
    ] = None,
    out: Annotated[
        Path | None,
        Option(help="The page; default: report.html in the run, comparison.html for several.", metavar="FILE.html"),
    ] = None,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON: where the page is.")] = False,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Make the report of a run again, or compare several runs or models: one HTML file that needs nothing else.

    A run's answers on val are kept in its folder. Where there are none, or DATA has other pictures, the model is
    evaluated on DATA first.

    Example: googlenet report runs/photos-finetune runs/photos-scratch --out comparison.html
    """
    from googlenet.pretrained import find_model
    from googlenet.report import (
        Compared,
        check_installed,
        check_page,
        compared_run,
        write_comparison,
        write_evaluation_report,
        write_run_report,
    )
    from googlenet.runs import RunFolder

    check_installed()
    for model in models:
        if not (path := find_model(model)).exists():
            raise InputError(f"{path}: no such run or model file")
    if out is not None:
        check_page(out)
    runs = [run if (run := RunFolder(Path(model))).settings.is_file() else None for model in models]
    kept = [None if run is None else _kept_answers(run, data) for run in runs]
    split = next((answers.split for answers in kept if answers is not None), None)
    answered = [
        answers or _evaluate(model, data, split, engine=engine, threads=threads, device=device)
        for model, answers in zip(models, kept, strict=True)
    ]
    if len(models) > 1:
        compared = [
            Compared(_subject(model, data, answers)) if run is None else compared_run(run, data=data, answers=answers)
            for model, run, answers in zip(models, runs, answered, strict=True)
        ]
        path = write_comparison(compared, out or COMPARISON)
    elif runs[0] is not None:
        path = write_run_report(runs[0], data=data, out=out, answers=answered[0])
    else:
        default = Path(f"{Path(models[0]).stem}-report.html")
        path = write_evaluation_report(_subject(models[0], data, answered[0]), out or default)
    if as_json:
        say_json({"report": str(path)})
    else:
        report(f"report: {path}")


def _kept_answers(run: RunFolder, data: str | None) -> Answers | None:
    """The answers that a run keeps; None if it has none, or if DATA has other pictures."""
    from googlenet.dataset import open_dataset
    from googlenet.evaluation import Answers

    if not run.answers.is_file():
        return None
    answers = Answers.load(run.answers)
    if data is not None:
        dataset = open_dataset(data, split_rule=None, classes=answers.classes)
        names = {item.name for samples in dataset.splits.values() for item in samples.items}
        if not names.issuperset(answers.names):
            return None
    return answers


def _evaluate(
    model: str, data: str | None, split: str | None, *, engine: str | None, threads: int | None, device: str | None
) -> Answers:
    """Evaluate a model on DATA, on `split` or else the split that `googlenet evaluate` takes."""
    from googlenet.cli.display import CountDisplay
    from googlenet.workflow import evaluate

    if data is None:
        raise InputError(
            f"{model} has no answers of its own: give labelled pictures with --data, and it is evaluated on them"
        )
    evaluation = evaluate(
        *(model, data, split),
        keep_answers=True,
        engine=engine,
        threads=threads,
        device=device,
        on_progress=CountDisplay("evaluated"),
    )
    assert evaluation.answers is not None  # they were asked for
    return evaluation.answers


def _subject(model: str, data: str | None, answers: Answers) -> Subject:
    """What the report of a model file is about."""
    from googlenet.pretrained import find_model
    from googlenet.report import Subject, open_pictures, read_pictures
    from googlenet.report.maps import open_maps
    from googlenet.report.run_report import class_names

    path = find_model(model)
    return Subject(
        name=Path(model).name,
        answers=answers,
        labels=class_names(answers, path),
        read=read_pictures(open_pictures(data, answers.classes)),
        maps=open_maps(path),
        model=model,
        data=data or "DATA",
    )
