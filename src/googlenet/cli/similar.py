"""`googlenet similar`: finds the pictures of an index that are most similar to a given one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.cli.terminal import say, say_json
from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.predictions import ModelIdentity


def similar_command(
    index: Annotated[Path, Argument(help="A file of `googlenet predict --embeddings`.", metavar="INDEX")],
    image: Annotated[Path, Argument(help="A picture.", metavar="IMAGE")],
    top: Annotated[int, Option(least=1, help="How many pictures to print.")] = 5,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    model: Annotated[str | None, Option(help="The model that made the index; default: the path stored in it.")] = None,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Find the pictures of an index that are most similar to a picture, by the cosine similarity of their features.

    Parquet is the fastest format to search.

    Example: googlenet similar index.parquet photo.jpg
    """
    from googlenet.classifier import Classifier
    from googlenet.cli.sources import open_source
    from googlenet.files import check_not_special
    from googlenet.predictions import nearest, read_features

    check_not_special(index)
    identity = next(read_features(index)).model
    wanted = model or identity.model
    _check_same_model(index, identity, wanted)
    classifier = Classifier.load(wanted, engine=engine, device=device, threads=threads)
    prediction = classifier.predict(open_source(str(image)), features=True)
    if prediction.error is not None or prediction.features is None:
        raise InputError(f"{image}: {prediction.error}")
    found = nearest(read_features(index), prediction.features, top=top)
    if as_json:
        neighbours = [{"image": one.image, "similarity": round(one.similarity, 6)} for one in found]
        say_json({"image": str(image), "model": wanted, "similar": neighbours})
        return
    for one in found:
        say(f"{one.similarity:.4f}  {one.image}")


def _check_same_model(index: Path, identity: ModelIdentity, model: str) -> None:
    """Raise InputError unless `model` is the one that made the index: features of another cannot be compared."""
    from googlenet.cli.model_identity import check_has_features, identify_model

    check_has_features(model)
    try:
        now = identify_model(model)
    except InputError as error:
        raise InputError(
            f"{index} was made with {identity.model}, which cannot be opened ({error}); give its new path with --model"
        ) from error
    if now.sha256 != identity.sha256:
        raise InputError(
            f"{index} was made with a different model than {model}: sha256 {identity.sha256[:12]}..., "
            f"not {now.sha256[:12]}...; give the right model with --model"
        )
