"""GoogLeNet ("Going Deeper with Convolutions", CVPR 2015): train, evaluate and use a picture classifier.

    import googlenet
    classifier = googlenet.load("runs/demo")
    print(classifier.predict("photo.jpg").best)

Public names are imported lazily, so that `import googlenet` is fast and does not need torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from googlenet.lazy import lazy_exports

if TYPE_CHECKING:
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
    from googlenet.dataset import Dataset, open_dataset
    from googlenet.errors import (
        DataError,
        GoogLeNetError,
        InputError,
        MissingExtraError,
        ModelFileError,
        SettingsError,
        TrainingError,
    )
    from googlenet.evaluation import Evaluation, evaluate
    from googlenet.images import BadImage, Preprocessing
    from googlenet.model import Model, load_model, save_model
    from googlenet.network import GoogLeNet, HeadLogits
    from googlenet.recipes import RECIPES, Recipe
    from googlenet.runs import RunFolder
    from googlenet.training import TrainingJob
    from googlenet.workflow import TrainingResult, train

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
    "dataset": ("Dataset", "open_dataset"),
    "errors": (
        "DataError",
        "GoogLeNetError",
        "InputError",
        "MissingExtraError",
        "ModelFileError",
        "SettingsError",
        "TrainingError",
    ),
    "evaluation": ("Evaluation", "evaluate"),
    "images": ("BadImage", "Preprocessing"),
    "model": ("Model", "load_model", "save_model"),
    "network": ("GoogLeNet", "HeadLogits"),
    "recipes": ("RECIPES", "Recipe"),
    "runs": ("RunFolder",),
    "training": ("TrainingJob",),
    "workflow": ("TrainingResult", "train"),
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
    "GoogLeNet",
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
    "evaluate",
    "load",
    "load_model",
    "network_cost",
    "open_dataset",
    "receptive_fields",
    "save_model",
    "train",
]


def load(path: Any, *, engine: str | None = None, device: str | None = None, threads: int | None = None) -> Classifier:
    """Open a model file, a run folder, an exported file or included weights ("bvlc") as a `Classifier`.

    `engine`: native, onnx, openvino or torch; `device`: cpu, cuda or mps; `threads`: number of CPU threads. Raises
    ModelFileError or InputError.
    """
    from googlenet.classifier import Classifier

    return Classifier.load(path, engine=engine, device=device, threads=threads)


_find = lazy_exports(__name__, _ROOMS)


def __getattr__(name: str) -> Any:
    try:
        return _find(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        from googlenet.errors import MissingExtraError

        raise MissingExtraError("torch", extra="train", purpose=f"googlenet.{name}") from None


def __dir__() -> list[str]:
    return __all__
