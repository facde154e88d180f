"""`googlenet export`, and its files wherever a MODEL is taken: predict, evaluate, info, load."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import googlenet as package
from googlenet.artifacts import open_model
from googlenet.engines import open_engine
from googlenet.model import load_model

if TYPE_CHECKING:
    from tests.commands.conftest import Run

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "use-the-famous-weights.md"

SUFFIXES = {"onnx": ".onnx", "openvino": "", "pt2": ".pt2"}


@pytest.fixture(scope="module")
def exported(googlenet: Run, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The trained model, exported to each target in float32."""
    folder = tmp_path_factory.mktemp("exported")
    paths = {target: folder / f"net{suffix}" for target, suffix in SUFFIXES.items()}
    for target, path in paths.items():
        done = googlenet("export", trained, "--to", target, "--precision", "float32", "--out", path)
        assert done.code == 0, done.err
    return paths


def test_export_prints_agreement_speed_and_size(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.onnx"
    done = googlenet("export", trained, "--evaluate-on", photos, "--out", out)
    facts = {line[:15].strip(): line[15:] for line in done.out.splitlines()}
    assert facts["agreement"].startswith("100.0% of 36 pictures have the same top class as in float32")
    assert facts["evaluated on"] == "pictures of photos"
    engine = open_engine(open_model(out)).name
    assert f"ms with {engine}, which `predict` uses; " in facts["speed"] or engine == "onnx"
    assert " ms per picture with onnx, " in facts["speed"]
    assert facts["speed"].endswith(" in float32 (measured at export)")
    assert facts["size"] == f"{out.stat().st_size / 1e6:.1f} MB"
    assert facts["precision"].startswith("float32 is the fastest that passes the checks on this processor (float32 ")
    assert facts["precision"].endswith("int8 was not considered, it needs --calibrate DATA")
    assert done.out.splitlines()[-1].startswith(f"saved: {out}; try: googlenet predict {out}")


def test_export_without_pictures_says_that_it_evaluated_on_generated_ones(
    googlenet: Run, trained: Path, tmp_path: Path
) -> None:
    fields = googlenet("export", trained, "--out", tmp_path / "net.onnx", "--json").json
    assert fields["agreement"]["evaluated_on"].startswith("generated pictures, not photographs")
    assert (fields["target"], fields["precision"], fields["passes"]) == ("onnx", "float32", True)
    assert [one["precision"] for one in fields["considered"]] == ["float32"]
    assert fields["example"] is None
    assert fields["agreement"]["engine"] == "onnx"
    assert fields["agreement"]["predict_engine"] == open_engine(open_model(tmp_path / "net.onnx")).name
    assert 0 < fields["agreement"]["predict_milliseconds"] < 10_000


@pytest.mark.parametrize("target", SUFFIXES)
def test_predict_says_the_same_with_an_exported_file(
    googlenet: Run, trained: Path, photos: Path, exported: dict[str, Path], target: str
) -> None:
    pictures = sorted(photos.rglob("0*.png"))[::7]
    expected, got = (googlenet("predict", model, *pictures, "--json").lines for model in (trained, exported[target]))
    assert [row["image"] for row in got] == [row["image"] for row in expected]
    for one, other in zip(expected, got, strict=True):
        assert [p["label"] for p in one["predictions"]] == [p["label"] for p in other["predictions"]]
        np.testing.assert_allclose(
            [p["probability"] for p in one["predictions"]], [p["probability"] for p in other["predictions"]], atol=1e-4
        )


@pytest.mark.parametrize("target", SUFFIXES)
def test_evaluate_counts_the_same_and_holds_the_same_pictures_back(
    googlenet: Run, trained: Path, photos: Path, exported: dict[str, Path], target: str
) -> None:
    """The split travels in the file too."""
    expected = googlenet("evaluate", trained, photos, "--json").json
    got = googlenet("evaluate", exported[target], photos, "--json").json
    assert got["split"] == expected["split"] == "val"
    assert (got["pictures"], got["top1"]) == (expected["pictures"], expected["top1"])
    assert got["loss"] == pytest.approx(expected["loss"], abs=1e-3)


@pytest.mark.parametrize("target", SUFFIXES)
def test_info_says_what_the_file_is_and_verifies_it(
    googlenet: Run, trained: Path, exported: dict[str, Path], target: str
) -> None:
    done = googlenet("info", exported[target], "--verify")
    assert done.code == 0, done.err
    facts = {line[:15].strip(): line[15:] for line in done.out.splitlines()}
    assert facts["exported"] == f"for {target}, in float32"
    assert facts["classes"] == "blue; green; red"
    assert facts["known answer"].startswith("agrees")
    assert facts["agreement"].startswith("100.0% of 67 pictures")
    assert "held back with seed 3, share 0.3" in facts["data"]
    assert "validation top-1" in done.out.splitlines()[-1]
    fields = googlenet("info", exported[target], "--verify", "--json").json
    assert fields["architecture"] == googlenet("info", trained, "--json").json["architecture"]
    assert (fields["target"], fields["precision"]) == (target, "float32")
    assert fields["known_answer"]["agrees"] is True


def test_an_exported_file_can_be_loaded_from_python(photos: Path, exported: dict[str, Path]) -> None:
    classifier = package.load(exported["onnx"], threads=1)
    assert classifier.predict(photos / "red" / "00.png").best.label == "red"


def test_export_writes_an_example_and_says_so(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.onnx"
    done = googlenet("export", trained, "--out", out, "--with-example")
    assert f"example        {tmp_path / 'net_example.py'}, for people without googlenet\n" in done.out
    fields = googlenet("export", trained, "--out", out, "--with-example", "--force", "--json").json
    assert fields["example"] == str(tmp_path / "net_example.py")


def test_the_tutorials_lines_for_onnx_runtime_say_what_predict_says(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    programs = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    program = next(block for block in programs if "onnxruntime" in block)
    assert googlenet("export", trained, "--out", tmp_path / "bvlc.onnx", "--with-example").code == 0
    (tmp_path / "examples").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = np.array(Image.open(photos / "green" / "03.png").convert("RGB").resize((400, 90)))
    picture[:, :90] = (210, 50, 40)
    Image.fromarray(picture).save(tmp_path / "examples" / "cat.jpg", exif=exif)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    name, probability = done.stdout.split()
    expected = package.load(tmp_path / "bvlc.onnx").predict(tmp_path / "examples" / "cat.jpg").best
    assert name == expected.name
    assert float(probability) == pytest.approx(expected.probability, abs=1e-4)


def test_members_that_prepare_pictures_differently_cannot_be_one_file(
    googlenet: Run, ensemble: Path, tmp_path: Path
) -> None:
    sentence = googlenet("export", ensemble, "--out", tmp_path / "net.onnx").error
    assert sentence.startswith("these models have different preprocessing")
    assert list(tmp_path.iterdir()) == []


def test_several_models_become_one_file_that_says_of_each_where_it_is_from(
    googlenet: Run, trained: Path, tmp_path: Path
) -> None:
    done = googlenet("export", trained, trained, "--out", tmp_path / "both.onnx")
    assert done.code == 0, done.err
    facts = googlenet("info", tmp_path / "both.onnx", "--verify", "--json").json
    assert len(facts["networks"]) == 2
    assert facts["known_answer"]["agrees"] is True
    assert googlenet("info", tmp_path / "both.onnx").out.count("licence  ") == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--precision", "int8"), "--precision int8 needs calibration pictures"),
        (("--precision", "bf16"), "an ONNX file cannot be exported in bf16"),
        (("--to", "torchvision"), "is of the variant"),
        (("--to", "torchvision", "--without-lrn", "--json"), "omit --without-lrn, --json"),
        (("--to", "torchvision", "--with-example"), "omit --with-example"),
        (("--to", "openvino", "--with-example"), "--with-example writes a program for ONNX Runtime"),
        (("--calibrate", "nowhere"), "nowhere does not exist"),
        (("--out", "no/such/folder/net.onnx"), "there is no folder no/such/folder"),
    ],
)
def test_what_cannot_be_written_is_a_sentence(
    googlenet: Run,
    trained: Path,
    arguments: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in googlenet("export", trained, *arguments).error
    assert list(tmp_path.iterdir()) == []


def test_an_exported_file_is_not_exported_again(googlenet: Run, exported: dict[str, Path], tmp_path: Path) -> None:
    sentence = googlenet("export", exported["onnx"], "--out", tmp_path / "net.onnx").error
    assert sentence == f"{exported['onnx']} is already an exported file; export the model that it was made from"


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from googlenet.cli.main import main
main()
"""


@pytest.mark.parametrize("target", SUFFIXES)
def test_a_disk_that_fills_up_is_a_sentence_and_leaves_nothing(trained: Path, target: str, tmp_path: Path) -> None:
    assert (trained / "model.safetensors").stat().st_size > 40_000
    arguments = ("export", trained, "--to", target, "--out", tmp_path / "net")
    done = subprocess.run([sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_strangers_onnx_file_is_told_from_ours(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    from googlenet.artifacts import encode_onnx
    from googlenet.graph import build_graph

    path = tmp_path / "stranger.onnx"
    path.write_bytes(encode_onnx(build_graph(load_model(trained))))
    for verb in (("info", path), ("predict", path, tmp_path / "x.png")):
        assert f"convert it to a model with `googlenet import {path}`" in googlenet(*verb).error


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_an_exported_file_makes_an_index_in_which_similar_pictures_are_found(
    googlenet: Run, exported: dict[str, Path], photos: Path, tmp_path: Path, target: str
) -> None:
    index = tmp_path / "index.jsonl"
    assert googlenet("predict", exported[target], photos, "--embeddings", "--output", index).code == 0
    found = googlenet("similar", index, photos / "red" / "01.png", "--json").json["similar"]
    assert found[0]["image"].endswith("red/01.png")
    assert found[0]["similarity"] > 0.999
