"""Every way to open an engine on this machine: a model file, an ensemble, an exported file of each format."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from googlenet.artifacts import Target, write_exported
from googlenet.classifier import Classifier
from googlenet.engines import ENGINES
from googlenet.model import save_ensemble, save_model
from tests.artifacts.exported_models import exported, small_model


@dataclass(frozen=True)
class Way:
    """An engine and what it opens: a model file, an exported file of `target`, or an ensemble of two models."""

    engine: str
    target: Target | None = None
    members: int = 1

    def __str__(self) -> str:
        return "-".join([self.engine, *([self.target] if self.target else []), *["ensemble"] * (self.members > 1)])

    def write(self, folder: Path) -> Path:
        """Make the file or folder that it opens."""
        models = [small_model(seed) for seed in range(self.members)]
        if self.target:
            path = folder / f"exported.{self.target}"
            write_exported(exported(self.target, models), path)
            return path
        for number, model in enumerate(models):
            (folder / str(number)).mkdir()
            save_model(model, folder / str(number) / "model.safetensors")
        save_ensemble(folder, [str(number) for number in range(self.members)])
        return folder if self.members > 1 else folder / "0"

    def open(self, path: Path, *, threads: int = 1) -> Classifier:
        """Open what `write` wrote."""
        return Classifier.load(path, engine=self.engine, device="cpu", threads=threads)


WAYS = [
    way
    for name, entry in ENGINES.items()
    if importlib.util.find_spec(entry.package)
    for way in (Way(name), Way(name, members=2), *(Way(name, target) for target in entry.runs))
]
"""From the table: an engine that is added is tested without a word here."""
