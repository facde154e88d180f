"""The folder of an ensemble: its list of members, and that they belong together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.errors import InputError, ModelFileError
from googlenet.model import ClassLabel, Model, load_model, load_models, member_paths, save_ensemble, save_model


@pytest.fixture
def ensemble(tmp_path: Path, model: Model) -> Path:
    """A folder with two members that are run folders of their own."""
    for name in ("members/1", "members/2"):
        (tmp_path / name).mkdir(parents=True)
        save_model(model, tmp_path / name / "model.safetensors")
    save_ensemble(tmp_path, ["members/1", "members/2"])
    return tmp_path


def write(folder: Path, content: Any) -> Path:
    (folder / "ensemble.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_an_ensembles_folder_means_its_members_in_order(ensemble: Path) -> None:
    assert json.loads((ensemble / "ensemble.json").read_text()) == {
        "schema_version": 1,
        "members": ["members/1", "members/2"],
    }
    assert member_paths(ensemble) == (ensemble / "members/1", ensemble / "members/2")
    assert len(load_models([ensemble], load_model)) == 2
    assert len(load_models([ensemble, ensemble / "members/1"], load_model)) == 3


def test_any_other_path_means_itself(tmp_path: Path) -> None:
    assert member_paths(tmp_path) == (tmp_path,)
    assert member_paths(tmp_path / "nowhere") == (tmp_path / "nowhere",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is damaged: it is not the JSON of an ensemble"),
        ("[" * 100_000, "is damaged"),
        (" " * 2**20 + "{}", "is damaged"),
        ([], "is not a valid list of an ensemble"),
        ({"schema_version": 1}, "missing field `members`"),
        ({"schema_version": 1, "members": []}, "'members': expected `array` of length >= 1"),
        ({"schema_version": 1, "members": [3]}, r"'members\[0\]': expected `str`, got `int`"),
        ({"schema_version": 1, "members": ["a"], "weights": [1]}, "unknown field `weights`"),
        ({"schema_version": 2, "members": ["a"]}, r"was written by a newer googlenet \(schema 2\): upgrade"),
        ({"schema_version": 1, "members": ["a", "./a"]}, "a member is listed twice"),
        *(
            ({"schema_version": 1, "members": [path]}, "is not a path below the ensemble's folder")
            for path in ("", ".", "..", "../other", "a/../../b", "/etc", "\\\\host\\share", "C:/models", "a\0b")
        ),
    ],
)
def test_a_list_that_cannot_be_understood_is_one_sentence(tmp_path: Path, content: Any, sentence: str) -> None:
    with pytest.raises(ModelFileError, match=sentence) as error:
        member_paths(write(tmp_path, content))
    assert str(error.value).startswith(str(tmp_path / "ensemble.json"))
    assert "\n" not in str(error.value)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_list_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "ensemble.json").write_bytes(text.encode("utf-8", errors="surrogatepass"))
    with pytest.raises(ModelFileError):
        member_paths(folder)


def test_a_list_with_paths_that_lead_elsewhere_is_not_written(tmp_path: Path) -> None:
    for members in (["../1"], [], ["1", "1"]):
        with pytest.raises(InputError):
            save_ensemble(tmp_path, members)
    assert list(tmp_path.iterdir()) == []


def test_a_member_that_is_missing_is_named(ensemble: Path) -> None:
    (ensemble / "members/2/model.safetensors").unlink()
    with pytest.raises(InputError, match=r"members/2 contains no model\.safetensors"):
        load_models([ensemble], load_model)


def test_no_models_are_no_ensemble() -> None:
    with pytest.raises(InputError, match="name at least one model"):
        load_models([], load_model)


@pytest.mark.parametrize(
    ("ids", "difference"),
    [
        (("n01", "n02", "n09"), r"only .*/members/1 has 'n03'; only .*/members/2 has 'n09'$"),
        (("n01", "n03", "n02"), r"class 1 is 'n02' in one and 'n03' in the other$"),
    ],
)
def test_members_with_other_classes_are_refused_with_the_difference(
    ensemble: Path, model_with: Callable[..., Model], ids: tuple[str, ...], difference: str
) -> None:
    other = model_with(classes=tuple(ClassLabel(one, one) for one in ids))
    save_model(other, ensemble / "members/2/model.safetensors")
    with pytest.raises(InputError, match=f"cannot form an ensemble, their classes differ: {difference}"):
        load_models([ensemble], load_model)


def test_members_may_name_their_classes_differently(ensemble: Path, model_with: Callable[..., Model]) -> None:
    """Ids decide: names are for people."""
    other = model_with(classes=tuple(ClassLabel(one, one.upper()) for one in ("n01", "n02", "n03")))
    save_model(other, ensemble / "members/2/model.safetensors")
    assert len(load_models([ensemble], load_model)) == 2
