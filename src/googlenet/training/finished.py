"""The finished model of a training."""

from __future__ import annotations

import platform
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from googlenet.evaluation import Calibration, Evaluation, calibrate, reliability
from googlenet.machine import installed_version, read_machine
from googlenet.model import About, ClassLabel, KnownAnswer, Model, apply_temperature, known_answer_images
from googlenet.network import read_weights
from googlenet.training.job import TrainingJob
from googlenet.training.parts import TrainingParts


def calibrated(validation: Evaluation) -> tuple[Evaluation, Calibration | None]:
    """The evaluation at the temperature that its answers give, as `evaluate` of the finished model gives it; and how.

    Without enough answers for a temperature it is as it was, and there is no calibration.
    """
    calibration = None if validation.answers is None else calibrate(validation.answers)
    if validation.answers is None or calibration is None:
        return validation, None
    scaled = apply_temperature(validation.answers.probabilities, calibration.temperature)
    ece = reliability(scaled, validation.answers.labels).ece
    return replace(validation, ece=ece, temperature=calibration.temperature), calibration


def finished_model(job: TrainingJob, parts: TrainingParts, validation: Evaluation) -> Model:
    """The weights of the engine's network, with everything that is needed to use them and to know their origin.

    The known answer is for generated pictures: a model file must not contain its owner's pictures.
    """
    images = known_answer_images(parts.preprocessing.input_size)
    return Model(
        spec=job.recipe.spec(len(job.dataset.classes)),
        weights=read_weights(parts.engine.network),
        classes=tuple(ClassLabel(name, name) for name in job.dataset.classes),
        preprocessing=parts.preprocessing,
        known_answer=KnownAnswer(images, parts.engine.run(images).probabilities),
        about=About(
            recipe=job.recipe.to_dict() | {"precision": job.precision, "seed": job.seed, "minutes": job.minutes},
            data=_data(job),
            scores=scores(validation)
            | {
                "training_seconds": round(parts.state.seconds, 1),
                "machine": f"{read_machine()}; trained on {job.device}",
                "best_of": parts.state.validations if job.recipe.selection == "best" else 1,
            },
            licence="not stated",
            source=_source(job),
            versions={
                "googlenet": installed_version("googlenet"),
                "torch": installed_version("torch"),
                "numpy": installed_version("numpy"),
                "python": platform.python_version(),
            },
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
        temperature=validation.temperature,
    )


def scores(validation: Evaluation) -> dict[str, Any]:
    """The figures of an evaluation that the model file records.

    The file also has `best_of`, the number of evaluations on the same pictures that this is the best of (which biases
    it upwards).
    """
    kept = ("split", "pictures", "top1", "top1_interval", "top5", "loss", "macro_recall")
    return {name: value for name, value in validation.to_dict().items() if name in kept}


def _source(job: TrainingJob) -> str:
    """How the model was made, and which weights it started from."""
    start = "" if job.start is None else f", from the weights of: {job.start.about.source or 'a model without source'}"
    return f"trained by googlenet {installed_version('googlenet')} on {job.dataset.name}{start}"


def _data(job: TrainingJob) -> dict[str, Any]:
    dataset, rule = job.dataset, job.dataset.split_rule
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "split": None if rule is None else {"seed": rule.seed, "share": rule.share},
        "pictures": {split: len(samples) for split, samples in dataset.splits.items()},
    }
