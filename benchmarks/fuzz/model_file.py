"""Model files with another table, description or weights."""

from __future__ import annotations

import json
import random
import struct
from hashlib import sha256
from typing import Any

from benchmarks.fuzz.values import FLOATS, Content, change_record, metadata_of


def changed_model(content: bytes, random: random.Random) -> Content:
    """A model file with another table, description or weights, and right checksums."""
    end = 8 + int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8:end]), bytearray(content[end:])
    description = json.loads(header["__metadata__"]["googlenet"])
    for _ in range(random.choice([1, 1, 2, 3])):
        names = [name for name in header if name != "__metadata__"]
        match random.randrange(6):
            case 0 | 1:
                change_record(header[random.choice(names)], random)
            case 2:
                place = random.randrange(len(data) // 4) * 4
                data[place : place + 4] = struct.pack("<f", random.choice(FLOATS))
            case 3:
                name = random.choice(names)
                random.choice([header.pop, lambda name: header.__setitem__("more", header[name])])(name)
            case _:
                change_record(description, random)
    description["sha256"] = sum_of_tensors(header, data)
    header["__metadata__"] |= metadata_of(description)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return (len(text).to_bytes(8, "little") + text + bytes(data),)


def sum_of_tensors(header: dict[str, Any], data: bytearray) -> str:
    """The checksum that the reader will ask for, where the table can be understood."""
    total = sha256()
    try:
        for name in sorted(name for name in header if name != "__metadata__"):
            row = header[name]
            begin, end = row["data_offsets"]
            dtype = {"F32": "<f4", "F16": "<f2", "U8": "|u1"}[row["dtype"]]
            total.update(f"{name} {dtype} {tuple(row['shape'])}\n".encode())
            total.update(data[begin:end])
    except (KeyError, TypeError, ValueError):
        return ""
    return total.hexdigest()
