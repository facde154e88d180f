"""`googlenet export`: a model as a file of another program."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.model import Model


class Target(Enum):
    """The programs that a model can be exported to."""

    torchvision = "torchvision"


def export_command(
    model: Annotated[str, typer.Argument(help="A model file, a run folder, or a name from `googlenet models`.")],
    to: Annotated[Target, typer.Option(help="torchvision: a state dict that its googlenet loads.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; left out: MODEL's name here, .pth.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a model as another program reads it, and say what that program must be told.

    Example: googlenet export googlenet.safetensors --to torchvision --out googlenet.pth
    """
    from googlenet.files import open_atomically
    from googlenet.formats import write_torchvision
    from googlenet.model import load_model, resolve_model_path
    from googlenet.pretrained import find_model

    path = resolve_model_path(find_model(model))
    target = out or Path(f"{path.parent.name if path.parent == Path(model) else path.stem}.pth")
    if target.is_dir():
        raise InputError(f"{target} is a folder; --out names a file")
    if target.exists() and not force:
        raise InputError(f"{target} is there already; --out names another place, --force replaces it")
    loaded = load_model(path)
    with open_atomically(target) as file:
        write_torchvision(loaded, file, where=str(path))
    print(f"saved: {target} ({target.stat().st_size / 1e6:.1f} MB)")
    print("\n".join(_what_torchvision_must_be_told(loaded, target)))


def _what_torchvision_must_be_told(model: Model, target: Path) -> list[str]:
    """The call that makes the network the weights belong to, and how its pictures are prepared."""
    preprocessing = model.preprocessing
    mean = ", ".join(f"{value / 255:.6g}" for value in preprocessing.mean)
    deviation = ", ".join(f"{1 / (255 * value):.6g}" for value in preprocessing.scale)
    return [
        f"network = torchvision.models.googlenet(weights=None, init_weights=False, num_classes={model.spec.classes}, "
        f"aux_logits={model.has_side_classifiers}, transform_input=False)",
        f'network.load_state_dict(torch.load("{target}", weights_only=True))',
        f"pictures: {preprocessing.fit} to {preprocessing.resize} px, centre {preprocessing.side}; "
        f"{preprocessing.channel_order}, Normalize(mean=[{mean}], std=[{deviation}])",
    ]
