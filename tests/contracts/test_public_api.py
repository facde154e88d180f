"""What `import googlenet` offers, and the tree of its errors: listed, importable, documented, cheap until used."""

from __future__ import annotations

import ast
import doctest
import inspect
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import googlenet
from googlenet import errors

SOURCE = Path(googlenet.__file__).parent


def test_the_public_names_are_sorted_and_each_stands_once() -> None:
    upper, lower = (
        [name for name in googlenet.__all__ if name.isupper()],
        [name for name in googlenet.__all__ if not name.isupper()],
    )
    assert googlenet.__all__ == sorted(upper) + sorted(lower)
    assert len(set(googlenet.__all__)) == len(googlenet.__all__)
    assert dir(googlenet) == sorted(googlenet.__all__)


@pytest.mark.parametrize("name", googlenet.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    value = getattr(googlenet, name)
    assert value is not None
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__module__.startswith("googlenet")
        assert inspect.getdoc(value)


def test_a_name_that_is_not_there_is_an_ordinary_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'googlenet' has no attribute 'VGG'"):
        _ = googlenet.VGG


def test_type_checkers_see_the_names_that_are_given_at_run_time() -> None:
    """The imports for type checkers, the table of rooms and `__all__` say the same."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        (str(node.module).removeprefix("googlenet."), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("googlenet.")
        for alias in node.names
    }
    listed = {(room, name) for room, names in googlenet._ROOMS.items() for name in names}
    assert imported == listed
    assert {name for _, name in listed} | {"load"} == set(googlenet.__all__)


@pytest.mark.parametrize("room", sorted(path.parent.name for path in SOURCE.glob("*/__init__.py")))
def test_every_room_exports_what_it_lists(room: str) -> None:
    module = import_module(f"googlenet.{room}")
    for name in getattr(module, "__all__", ()):
        assert hasattr(module, name)


def test_the_version_is_that_of_the_installed_package() -> None:
    assert googlenet.__version__ == version("googlenet")


def test_the_example_of_the_module_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first lines, as they stand; the training takes seconds in place of minutes."""
    generator = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(4):
            image = Image.fromarray(generator.integers(0, 256, (32, 32, 3), np.uint8))
            image.save(tmp_path / "photos" / label / f"{number}.jpg")
    image.save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    text = (googlenet.__doc__ or "").replace("minutes=7", "recipe='smoke', epochs=1")
    assert text != googlenet.__doc__
    example = doctest.DocTestParser().get_doctest(text, {}, "googlenet", None, None)
    assert len(example.examples) == 5
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0


def public_methods() -> list[tuple[str, object]]:
    """Functions, and methods and properties of classes, of everything that is public."""
    found: list[tuple[str, object]] = []
    for name in googlenet.__all__:
        value = getattr(googlenet, name)
        found.append((name, value))
        if inspect.isclass(value) and value.__module__.startswith("googlenet"):
            found += [(f"{name}.{own}", one) for own, one in vars(value).items() if not own.startswith("_")]
    kinds = (property, classmethod, staticmethod)
    return [
        (name, one) for name, one in found if inspect.isfunction(one) or inspect.isclass(one) or isinstance(one, kinds)
    ]


def test_everything_that_is_public_has_a_docstring() -> None:
    names = [name for name, _ in public_methods()]
    assert {"load", "Classifier.predict_proba", "Prediction.best", "GoogLeNetClassifier.fit"} <= {*names}
    assert [name for name, one in public_methods() if not inspect.getdoc(one)] == []


@pytest.mark.parametrize("name", ["load", "load_model", "save_model", "open_dataset", "train", "dataset_from_lists"])
def test_public_functions_say_what_they_take(name: str) -> None:
    """No argument is `Any`: a type checker finds what is wrong before it runs."""
    annotations = getattr(googlenet, name).__annotations__
    assert annotations.keys() >= {"return"}
    assert [key for key, kind in annotations.items() if kind in ("Any", "object")] == []
    assert (SOURCE / "py.typed").is_file()


def test_importing_the_package_imports_next_to_nothing() -> None:
    code = "import sys, googlenet; print(sorted({'numpy', 'torch', 'PIL', 'msgspec', 'argparse'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"[]\n"


def error_classes() -> list[type[errors.GoogLeNetError]]:
    """The whole tree, below its root, wherever in the package a branch grows."""
    for path in SOURCE.rglob("*.py"):
        if "class " in (text := path.read_text(encoding="utf-8")) and "Error(" in text:
            import_module(".".join(("googlenet", *path.relative_to(SOURCE).with_suffix("").parts)))

    def below(kind: type[errors.GoogLeNetError]) -> list[type[errors.GoogLeNetError]]:
        return [one for child in kind.__subclasses__() for one in (child, *below(child))]

    return [kind for kind in below(errors.GoogLeNetError) if kind.__module__.startswith("googlenet.")]


def test_every_public_error_stands_in_the_tree_at_the_head_of_its_file() -> None:
    """Below its parent, as deep as it really is; errors of one room only are that room's affair."""
    lines = [re.match(r" {4}([| `-]*)(\w+Error)\b", line) for line in (errors.__doc__ or "").splitlines()]
    tree = [(match[2], len(match[1]) // 4) for match in lines if match]
    public = [kind for kind in error_classes() if kind.__module__ == "googlenet.errors"]
    depth = {kind.__name__: len(kind.__mro__) - len(errors.GoogLeNetError.__mro__) for kind in public}
    assert dict(tree) == {"GoogLeNetError": 0} | depth
    for kind in public:
        place = tree.index((kind.__name__, depth[kind.__name__]))
        above = [name for name, at in tree[:place] if at < depth[kind.__name__]]
        assert above[-1] == kind.__base__.__name__  # type: ignore[union-attr]


def test_every_error_of_the_package_is_one_of_the_public_kinds() -> None:
    """So that the one place where errors become exit codes knows them all."""
    own = [
        (path.relative_to(SOURCE).as_posix(), node.name)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    ]
    known = {kind.__name__ for kind in error_classes()} | {"GoogLeNetError"}
    assert [(path, name) for path, name in own if name not in known] == []
    assert all(name in googlenet.__all__ for path, name in own if path == "errors.py")


def test_a_missing_extra_is_a_sentence_with_the_command_that_installs_it() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import googlenet\n"
        "try:\n    googlenet.GoogLeNet\n"
        "except googlenet.MissingExtraError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == 'googlenet.GoogLeNet needs torch, which is not installed: pip install "googlenet[train]"\n'
