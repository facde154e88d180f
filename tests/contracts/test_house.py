"""Rules of the house that no other tool checks."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [path for folder in ("src", "tests") for path in (ROOT / folder).rglob("*.py")]
SHELVES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}  # names that say nothing
MOST_LINES = 400


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert FILES
    parts = {path: {*path.relative_to(ROOT).with_suffix("").parts} for path in FILES}
    assert [str(path) for path, names in parts.items() if names & SHELVES] == []


@pytest.mark.parametrize("room", sorted(path.name for path in (ROOT / "src" / "googlenet").iterdir() if path.is_dir()))
def test_a_file_is_short_enough_to_do_one_thing(room: str) -> None:
    files = (ROOT / "src" / "googlenet" / room).glob("*.py")
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_the_rooms_know_each_other_in_the_order_that_import_linter_guards() -> None:
    """A room that is added must be given its storey in pyproject.toml."""
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    listed = {name.strip() for layer in layers for name in layer.split("|")}
    package = ROOT / "src" / "googlenet"
    rooms = {f"googlenet.{path.parent.name}" for path in package.glob("*/__init__.py")}
    rooms |= {f"googlenet.{path.stem}" for path in package.glob("*.py") if path.stem != "__init__"}
    assert listed == rooms


def imported_files(path: Path) -> set[str]:
    """The modules that a file imports from, or may: `from a import b` is of a or of a.b; those for types, too."""
    found = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom))
    return {name for node in found for one in node.names for name in (str(node.module), f"{node.module}.{one.name}")}


def test_files_import_in_no_circle_not_even_for_types() -> None:
    """What a room exports is left out: its `__init__` imports all of its files."""
    source = ROOT / "src"
    files = {
        ".".join(path.relative_to(source).with_suffix("").parts): path
        for path in source.rglob("*.py")
        if path.stem != "__init__"
    }
    assert "googlenet.classifier.classifier" in files
    TopologicalSorter({name: imported_files(path) & files.keys() for name, path in files.items()}).prepare()
