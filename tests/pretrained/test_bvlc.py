"""The weights that ship: what they say of themselves, that they are found by name, that they can be made again."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import googlenet
from googlenet.engines import open_engine
from googlenet.errors import InputError
from googlenet.model import compare_answer, load_model, read_header
from googlenet.pretrained import CATALOGUE, find_model, imagenet_classes

ROOT = Path(__file__).resolve().parents[2]
CAFFEMODEL = ROOT.parent / "shared" / "data" / "bvlc_googlenet.caffemodel"


def test_the_shipped_file_says_where_it_comes_from_and_what_may_be_done_with_it() -> None:
    header = read_header(find_model("bvlc"))
    assert header.precision == "float16"
    assert header.spec.variant == "paper"
    assert header.classes == imagenet_classes()
    assert header.about.licence == "unrestricted use"
    assert "http://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel" in header.about.source
    assert "sha1 405fc5acd08a3bb12de8ee5e23a96bec22f08204" in header.about.source
    assert (header.about.scores["top1"], header.about.scores["top5"]) == (0.687, 0.889)
    assert (header.preprocessing.channel_order, header.preprocessing.mean) == ("BGR", (104.0, 117.0, 123.0))


def test_the_shipped_file_is_small_enough_to_ship() -> None:
    assert find_model("bvlc").stat().st_size < 15_000_000


def test_the_shipped_model_answers_as_it_did_where_it_was_made() -> None:
    model = load_model(find_model("bvlc"))
    assert model.known_answer is not None
    assert all(weight.dtype == np.float32 for weight in model.weights.values())
    answer = open_engine(model).run(model.known_answer.images).probabilities
    assert compare_answer(model.known_answer.probabilities, answer).worst < 1e-5


def test_the_name_is_enough_wherever_a_model_is_loaded() -> None:
    image = np.zeros((224, 224, 3), np.uint8)
    ranking = googlenet.load("bvlc").predict(image, top=1000).ranking
    assert {one.label for one in ranking} == {one.id for one in imagenet_classes()}


@pytest.mark.skipif(not CAFFEMODEL.is_file(), reason=f"needs {CAFFEMODEL}")
def test_the_repositorys_command_makes_the_file_again_byte_for_byte(tmp_path: Path) -> None:
    maker = runpy.run_path(str(ROOT / "tools" / "make_bvlc.py"))
    maker["save_model"](maker["make_model"](CAFFEMODEL), tmp_path / "again.safetensors", half=True)
    assert (tmp_path / "again.safetensors").read_bytes() == find_model("bvlc").read_bytes()


def test_imagenets_classes_are_there_in_the_order_of_the_outputs() -> None:
    classes = imagenet_classes()
    assert len(classes) == len({one.id for one in classes}) == 1000
    assert [one.id for one in classes] == sorted(one.id for one in classes)
    assert (classes[0].id, classes[0].name) == ("n01440764", "tench, Tinca tinca")
    assert classes[999].name.startswith("toilet tissue")


def test_a_path_is_a_path_and_only_bare_text_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_model("bvlc")
    Path("bvlc").touch()
    assert find_model("bvlc") == shipped
    assert find_model("./bvlc") == find_model(Path("bvlc")) == Path("bvlc")
    assert find_model("runs/demo") == Path("runs/demo")
    assert find_model("model.safetensors") == Path("model.safetensors")


def test_a_slip_of_the_pen_is_answered_with_the_name() -> None:
    with pytest.raises(InputError, match=r"^bvcl: no such model file; did you mean 'bvlc'\?$"):
        find_model("bvcl")
    with pytest.raises(InputError, match=r"did you mean 'bvlc'\?"):
        googlenet.load("blvc")


def test_a_name_whose_weights_do_not_ship_says_how_to_get_them() -> None:
    with pytest.raises(InputError, match="'torchvision' do not ship with googlenet: `googlenet import torchvision`"):
        find_model("torchvision")


def test_a_file_may_have_the_name_of_weights_that_do_not_ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("torchvision").mkdir()
    assert find_model("torchvision") == Path("torchvision")


def test_every_entry_of_the_catalogue_is_whole() -> None:
    for published in CATALOGUE.values():
        assert len(published.digest) in {"sha1": (40,), "sha256": (8, 64)}[published.algorithm]
        assert published.shipped_path is None or published.shipped_path.is_file()
        assert published.licence
        assert published.scores.keys() == {"top1", "top5", "split", "by"} or published.scores == {}  # none published
