"""Exported programs of torch with another table of weights, or other weights."""

from __future__ import annotations

import io
import json
import random
import zipfile
from hashlib import sha256

import msgspec

from benchmarks.fuzz.onnx import change_values
from benchmarks.fuzz.values import Content, change_record, metadata_of
from googlenet.artifacts import ExportedModel


def changed_pt2(model: ExportedModel, random: random.Random) -> Content:
    """An archive of torch with another table of weights, or other weights."""
    with zipfile.ZipFile(io.BytesIO(model.content[0])) as archive:
        entries = {name: archive.read(name) for name in archive.namelist() if "/extra/googlenet" not in name}
    root = next(iter(entries)).partition("/")[0]
    description = msgspec.to_builtins(model.description)
    for _ in range(random.choice([1, 1, 2, 3])):
        config = f"{root}/data/weights/model_weights_config.json"
        weights = [name for name in entries if "/data/weights/weight_" in name and entries[name]]
        match random.randrange(5):
            case 0 | 1 if config in entries:
                table = json.loads(entries[config])
                change_record(table, random)
                entries[config] = json.dumps(table).encode()
            case 2:
                tensor = {"raw_data": entries[name := random.choice(weights)], "data_type": 1}
                change_values(tensor, random)
                entries[name] = tensor["raw_data"]
            case 3:
                name = random.choice(list(entries))
                random.choice([entries.pop, lambda name: entries.__setitem__(name, entries[name][:-1])])(name)
            case _:
                change_record(description, random)
    total, bare = sha256(), {name.partition("/")[2]: data for name, data in entries.items()}
    for name in sorted(bare):
        total.update(f"{name} {len(bare[name])}\n".encode())
        total.update(bare[name])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        for key, value in metadata_of(description | {"sha256": total.hexdigest()}).items():
            archive.writestr(f"{root}/extra/{key}", value)
    return (file.getvalue(),)
