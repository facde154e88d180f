"""The table of environment variables names all that the package reads or sets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet import environment
from googlenet.environment import VARIABLES

if TYPE_CHECKING:
    pass

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.c"), ROOT / "hatch_build.py"]
READ = re.compile(r"""(?:environ(?:\.\w+\(|\[)|getenv\()(?:"(\w+)"|(\w+))""")
ARGCOMPLETE = {"_ARGCOMPLETE", "COMP_LINE"}  # the shell's questions, no setting of a user


def test_every_variable_that_is_read_is_in_the_table() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in SOURCES}
    assert len(texts) > 100
    names = {name for text in texts.values() for name, _ in READ.findall(text) if name}
    assert {"ORT_DISABLE_TELEMETRY", "GOOGLENET_KERNELS", "TERM"} <= names  # so that the pattern is known to find them
    assert names - ARGCOMPLETE <= set(VARIABLES)
    ours = {name for text in texts.values() for name in re.findall(r'"(GOOGLENET_[A-Z_]+)"', text)}
    assert ours <= set(VARIABLES)


def test_variables_are_read_by_name_or_from_the_table() -> None:
    """A name in a variable would hide from the test above, except in the table's own function."""
    hidden = {
        (path.name, name) for path in SOURCES for _, name in READ.findall(path.read_text(encoding="utf-8")) if name
    }
    assert hidden <= {("environment.py", "name"), ("details.py", "name")}


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.CACHE, "")
    assert environment.read_variable(environment.CACHE) is None
