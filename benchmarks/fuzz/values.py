"""Numbers that have caused errors before, and changes of records of them."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from googlenet.model import with_checksum

Content = tuple[bytes, ...]

WHOLE = [0, 1, -1, 2, 3, 4, 5, 7, 8, 11, 63, 127, 128, 500, 1000, 2001, 5000, 2**31 - 1, 2**31, 2**63 - 1, -(2**31)]
WHOLE += [-(2**63)]

FLOATS = [0.0, -0.0, 1.0, -1.0, 1e-45, 1e-38, 1e30, 3.4e38, float("inf"), float("-inf"), float("nan"), 0.5, 0.75, 2.0]


def other_number(value: int, random: random.Random) -> int:
    """Another integer: near, doubled, or one that has caused errors before."""
    return random.choice([*WHOLE, value + 1, value - 1, value * 2, -value, value * 1000])


def change_record(record: Any, random: random.Random) -> None:
    """Another value somewhere in a JSON record."""
    while True:
        keys = list(record) if isinstance(record, dict) else list(range(len(record)))
        if not keys:
            return
        key = random.choice(keys)
        if isinstance(record[key], dict | list) and record[key] and random.random() < 0.8:
            record = record[key]
            continue
        values = [
            None,
            True,
            "",
            "x",
            [],
            {},
            *WHOLE,
            *FLOATS,
            1e308,
            5e-324,
            [1.0] * 3,
            "paper",
            "naive",
            "GREY",
            "int8",
        ]
        values += [record[key] * 2] if isinstance(record[key], int | float | list | str) else []
        match random.randrange(8):
            case 0 if isinstance(record, dict):
                del record[key]
            case 1 if isinstance(record, dict):
                record["more"] = record[key]
            case _:
                record[key] = copy.deepcopy(random.choice(values))
        return


def metadata_of(description: dict[str, Any]) -> dict[str, str]:
    """Metadata with a description and its checksum."""
    return with_checksum(json.dumps(description))
