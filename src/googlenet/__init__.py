"""GoogLeNet ("Going Deeper with Convolutions", CVPR 2015): train, evaluate, explain and use a picture classifier.

    >>> import googlenet
    >>> classifier = googlenet.load("bvlc")  # or a run folder, a model file, an exported file
    >>> classifier.predict("photo.jpg")  # or many pictures: paths, bytes, arrays, Pillow pictures
    <Prediction 'photo.jpg': ...>
    >>> result = googlenet.train("photos", minutes=7)  # a folder of class folders; starts from the weights of bvlc
    >>> googlenet.load(result.folder).evaluate("photos")
    <Evaluation: ...>

A classifier has

    predict(images)           classes and probabilities of each picture; a bad picture is a Prediction with `error`
    predict_proba(images)     probabilities as an array (N, C), in the order of `classes`
    embed(images)             features as an array (N, F): similar pictures have similar rows
    activations(images, ...)  outputs of layers, "4a" or "4a/3x3", as arrays (N, C, h, w)
    explain(picture)          where in the picture the evidence for a class is
    evaluate(data)            accuracy on labelled pictures, as `googlenet evaluate`
    export("model.onnx")      one file for another runtime, checked before it is kept, as `googlenet export`

`GoogLeNetClassifier` is the same for scikit-learn: fit(paths, labels), predict, transform. Results have `to_dict()`
for JSON. Paths may be `str` or `Path`. What a user did wrong is a `GoogLeNetError` whose text says what to do.

Names are imported when they are first used: `import googlenet` is fast, and predicting needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from googlenet.lazy import lazy_exports

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from googlenet.architecture import (
        PAPER,
        VARIANTS,
        Architecture,
        ArchitectureSpec,
        ReceptiveField,
        build_architecture,
        network_cost,
        receptive_fields,
    )
    from googlenet.classifier import Classifier, Prediction, Ranked
    from googlenet.dataset import Dataset, dataset_from_lists, open_dataset
    from googlenet.errors import (
        DataError,
        GoogLeNetError,
        InputError,
        MissingExtraError,
        ModelFileError,
        SettingsError,
        TrainingError,
    )
    from googlenet.estimator import GoogLeNetClassifier
    from googlenet.evaluation import Evaluation
    from googlenet.explanation import Explanation
    from googlenet.export import ExportResult
    from googlenet.images import BadImage, Preprocessing
    from googlenet.model import Model, load_model, save_model
    from googlenet.network import GoogLeNet, HeadLogits
    from googlenet.recipes import RECIPES, Recipe
    from googlenet.runs import RunFolder
    from googlenet.training import TrainingJob
    from googlenet.workflow import TrainingResult, evaluate, train

    __version__: str

_ROOMS = {
    "architecture": (
        "PAPER",
        "VARIANTS",
        "Architecture",
        "ArchitectureSpec",
        "ReceptiveField",
        "build_architecture",
        "network_cost",
        "receptive_fields",
    ),
    "classifier": ("Classifier", "Prediction", "Ranked"),
    "dataset": ("Dataset", "dataset_from_lists", "open_dataset"),
    "errors": (
        "DataError",
        "GoogLeNetError",
        "InputError",
        "MissingExtraError",
        "ModelFileError",
        "SettingsError",
        "TrainingError",
    ),
    "estimator": ("GoogLeNetClassifier",),
    "evaluation": ("Evaluation",),
    "explanation": ("Explanation",),
    "export": ("ExportResult",),
    "images": ("BadImage", "Preprocessing"),
    "model": ("Model", "load_model", "save_model"),
    "network": ("GoogLeNet", "HeadLogits"),
    "recipes": ("RECIPES", "Recipe"),
    "runs": ("RunFolder",),
    "training": ("TrainingJob",),
    "workflow": ("TrainingResult", "evaluate", "train"),
}
__all__ = [
    "PAPER",
    "RECIPES",
    "VARIANTS",
    "Architecture",
    "ArchitectureSpec",
    "BadImage",
    "Classifier",
    "DataError",
    "Dataset",
    "Evaluation",
    "Explanation",
    "ExportResult",
    "GoogLeNet",
    "GoogLeNetClassifier",
    "GoogLeNetError",
    "HeadLogits",
    "InputError",
    "MissingExtraError",
    "Model",
    "ModelFileError",
    "Prediction",
    "Preprocessing",
    "Ranked",
    "ReceptiveField",
    "Recipe",
    "RunFolder",
    "SettingsError",
    "TrainingError",
    "TrainingJob",
    "TrainingResult",
    "build_architecture",
    "dataset_from_lists",
    "evaluate",
    "load",
    "load_model",
    "network_cost",
    "open_dataset",
    "receptive_fields",
    "save_model",
    "train",
]


def load(
    path: str | PathLike[str] | Model | Sequence[str | PathLike[str] | Model],
    *,
    engine: str | None = None,
    device: str | None = None,
    threads: int | None = None,
) -> Classifier:
    """Open a model file, a run folder, an exported file or included weights ("bvlc") as a `Classifier`.

    Several are an ensemble, whose probabilities are averaged; a `Model` in memory is used as it is. `engine`: native,
    onnx, openvino or torch; `device`: cpu, cuda or mps; `threads`: number of CPU threads. Raises ModelFileError or
    InputError.
    """
    from googlenet.classifier import Classifier

    return Classifier.load(path, engine=engine, device=device, threads=threads)


_find = lazy_exports(__name__, _ROOMS)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from googlenet.machine import installed_version

        return installed_version("googlenet")
    try:
        return _find(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        from googlenet.errors import MissingExtraError

        raise MissingExtraError("torch", extra="train", purpose=f"googlenet.{name}") from None


def __dir__() -> list[str]:
    return __all__
