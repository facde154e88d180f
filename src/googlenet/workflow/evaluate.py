"""`googlenet.evaluate`: the road of the verb and of Python, from models and labelled pictures to exact counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from googlenet.argument_types import PathArgument, as_count, as_path
from googlenet.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from googlenet.artifacts import AnyModel
    from googlenet.classifier import Classifier, Prediction
    from googlenet.dataset import Dataset, Samples
    from googlenet.evaluation import Evaluation, ProtocolComparison

OnData: TypeAlias = "Callable[[Dataset, Samples], None]"
"""Called with the data and the pictures to evaluate on, before the first one is run."""

OnPrediction: TypeAlias = "Callable[[Prediction, str], None]"
"""Called with the prediction for each picture, in order, and its true class; the unreadable ones come last."""


def evaluate(
    model: Classifier | PathArgument | AnyModel | Sequence[PathArgument | AnyModel],
    data: PathArgument | Dataset,
    split: str | None = None,
    *,
    crops: int = 1,
    batch_size: int = 16,
    report: PathArgument | None = None,
    keep_answers: bool = False,
    engine: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Evaluate a model on labelled pictures, as `googlenet evaluate` does: accuracy with its 95 % interval.

    model:        a model file, a run folder, an exported file, a name ("bvlc"), a `Model`, a `Classifier`, or a list of
                  models, whose probabilities are averaged.
    data:         a folder of class folders, a .tar of one, the name of an embedded set ("digits"), or a `Dataset`.
                  Data that the model was trained on are split as they were then.
    split:        train, val, test or all; by default test, else val, else all.
    crops:        squares of each picture to average over: 1, 10 or 144.
    batch_size:   squares that are run together.
    report:       a file (.html) for the report of the evaluation; an existing one is replaced.
    keep_answers: the result's `answers` has the probabilities of every picture.
    engine, device, threads: as for `googlenet.load`; not for a `Classifier`, which has an engine.
    on_progress:  called with the numbers of pictures that are done and of all.

    Pictures that cannot be read are skipped, and listed in the result. Raises InputError, DataError, ModelFileError, or
    MissingExtraError for a report without the extra `report`.
    """
    return evaluate_models(
        model,
        data,
        split,
        crops=(as_count(crops, "crops"),),
        batch_size=as_count(batch_size, "batch_size"),
        report=report,
        keep_answers=keep_answers,
        engine=engine,
        device=device,
        threads=threads,
        on_progress=on_progress,
    ).evaluation


def evaluate_models(
    models: Classifier | PathArgument | AnyModel | Sequence[PathArgument | AnyModel],
    data: PathArgument | Dataset,
    split: str | None = None,
    *,
    crops: Sequence[int] = (1,),
    batch_size: int = 16,
    report: PathArgument | None = None,
    keep_answers: bool = False,
    engine: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    on_data: OnData | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_prediction: OnPrediction | None = None,
) -> ProtocolComparison:
    """Evaluate models under one or several numbers of crops, in one pass; arguments and errors as for `evaluate`.

    The rows compare the first model and all of them under each of `crops`; the evaluation, its answers, the report and
    the predictions are of the last row: all models, the most crops.
    """
    from googlenet.classifier import Classifier, Prediction, rank_classes
    from googlenet.classifier.sources import check_models
    from googlenet.engines import members_of
    from googlenet.evaluation import compare_protocols, open_labelled

    page = None if report is None else _page(report)
    if isinstance(models, Classifier):
        if (engine, device, threads) != (None, None, None):
            raise InputError("a Classifier has an engine: give engine, device and threads to googlenet.load")
        classifier = models
    else:
        check_models(models, "model")
        classifier = Classifier.load(models, engine=engine, device=device, threads=threads)
    ids = [one.id for one in classifier.classes]
    dataset, samples, name = open_labelled(data, split, classes=ids, origins=classifier.origins)
    if on_data is not None:
        on_data(dataset, samples)
    averages = len(members_of(classifier.engine, classifier.preprocessing)) > 1 or max(crops) > 1
    temperature = 1.0 if averages else classifier.temperature

    def pass_on(image: str, label: str, probabilities: NDArray[np.float32]) -> None:
        assert on_prediction is not None
        on_prediction(
            Prediction(image, rank_classes(probabilities, classifier.classes, temperature=temperature)), label
        )

    comparison = compare_protocols(
        classifier.engine,
        classifier.preprocessing,
        samples,
        crops=crops,
        split=name,
        batch_size=batch_size,
        on_progress=on_progress,
        on_row=None if on_prediction is None else pass_on,
        temperature=temperature,
        keep_answers=keep_answers or page is not None,
    )
    bad_pictures = comparison.evaluation.bad_pictures
    if on_prediction is not None and bad_pictures:
        labels = {item.name: samples.classes[item.label] for item in samples.items}
        for image, reason in bad_pictures:
            on_prediction(Prediction(image, (), reason), labels[image])
    if page is not None:
        _write_page(page, classifier, dataset, samples, comparison.evaluation, where=data)
    return comparison


def _page(report: PathArgument) -> Path:
    """The place of the report; InputError or MissingExtraError now, rather than after a long evaluation."""
    from googlenet.report import check_page

    page = as_path(report, "report")
    check_page(page)
    return page


def _write_page(
    page: Path,
    classifier: Classifier,
    dataset: Dataset,
    samples: Samples,
    evaluation: Evaluation,
    *,
    where: PathArgument | Dataset,
) -> None:
    from googlenet.classifier.sources import SavedModel
    from googlenet.report import Subject, open_maps, read_samples, write_evaluation_report

    assert evaluation.answers is not None
    sources = classifier.sources
    saved = sources[0] if len(sources) == 1 and isinstance(sources[0], SavedModel) else None
    names = list(dict.fromkeys(source.name for source in sources)) or ["model"]
    write_evaluation_report(
        Subject(
            name=" + ".join(names),
            answers=evaluation.answers,
            labels=tuple(one.name for one in classifier.classes),
            read=read_samples(samples),
            maps="only a single model in a file has activation maps" if saved is None else open_maps(saved.path),
            model="MODEL" if saved is None else str(saved.path),
            data=os.fspath(where) if isinstance(where, str | os.PathLike) else dataset.name,
            facts=_facts(evaluation),
        ),
        page,
    )


def _facts(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    return (
        ("Networks", f"{evaluation.models:,}"),
        ("Crops per picture", f"{evaluation.crops:,}"),
        ("Temperature", f"{evaluation.temperature:.3g}"),
    )
