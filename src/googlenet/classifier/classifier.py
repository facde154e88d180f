"""The classifier: an engine with preprocessing and classes; takes pictures, returns ranked classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from googlenet.argument_types import PathArgument, as_count
from googlenet.artifacts import AnyModel
from googlenet.classifier.answers import Answer, BadPictures, answer_pictures, answer_rows, stack_rows
from googlenet.classifier.card import classifier_card
from googlenet.classifier.prediction import Prediction
from googlenet.classifier.sources import ModelSource, open_sources
from googlenet.engines import CropRunner, Engine, EnsembleEngine, members_of, open_engine
from googlenet.images import Picture, Preprocessing, is_picture
from googlenet.model import About, ClassLabel
from googlenet.notebook import quoted

if TYPE_CHECKING:
    from googlenet.artifacts import Target
    from googlenet.classifier.activations import Pool
    from googlenet.dataset import Dataset
    from googlenet.evaluation import Evaluation
    from googlenet.explanation import Explanation, Method
    from googlenet.export import Choice, ExportResult


@dataclass(frozen=True, slots=True, repr=False)
class Classifier:
    """A model that is ready to use: `googlenet.load` opens one. Pictures in, ranked classes out.

    `engine` runs the network; `classes` are in the order of its outputs. The members of an `EnsembleEngine` have their
    own preprocessing; `preprocessing` is then the first one's. `sources`: the models inside, if there are any, for
    `export` and `evaluate`. `temperature`: of a single model, applied to the probabilities of one crop; averages over
    crops or models are without it.

    A classifier from `load` is thread-safe, works in forked children, and can be copied and pickled: a copy, also in
    another process, reads the model file again, which must not have changed. One from an exported file does all but
    `export`; one that was not opened from a model neither exports nor explains.
    """

    engine: Engine
    preprocessing: Preprocessing
    classes: tuple[ClassLabel, ...]
    temperature: float = 1.0
    sources: tuple[ModelSource, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        names = ", ".join(dict.fromkeys(quoted(source.name, 40) for source in self.sources[:2]))
        classes, size = f"{len(self.classes):,} classes", f"{self.preprocessing.input_size} px"
        return f"<Classifier {names or 'without a model'}: {classes}, {size}, engine {self.engine.name}>"

    def _repr_html_(self) -> str:
        return classifier_card(self.classes, self.preprocessing, self.sources, engine=self.engine.name)

    @property
    def origins(self) -> tuple[About, ...]:
        """Where each of the networks inside comes from."""
        return tuple(about for source in self.sources for about in source.origins)

    @classmethod
    def load(
        cls,
        path: PathArgument | AnyModel | Sequence[PathArgument | AnyModel],
        *,
        engine: str | None = None,
        device: str | None = None,
        threads: int | None = None,
    ) -> Classifier:
        """Open a model file, a run folder, included weights by name ("bvlc"), or several models as an ensemble.

        Exported files are model files, too, and a `Model` in memory is used as it is. Raises errors as `find_model`,
        `open_models` and `open_engine` do.
        """
        sources, models = open_sources(path)
        loads = [source.load for source in sources]
        opened: Engine
        if len(models) == 1:
            opened = open_engine(models[0], name=engine, device=device, threads=threads, load=loads[0])
        else:
            opened = EnsembleEngine.from_models(models, name=engine, device=device, threads=threads, loads=loads)
        temperature = models[0].temperature if len(models) == 1 else 1.0
        return cls(opened, models[0].preprocessing, models[0].classes, temperature, sources)

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, images: Picture, *, top: int = ..., batch: int = ..., crops: int = ..., features: bool = ...
    ) -> Prediction: ...
    @overload
    def predict(
        self, images: Iterable[Picture], *, top: int = ..., batch: int = ..., crops: int = ..., features: bool = ...
    ) -> Iterator[Prediction]: ...
    def predict(
        self,
        images: Picture | Iterable[Picture],
        *,
        top: int = 5,
        batch: int = 16,
        crops: int = 1,
        features: bool = False,
    ) -> Prediction | Iterator[Prediction]:
        """Return the `top` classes of one picture, or iterate over those of many pictures, in order.

        A picture is a path, bytes, a file open in binary mode, a Pillow picture, or a uint8 array, (H, W, 3) RGB or
        (H, W) grey; many are any iterable of them, or an array (N, H, W, 3).
        `crops` (1, 10 or 144) squares of each picture are run, `batch` at a time, and their probabilities averaged.
        Pictures are decoded ahead by threads and not kept, so that any number can be processed. A missing or bad
        picture gives a Prediction with `error`. Pictures without a path are named by position: "picture 0". With
        `features`, each Prediction also has the features that its ranking was computed from, averaged over the crops.
        Raises InputError immediately for anything but a picture or an array of valid shape and dtype (from an
        iterator: when it is reached), for an unsupported number of crops, and for the features of an ensemble;
        ModelFileError where the network computes probabilities that are not finite numbers.
        """
        top = as_count(top, "top")
        answers = self._answer(images, batch=batch, crops=crops, features=features)
        predictions = (one.prediction(self.classes, top) for one in answers)
        return next(predictions) if is_picture(images) else predictions

    def predict_proba(
        self,
        images: Picture | Iterable[Picture],
        *,
        batch: int = 16,
        crops: int = 1,
        bad_pictures: BadPictures = "raise",
    ) -> NDArray[np.float32]:
        """The probabilities of all classes, in the order of `classes`: (N, C) float32, or (C,) for one picture.

        An array has no place for an error: a picture that cannot be read raises DataError with its name and the reason,
        or with `bad_pictures="nan"` has a row of NaN. `predict` gives the error of each picture instead. Other
        arguments and errors are those of `predict`.
        """
        rows = answer_rows(self._answer(images, batch=batch, crops=crops), "probabilities", bad_pictures)
        return stack_rows(rows, (len(self.classes),), one=is_picture(images))

    def embed(
        self,
        images: Picture | Iterable[Picture],
        *,
        batch: int = 16,
        crops: int = 1,
        bad_pictures: BadPictures = "raise",
    ) -> NDArray[np.float32]:
        """The features of pictures, what the last layer reads: (N, F) float32, or (F,) for one picture.

        Similar pictures have similar features. Bad pictures, arguments and errors are as for `predict_proba`; an
        ensemble has no features (InputError).
        """
        rows = answer_rows(self._answer(images, batch=batch, crops=crops, features=True), "features", bad_pictures)
        size = next((len(row) for row in rows if row is not None), None)
        return stack_rows(rows, (size or self._count_features(),), one=is_picture(images))

    @overload
    def explain(  # type: ignore[overload-overlap]
        self, images: Picture, classes: str | Sequence[str] | None = ..., *, top: int = ..., method: Method = ...
    ) -> Explanation: ...
    @overload
    def explain(
        self,
        images: Iterable[Picture],
        classes: str | Sequence[str] | None = ...,
        *,
        top: int = ...,
        method: Method = ...,
    ) -> Iterator[Explanation]: ...
    def explain(
        self,
        images: Picture | Iterable[Picture],
        classes: str | Sequence[str] | None = None,
        *,
        top: int = 2,
        method: Method = "cam",
    ) -> Explanation | Iterator[Explanation]:
        """Where in a picture the evidence for a class is: exact class-activation maps, as those of `googlenet explain`.

        One picture, or an iterator over many, in order. `classes`: names or ids; by default the `top` most probable of
        each picture. `method`: "cam"; "occlusion", what the logit loses where a place is covered, with any engine; or
        "gradient", gradient x input smoothed over noise, with torch and Captum. A missing or bad picture gives an
        Explanation with `error`. Raises InputError for a class that the
        model does not have, for an ensemble, for a classifier that was not opened from a model, and as `predict` does.
        """
        from googlenet.classifier.explaining import explainer_of

        chosen = [classes] if isinstance(classes, str) else classes
        explainer = explainer_of(
            *(self.sources, self.engine, self.preprocessing, self.classes, self.temperature), method
        )
        return explainer.explain(images, chosen, top=as_count(top, "top"))

    def activations(
        self,
        images: Picture | Iterable[Picture],
        layers: str | Sequence[str],
        *,
        before_relu: bool = False,
        pool: Pool | None = None,
        batch: int = 16,
        bad_pictures: BadPictures = "raise",
    ) -> dict[str, NDArray[np.float32]]:
        """The outputs of layers, by the names in `layers`: (N, C, h, w) float32 each, (C, h, w) for one picture.

        A name is a row of Table 1 ("4a"), a layer in it ("4a/3x3"), or what lucid, Caffe or torchvision call it;
        `googlenet info MODEL --layers` lists them. `before_relu`: the values before each layer's ReLU. `pool`: "mean"
        or "max", which leaves one number a channel, (N, C); those of linear layers are (N, C) anyway. All arrays are in
        memory at once: for many pictures use `pool`, or the command, which writes to a file. Bad pictures, other
        arguments and errors are those of `embed`; raises InputError for a name that is not a layer, for an ensemble,
        and for an exported file.
        """
        from googlenet.classifier.activations import layer_reader, stack_layers

        opened = (self.sources, self.engine, self.preprocessing)
        reader = layer_reader(*opened, layers, before_relu=before_relu, pool=pool, batch=batch)
        return stack_layers(reader, reader.read(images), bad_pictures, one=is_picture(images))

    def evaluate(
        self,
        data: PathArgument | Dataset,
        split: str | None = None,
        *,
        crops: int = 1,
        batch: int = 16,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Evaluation:
        """Accuracy on labelled pictures, with intervals, as `googlenet evaluate` computes it.

        `data`: a folder of class folders, a .tar of one, the name of an embedded set, or a `Dataset`. `split`: train,
        val, test or all; by default test, else val, else all. Data that the model was trained on are split as they were
        then. Bad pictures are skipped and listed in the result. `on_progress` is called with the number of pictures
        that are done and of all. Raises InputError and DataError as `open_dataset`, and if no picture can be read.
        """
        from googlenet.evaluation import evaluate, open_labelled

        ids = [one.id for one in self.classes]
        _, samples, name = open_labelled(data, split, classes=ids, origins=self.origins)
        return evaluate(
            self.engine,
            self.preprocessing,
            samples,
            split=name,
            batch_size=as_count(batch, "batch"),
            crops=as_count(crops, "crops"),
            on_progress=on_progress,
            temperature=self.temperature,
        )

    def export(
        self,
        out: PathArgument | None = None,
        *,
        to: Target | None = None,
        precision: Choice = "auto",
        calibrate: PathArgument | None = None,
        evaluate_on: PathArgument | None = None,
        without_lrn: bool = False,
        with_example: bool = False,
        force: bool = False,
    ) -> ExportResult:
        """Write the model as one file for another runtime, if it passes the checks of `googlenet export`.

        `out`: the file, or the folder for OpenVINO; by default the model's name in the current folder. `to`: onnx,
        openvino or pt2; by default what the suffix of `out` says, or onnx. `precision`: auto (the fastest here that
        agrees with float32), float32, bf16 or int8. `calibrate`: pictures, of which half are used to calibrate int8 and
        the others to evaluate; `evaluate_on`: pictures to evaluate on. `without_lrn`, `with_example`, `force`: as the
        options of the command. Raises InputError as `export_models` does, and for a classifier that was opened from an
        exported file, or not from a model.
        """
        from googlenet.classifier.exporting import export_sources

        return export_sources(
            self.sources,
            out,
            to=to,
            precision=precision,
            calibrate=calibrate,
            evaluate_on=evaluate_on,
            without_lrn=without_lrn,
            with_example=with_example,
            force=force,
        )

    def _count_features(self) -> int:
        """F, learnt from a black picture: for no pictures, or none that can be read."""
        return len(self.embed(np.zeros((1, 1, 3), np.uint8)))

    def _answer(
        self, images: Picture | Iterable[Picture], *, batch: int, crops: int, features: bool = False
    ) -> Iterator[Answer]:
        """Run pictures, in order; arguments are checked now, the pictures of an iterator as they are reached."""
        protocols = (as_count(crops, "crops"),)
        runner = CropRunner(members_of(self.engine, self.preprocessing), protocols, as_count(batch, "batch"))
        return answer_pictures(runner, images, features=features, temperature=self.temperature)
