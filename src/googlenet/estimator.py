"""A scikit-learn estimator: `GoogLeNetClassifier`, on the roads of `googlenet.train` and of `Classifier`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from googlenet.argument_types import PathArgument, wrong_type
from googlenet.classifier import Classifier
from googlenet.dataset import dataset_from_lists
from googlenet.errors import InputError, MissingExtraError
from googlenet.images import Picture, check_pictures, is_picture
from googlenet.model import load_model
from googlenet.workflow import train

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise MissingExtraError("scikit-learn", extra="train", purpose="GoogLeNetClassifier") from error


class GoogLeNetClassifier(ClassifierMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """GoogLeNet as a scikit-learn classifier, and as a transformer of pictures to features.

    start, from_scratch, recipe, minutes, epochs, settings, val_share, seed, device: as for `googlenet.train`; by
    default the shipped `bvlc` weights are fine-tuned, unless the pictures are small.
    out:      the folder of the run, which must be new; by default a temporary one.
    crops:    squares of each picture to average over: 1, 10 or 144.
    engine, threads: what runs the trained model, as for `googlenet.load`.

    X is a list of pictures: paths, bytes, Pillow pictures or uint8 arrays, (H, W, 3) RGB or (H, W) grey; or one array
    (N, H, W, 3) of them. A share of each class is held back to validate the training, so a class needs at least two
    pictures. A picture that cannot be read is left out by `fit`, as `googlenet.train` does; in the arrays that the
    other methods return it has no place, and they raise DataError with its name.

    After `fit`: `classes_`, the labels in the order of the columns; `classifier_`, the trained `Classifier`, with
    `explain`, `evaluate` and `export`; `scores_`, its scores on the pictures that were held back.
    """

    def __init__(
        self,
        start: PathArgument | None = None,
        *,
        from_scratch: bool = False,
        recipe: str | None = None,
        minutes: float | None = None,
        epochs: float | None = None,
        settings: Mapping[str, Any] | None = None,
        val_share: float | None = None,
        seed: int = 0,
        device: str | None = None,
        out: PathArgument | None = None,
        crops: int = 1,
        engine: str | None = None,
        threads: int | None = None,
    ) -> None:
        self.start = start
        self.from_scratch = from_scratch
        self.recipe = recipe
        self.minutes = minutes
        self.epochs = epochs
        self.settings = settings
        self.val_share = val_share
        self.seed = seed
        self.device = device
        self.out = out
        self.crops = crops
        self.engine = engine
        self.threads = threads

    def fit(self, X: Iterable[Picture], y: ArrayLike) -> GoogLeNetClassifier:  # noqa: N803
        """Train on pictures and the label of each.

        Raises errors as `googlenet.train` and, as every estimator of scikit-learn, ValueError for labels that are none.
        """
        labels, images = _as_labels(y), _as_pictures(X)
        classes, positions = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"all pictures are of one class, {classes.tolist()}: a training needs at least two")
        names = [str(label) for label in classes.tolist()]
        dataset = dataset_from_lists(images, [names[place] for place in positions], classes=names, split_rule=None)
        with TemporaryDirectory() if self.out is None else nullcontext(self.out) as folder:
            result = train(
                dataset,
                start=self.start,
                from_scratch=self.from_scratch,
                recipe=self.recipe,
                minutes=self.minutes,
                epochs=self.epochs,
                settings=self.settings,
                val_share=self.val_share,
                seed=self.seed,
                device=self.device,
                out=folder,
                report=self.out is not None,
            )
            model = load_model(result.model)
        self.classes_ = classes
        self.scores_ = result.scores
        self.classifier_ = Classifier.load(model, engine=self.engine, device=self.device, threads=self.threads)
        return self

    def predict(self, X: Iterable[Picture]) -> NDArray[Any]:  # noqa: N803
        """The most probable label of each picture, (N,)."""
        probabilities = self.predict_proba(X)
        best: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return best

    def predict_proba(self, X: Iterable[Picture]) -> NDArray[np.float32]:  # noqa: N803
        """The probabilities (N, C) float32, in the order of `classes_`."""
        return self._checked().predict_proba(_as_pictures(X), crops=self.crops)

    def transform(self, X: Iterable[Picture]) -> NDArray[np.float32]:  # noqa: N803
        """The features (N, F) float32 of pictures, for another estimator."""
        return self._checked().embed(_as_pictures(X), crops=self.crops)

    def _checked(self) -> Classifier:
        """The trained classifier; raises NotFittedError before `fit`."""
        check_is_fitted(self, "classifier_")
        found: Classifier = self.classifier_
        return found

    def __sklearn_tags__(self) -> Any:
        """Pictures go in, not a table of numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []  # features are float32, whatever the pictures are
        return tags


def _as_pictures(images: object) -> list[Picture]:
    """The pictures as a list; raises InputError for one picture, for none, and for anything else."""
    if is_picture(images):
        raise wrong_type("X", "a list of pictures", images)
    found = list(check_pictures(images, "X"))
    if not found:
        raise InputError("X has no pictures")
    return found


def _as_labels(labels: object) -> NDArray[Any]:
    if labels is None:  # as every estimator of scikit-learn says it
        raise ValueError("this GoogLeNetClassifier requires y to be passed, but the target y is None")
    found: NDArray[Any] = column_or_1d(labels, warn=True)
    check_classification_targets(found)
    return found
