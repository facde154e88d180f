"""A model file brings back what was saved, and says in one sentence why it cannot."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from googlenet.errors import InputError, ModelFileError
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, Model, load_model, read_header, resolve_model_path, save_model


def assert_same(one: Model, other: Model) -> None:
    for field in ("spec", "classes", "preprocessing", "about", "temperature"):
        assert getattr(one, field) == getattr(other, field)
    assert one.weights.keys() == other.weights.keys()
    for name, weight in one.weights.items():
        np.testing.assert_array_equal(weight, other.weights[name])
    assert (one.known_answer is None) == (other.known_answer is None)
    if one.known_answer is not None and other.known_answer is not None:
        np.testing.assert_array_equal(one.known_answer.images, other.known_answer.images)
        np.testing.assert_array_equal(one.known_answer.probabilities, other.known_answer.probabilities)


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def rewritten(
    path: Path, change: Callable[[dict[str, Any]], object], replaced: Mapping[str, str] | None = None
) -> Path:
    """The file with its description changed and signed again, as another program might write it.

    `replaced`: pieces of the JSON that are replaced once, by what they become.
    """
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    fields = json.loads(header["__metadata__"]["googlenet"])
    change(fields)
    text = json.dumps(fields)
    for old, new in (replaced or {}).items():
        text = text.replace(old, new, 1)
    header["__metadata__"] = {"googlenet": text, "googlenet_sha256": sha256(text.encode()).hexdigest()}
    return with_header(path, json.dumps(header).encode())


def with_header(path: Path, header: bytes) -> Path:
    data = path.read_bytes()
    tensors = data[8 + int.from_bytes(data[:8], "little") :]
    path.write_bytes(len(header).to_bytes(8, "little") + header + tensors)
    return path


def test_a_model_comes_back_as_it_was_saved(model: Model, saved: Path) -> None:
    assert_same(load_model(saved), model)


def test_a_temperature_comes_back_and_without_one_a_file_is_as_it_always_was(model: Model, saved: Path) -> None:
    assert b"temperature" not in saved.read_bytes()
    assert read_header(saved).temperature == load_model(saved).temperature == 1
    save_model(replace(model, temperature=1.375), saved)
    assert_same(load_model(saved), replace(model, temperature=1.375))
    assert read_header(saved).temperature == 1.375


@pytest.mark.parametrize("temperature", [0.0, -1.0, 0.049, 20.5, float("inf"), float("nan")])
def test_a_temperature_that_cannot_be_is_neither_written_nor_read(
    model: Model, saved: Path, temperature: float
) -> None:
    with pytest.raises(ModelFileError, match=r"the temperature is .*; it must lie between 0.05 and 20"):
        save_model(replace(model, temperature=temperature), saved)
    rewritten(saved, lambda fields: fields.update(temperature=temperature))
    for read in (load_model, read_header):
        with pytest.raises(ModelFileError, match=r"the temperature is .*; it must lie|'temperature': expected"):
            read(saved)


def test_a_class_that_is_named_by_a_folder_whose_name_is_no_text_comes_back(model: Model, tmp_path: Path) -> None:
    named = replace(model, classes=(ClassLabel("caf\udce9", "caf\udce9"), *model.classes[1:]))
    save_model(named, tmp_path / "model.safetensors")
    assert_same(load_model(tmp_path / "model.safetensors"), named)


def test_loaded_weights_can_be_written_to_as_torch_wants(saved: Path) -> None:
    model = load_model(saved)
    assert all(weight.dtype == np.float32 and weight.flags.writeable for weight in model.weights.values())
    assert model.known_answer is not None
    assert model.known_answer.images.flags.writeable


def test_a_model_without_auxiliary_classifiers_and_known_answer_comes_back(model: Model, tmp_path: Path) -> None:
    weights = {name: weight for name, weight in model.weights.items() if not name.startswith("auxiliary_")}
    small = replace(model, weights=weights, known_answer=None)
    save_model(small, tmp_path / "small.safetensors")
    assert_same(load_model(tmp_path / "small.safetensors"), small)
    assert not load_model(tmp_path / "small.safetensors").has_auxiliary_classifiers


def test_half_precision_makes_the_file_smaller_and_loads_as_float32(model: Model, saved: Path, tmp_path: Path) -> None:
    save_model(model, tmp_path / "half.safetensors", half=True)
    loaded = load_model(tmp_path / "half.safetensors")
    for name, weight in loaded.weights.items():
        assert weight.dtype == np.float32
        np.testing.assert_array_equal(weight, model.weights[name].astype(np.float16).astype(np.float32))
    assert (tmp_path / "half.safetensors").stat().st_size < saved.stat().st_size
    assert read_header(tmp_path / "half.safetensors").precision == "float16"


def test_a_weight_too_large_for_half_precision_is_refused(model: Model, tmp_path: Path) -> None:
    model.weights["linear.bias"][0] = 1e6
    with pytest.raises(ModelFileError, match=r"weight linear\.bias contains NaN or infinite values"):
        save_model(model, tmp_path / "half.safetensors", half=True)


def test_the_header_is_read_without_the_weights(model: Model, saved: Path) -> None:
    header = read_header(saved)
    assert (header.spec, header.classes, header.about) == (model.spec, model.classes, model.about)
    assert header.preprocessing == model.preprocessing
    assert header.has_known_answer
    assert header.has_auxiliary_classifiers
    assert header.precision == "float32"


def test_the_same_model_gives_the_same_bytes(model: Model, saved: Path) -> None:
    """The safetensors library orders its metadata by chance, one process in two."""
    text = {saved.read_bytes()}
    for _ in range(8):
        save_model(model, saved)
        text.add(saved.read_bytes())
    assert len(text) == 1


def test_a_file_from_before_the_source_had_a_checksum_is_still_read(saved: Path) -> None:
    rewritten(saved, lambda fields: fields["about"].pop("source_sha256"))
    assert load_model(saved).about.source_sha256 == ""


def test_scores_that_are_no_numbers_are_null(model: Model, tmp_path: Path) -> None:
    """A training that ran away leaves NaN; JSON has no word for it, and the model can be opened."""
    about = replace(model.about, scores={"top1": float("nan"), "loss": float("inf"), "best": [0.5, float("-inf")]})
    save_model(replace(model, about=about), tmp_path / "model.safetensors")
    read = read_header(tmp_path / "model.safetensors").about.scores
    assert read == {"top1": None, "loss": None, "best": [0.5, None]}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_file_that_was_written_with_a_number_that_json_does_not_have_is_read(saved: Path, number: str) -> None:
    rewritten(saved, lambda fields: fields["about"].update(scores={"top1": "HERE"}), {'"HERE"': number})
    assert load_model(saved).about.scores == {"top1": None}


def test_a_key_that_stands_twice_is_damage(saved: Path) -> None:
    """One reader would take the first value, another one the last."""
    rewritten(saved, lambda fields: None, {'"kind"': '"kind": "model", "kind"'})
    with pytest.raises(ModelFileError, match="damaged: its description cannot be read"):
        load_model(saved)
    content = saved.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    with_header(saved, content[8:end].rstrip()[:-1] + b',"linear.bias":{}}')
    with pytest.raises(ModelFileError, match="damaged: its header cannot be read"):
        load_model(saved)


def test_a_header_of_many_tensors_is_refused_before_it_is_parsed(saved: Path) -> None:
    row = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    with_header(saved, json.dumps({f"t{number}": row for number in range(10_001)}).encode())
    with pytest.raises(ModelFileError, match="damaged: it has 10,001 tensors"):
        load_model(saved)


@pytest.mark.parametrize(("key", "value"), [("scale", 1e308), ("scale", 1e-40), ("mean", 1e300)])
def test_pixels_that_float32_cannot_compute_with_are_refused(saved: Path, key: str, value: float) -> None:
    rewritten(saved, lambda fields: fields["preprocessing"].update({key: [value] * 3}))
    with pytest.raises(ModelFileError, match="pixels"):
        load_model(saved)


def test_other_programs_can_read_the_weights_as_plain_safetensors(model: Model, saved: Path) -> None:
    tensors = safetensors.numpy.load_file(saved)
    np.testing.assert_array_equal(tensors["linear.weight"], model.weights["linear.weight"])


def test_a_run_folder_stands_for_its_model(saved: Path) -> None:
    assert resolve_model_path(saved.parent) == saved
    assert read_header(saved.parent).spec == read_header(saved).spec


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"contains no model\.safetensors"):
        load_model(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no such model file"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "clause"),
    [
        (b"", "it is empty"),
        (b"\n", "it is a text file"),
        (b"PK\x03\x04" + bytes(range(256)), r"zip archive, such as a PyTorch checkpoint"),
        (b"\x80\x02}q\x00X\x05\x00\x00\x00state" * 9, "Python pickle"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(99)), "it is a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(99)), "it is a picture"),
        (b"\x08\x09\x12\x07pytorch\x1a\x052.13" + bytes(range(99)), "looks like an ONNX model"),
        (b"\x0a\x09GoogleNet\xa2\x06\x10" + bytes(range(99)), "looks like a Caffe model"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "Git LFS pointer: run `git lfs pull`"),
        (b"lorem ipsum dolor sit amet\n" * 9, "it is a text file"),
        (os.urandom(7) + b"\xff" * 300, "its format is unknown"),
    ],
)
def test_another_kind_of_file_is_called_by_its_name(content: bytes, clause: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ModelFileError, match=f"is not a googlenet model: .*{clause}"):
        load_model(tmp_path / "file")


def test_safetensors_of_another_program_are_refused_as_such(tmp_path: Path) -> None:
    safetensors.numpy.save_file({"a": np.zeros(3, np.int64)}, tmp_path / "llama.safetensors", {"format": "pt"})
    with pytest.raises(ModelFileError, match="safetensors file without a model description"):
        load_model(tmp_path / "llama.safetensors")


def test_the_checkpoint_of_a_training_is_refused_as_such(tmp_path: Path) -> None:
    metadata = {"googlenet_checkpoint": "{}"}
    safetensors.numpy.save_file({"a": np.zeros(3, np.int64)}, tmp_path / "last.safetensors", metadata)
    with pytest.raises(ModelFileError, match="it is a checkpoint for resuming a training"):
        load_model(tmp_path / "last.safetensors")


def test_a_header_longer_than_the_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(ModelFileError, match="is not a googlenet model"):
        load_model(tmp_path / "file")


def test_a_newer_schema_asks_for_an_upgrade(saved: Path) -> None:
    rewritten(saved, lambda fields: fields.update(schema_version=3, news="unheard of"))
    with pytest.raises(ModelFileError, match=r"newer googlenet \(schema 3, this one reads 2\): upgrade"):
        load_model(saved)


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.5, None])
def test_a_schema_that_never_was_is_damage(version: object, saved: Path) -> None:
    with pytest.raises(ModelFileError, match="damaged: its description cannot be read"):
        load_model(rewritten(saved, lambda fields: fields.update(schema_version=version)))


def test_a_checkpoint_is_not_a_model(saved: Path) -> None:
    with pytest.raises(ModelFileError, match="is a googlenet checkpoint, not a model"):
        load_model(rewritten(saved, lambda fields: fields.update(kind="checkpoint")))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda fields: fields.update(colour=1), "unknown field `colour`"),
        (lambda fields: fields.pop("classes"), "missing field `classes`"),
        (
            lambda fields: fields["architecture"].update(classes="many"),
            r"'architecture\.classes': expected `int`, got `str`",
        ),
        (lambda fields: fields["architecture"].update(variant="papre"), "did you mean 'paper'"),
        (lambda fields: fields["preprocessing"].update(input_size=-1), "input_size must be an integer of at least 1"),
        (lambda fields: fields["classes"][1].update(name=None), r"'classes\[1\]\.name'"),
        (lambda fields: fields["classes"].pop(), "there are 2 class names, but the network has 3 classes"),
        (lambda fields: fields["classes"][1].update(id="n01"), "2 classes have the id 'n01'"),
        (lambda fields: fields["architecture"].update(classes=4), r"wrong shape: linear\.weight .* instead of"),
        (lambda fields: fields["architecture"].update(variant="paper"), "missing: conv1.bias, .* more; unexpected: .*"),
        (lambda fields: fields.update(sha256="0" * 64), "its weights were changed"),
    ],
)
def test_a_description_that_cannot_be_is_refused_with_its_key(
    change: Callable[[dict[str, Any]], object], sentence: str, saved: Path
) -> None:
    with pytest.raises(ModelFileError, match=sentence) as caught:
        load_model(rewritten(saved, change))
    assert "\n" not in str(caught.value)


def test_an_input_side_that_the_network_cannot_take_is_refused(
    model_with: Callable[..., Model], tmp_path: Path
) -> None:
    tiny = model_with(preprocessing=Preprocessing(1, 1, "crop", "RGB", (0.0,) * 3, (1.0,) * 3), known_answer=None)
    with pytest.raises(ModelFileError, match="an input of 1 px is too small"):
        save_model(tiny, tmp_path / "model.safetensors")


def test_a_class_renamed_by_hand_does_not_pass(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes().replace(b"tench", b"trout"))
    with pytest.raises(ModelFileError, match="its description was changed"):
        read_header(saved)


def test_two_weights_that_changed_places_do_not_pass(saved: Path) -> None:
    data = saved.read_bytes()
    header = data[8 : 8 + int.from_bytes(data[:8], "little")].decode()
    first, second = '"3a.1x1.normalization.bias"', '"3a.1x1.normalization.weight"'
    swapped = header.replace(first, "@").replace(second, first).replace("@", second)
    with pytest.raises(ModelFileError, match="its weights were changed"):
        load_model(with_header(saved, swapped.encode()))


def test_two_tensors_on_the_same_bytes_are_damage(saved: Path) -> None:
    data = saved.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header["linear.bias"]["data_offsets"] = header["conv1.weight"]["data_offsets"]
    with pytest.raises(ModelFileError, match=r"is damaged: the bytes of '.*' do not fit its shape"):
        load_model(with_header(saved, json.dumps(header).encode()))


def test_a_gap_between_tensors_is_damage(saved: Path) -> None:
    data = saved.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    last = max((name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"])
    header[last]["data_offsets"] = [offset + 4 for offset in header[last]["data_offsets"]]
    saved.write_bytes(data + bytes(4))
    with pytest.raises(ModelFileError, match=f"is damaged: the bytes of '{last}' do not fit its shape"):
        load_model(with_header(saved, json.dumps(header).encode()))


@pytest.mark.parametrize("change", [lambda data: data + bytes(4), lambda data: data[:-4]])
def test_a_file_that_was_cut_off_or_grew_says_so(change: Callable[[bytes], bytes], saved: Path) -> None:
    saved.write_bytes(change(saved.read_bytes()))
    with pytest.raises(ModelFileError, match=r"is damaged: .* bytes of tensors instead of"):
        read_header(saved)


def test_a_weight_that_is_not_a_number_is_named(model: Model, tmp_path: Path) -> None:
    model.weights["3a.1x1.weight"].flat[2] = np.nan
    with pytest.raises(ModelFileError, match=r"the weight 3a\.1x1\.weight contains NaN or infinite values"):
        save_model(model, tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_half_of_the_auxiliary_classifiers_is_a_mismatch(model: Model, tmp_path: Path) -> None:
    model.weights.pop("auxiliary_4d.linear.bias")
    with pytest.raises(ModelFileError, match=r"missing: auxiliary_4d\.linear\.bias"):
        save_model(model, tmp_path / "model.safetensors")


def test_preprocessing_of_other_channels_is_refused(model_with: Callable[..., Model], tmp_path: Path) -> None:
    grey = model_with(preprocessing=Preprocessing(32, 36, "crop", "GREY", (120.0,), (1 / 58,)))
    with pytest.raises(ModelFileError, match="preprocessing gives 1 channels, the network reads 3"):
        save_model(grey, tmp_path / "model.safetensors")


def test_a_known_answer_of_another_size_is_refused(model: Model, tmp_path: Path) -> None:
    assert model.known_answer is not None
    answer = replace(model.known_answer, images=model.known_answer.images[:, :16, :16])
    with pytest.raises(ModelFileError, match="the known answer does not fit the model"):
        save_model(replace(model, known_answer=answer), tmp_path / "model.safetensors")


def test_saving_replaces_the_old_file_and_leaves_nothing_else(model: Model, saved: Path) -> None:
    (saved.parent / "old.safetensors").hardlink_to(saved)
    save_model(replace(model, classes=tuple(ClassLabel(str(i), "new") for i in range(3))), saved)
    assert load_model(saved).classes[0].name == "new"
    assert_same(load_model(saved.parent / "old.safetensors"), model)  # never written into, so never half-written
    assert sorted(path.name for path in saved.parent.iterdir()) == ["model.safetensors", "old.safetensors"]


def test_saving_where_it_cannot_be_is_a_sentence(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "no folder" / "model.safetensors", tmp_path / "file" / "model.safetensors"):
        with pytest.raises(InputError, match="cannot write"):
            save_model(model, path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_full_disk_keeps_the_old_file(model: Model, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def open_full(path: Path, mode: str) -> Any:
        path.symlink_to("/dev/full")
        return open(path, "wb")

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(InputError, match=r"cannot write .*: No space left on device"):
        save_model(model, saved)
    monkeypatch.undo()
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["model.safetensors"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_never_loads_as_something_else(data: st.DataObject, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    if not path.exists():
        save_model(model, tmp_path / "whole.safetensors")
        path.touch()
    content = bytearray((tmp_path / "whole.safetensors").read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    position = data.draw(st.integers(0, 7) | st.integers(8, header - 1) | st.integers(header, len(content) - 1))
    kind = data.draw(st.sampled_from(["change", "truncate", "insert", "remove"]))
    piece = data.draw(st.binary(min_size=1, max_size=12))
    if kind == "change":
        content[position : position + len(piece)] = piece
    elif kind == "truncate":
        del content[position:]
    elif kind == "insert":
        content[position:position] = piece
    else:
        del content[position : position + len(piece)]
    path.write_bytes(content)
    sentence = ""
    try:
        assert_same(load_model(path), model)
    except ModelFileError as error:
        sentence = str(error)
    assert sentence.isprintable()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    described=st.booleans(),
)
def test_a_header_of_anything_is_refused(header: Any, described: bool, tmp_path: Path) -> None:
    if described:
        text = json.dumps(header)
        header = {"__metadata__": {"googlenet": text, "googlenet_sha256": sha256(text.encode()).hexdigest()}}
    text = json.dumps(header)
    (tmp_path / "file").write_bytes(len(text).to_bytes(8, "little") + text.encode())
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "file")
