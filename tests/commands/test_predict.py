"""`googlenet predict`: pictures of every kind of source in, a line each out; a bad one is a line with its error."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import googlenet as package
from googlenet.cli.sources import count_sources, expand_sources
from googlenet.errors import InputError
from googlenet.images import Picture

if TYPE_CHECKING:
    from tests.commands.conftest import Run


@pytest.fixture
def album(photos: Path, tmp_path: Path) -> Path:
    """A tree of five pictures, some of its files and folders hidden or of another kind."""
    album = tmp_path / "album"
    for name in ("b.png", "a.png", "trip/one.png", "trip/more/two.png", "trip/Z.PNG"):
        (album / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photos / "red" / "00.png", album / name)
    for name in (".hidden.png", ".git/objects.png", "__MACOSX/a.png", "trip/._one.png"):
        (album / name).parent.mkdir(parents=True, exist_ok=True)
        (album / name).write_bytes(b"no picture")
    (album / "notes.txt").write_text("not a picture")
    return album


ALBUM = ["a.png", "b.png", "trip/Z.PNG", "trip/one.png", "trip/more/two.png"]


def test_a_picture_is_named_with_the_probabilities_of_its_classes(googlenet: Run, trained: Path, photos: Path) -> None:
    done = googlenet("predict", trained, photos / "blue" / "03.png")
    first, *ranking = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert first == f"{photos / 'blue' / '03.png'}: blue"
    assert len(ranking) == 3
    assert ranking[0].endswith("%  blue")
    shares = [float(line.split("%")[0]) for line in ranking]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.02)


def test_top_says_how_many_classes_are_printed(googlenet: Run, trained: Path, photos: Path) -> None:
    assert len(googlenet("predict", trained, photos / "red" / "00.png", "--top", "1").out.splitlines()) == 2


def test_json_is_a_line_a_picture_with_exactly_the_promised_keys(googlenet: Run, trained: Path, photos: Path) -> None:
    paths = [photos / colour / "01.png" for colour in ("red", "green", "blue")]
    done = googlenet("predict", trained, *paths, "--json")
    assert [line["image"] for line in done.lines] == [str(path) for path in paths]
    for line in done.lines:
        assert list(line) == ["image", "predictions", "error"]
        assert line["error"] is None
        assert len(line["predictions"]) == 3
        for one in line["predictions"]:
            assert list(one) == ["label", "name", "probability"]
            assert one["label"] in ("blue", "green", "red")
        assert sum(one["probability"] for one in line["predictions"]) == pytest.approx(1, abs=1e-5)


def test_the_model_file_and_its_run_are_the_same_model(googlenet: Run, trained: Path, photos: Path) -> None:
    picture = photos / "green" / "02.png"
    by_run = googlenet("predict", trained, picture, "--json")
    by_file = googlenet("predict", trained / "model.safetensors", picture, "--json")
    assert by_run == by_file


def test_a_folder_is_searched_to_its_bottom_without_hidden_and_other_files(
    googlenet: Run, trained: Path, album: Path
) -> None:
    done = googlenet("predict", trained, album, "--json")
    assert done.code == 0
    assert [os.path.relpath(line["image"], album) for line in done.lines] == ALBUM


def test_a_glob_names_files_and_folders_as_a_shell_would(
    googlenet: Run, trained: Path, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(album)
    done = googlenet("predict", trained, "*.png", "tr?p", "--json")
    assert [line["image"] for line in done.lines] == ALBUM
    assert list(expand_sources(["trip/**/*.png"])) == ["trip/more/two.png", "trip/one.png"]
    assert list(expand_sources(["trip/**"])) == ["trip/Z.PNG", "trip/one.png", "trip/more/two.png"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(album)
    shutil.copy("a.png", "[ab].png")
    assert list(expand_sources(["[ab].png"])) == ["[ab].png"]


def test_sources_are_counted_as_they_are_expanded(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(album)
    for sources in (["."], ["*.png", "trip"], ["trip/**"], ["a.png", "gone.png"], [".", "."]):
        assert count_sources(sources) == len(list(expand_sources(sources)))
    assert count_sources(["*.gif"]) == 0
    assert count_sources(["a.png", "-"]) is None


def test_a_folder_or_a_glob_without_pictures_is_an_error(
    googlenet: Run, trained: Path, album: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert (
        googlenet("predict", trained, tmp_path / "empty").error
        == f"the folder {tmp_path / 'empty'} contains no pictures"
    )
    assert googlenet("predict", trained, f"{album}/*.gif").error == f"nothing matches {album}/*.gif"


def test_what_a_folder_holds_besides_pictures_is_told_and_counted_by_suffix(
    googlenet: Run, trained: Path, album: Path, photos: Path, tmp_path: Path
) -> None:
    for name in ("one.jp2", "two.JP2", "photograph"):
        (album / "trip" / name).write_bytes(b"?")
    os.mkfifo(album / "pipe")
    rows = album / "rows.csv"
    for done in (
        googlenet("predict", trained, album, "--json"),
        googlenet("predict", trained, f"{tmp_path}/alb*", "--output", rows),
    ):
        assert (done.code, done.err) == (
            0,
            "ignored 4 hidden files or folders, 1 link or special file, 4 files that are not pictures: "
            ".jp2 2, .txt 1, no suffix 1 "
            f"(such as {album}/.git, {album}/.hidden.png, {album}/__MACOSX)\n",
        )
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.doc").write_bytes(b"?")
    assert googlenet("predict", trained, tmp_path / "documents").error == (
        f"the folder {tmp_path}/documents contains no pictures; ignored 1 file that is not a picture: .doc 1 "
        f"(such as {tmp_path}/documents/a.doc)"
    )


def test_evaluate_and_export_say_what_they_ignore_as_predict_does(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos, tmp_path / "data")
    (tmp_path / "data" / "red" / "a.jp2").write_bytes(b"?")
    sentence = "ignored 1 file that is not a picture: .jp2 1 (such as red/a.jp2)\n"
    data = tmp_path / "data"
    assert googlenet("evaluate", trained, data, "--split", "all").out.startswith(sentence)
    assert googlenet("evaluate", trained, data, "--split", "all", "--json").err == sentence
    done = googlenet("export", trained, "--to", "onnx", "--evaluate-on", data, "--out", tmp_path / "net.onnx")
    assert (done.code, done.err) == (0, sentence)


def test_linked_folders_are_searched_and_links_in_a_circle_end(
    googlenet: Run, trained: Path, album: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (album / "linked").symlink_to(photos / "blue", target_is_directory=True)
    for name in ("again", "and_again"):
        (album / "trip" / name).symlink_to(album, target_is_directory=True)
    linked = [f"linked/{number:02}.png" for number in range(12)]
    done = googlenet("predict", trained, album, "--json")
    assert sorted(os.path.relpath(line["image"], album) for line in done.lines) == sorted(ALBUM + linked)
    assert "2 links or special files" in done.err
    monkeypatch.chdir(album)
    assert list(expand_sources(["**/*e.png"])) == ["trip/one.png"]
    assert list(expand_sources(["./**/m*/*.png"])) == ["./trip/more/two.png"]
    assert set(expand_sources(["**"])) == {f"./{name}" for name in ALBUM + linked}


def test_a_folder_that_cannot_be_listed_is_a_row(googlenet: Run, trained: Path, album: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (album / "trip").chmod(0)
    done = googlenet("predict", trained, album, "--json")
    (album / "trip").chmod(0o700)
    assert [line["error"] for line in done.lines] == [None, None, "cannot be read (Permission denied)"]


def test_what_only_looks_like_a_picture_is_a_row_with_its_reason(googlenet: Run, trained: Path, album: Path) -> None:
    os.mkfifo(album / "b_pipe.jpg")
    (album / "c_endless.jpg").symlink_to("/dev/zero")
    (album / "d_gone.jpg").symlink_to("nowhere")
    done = googlenet("predict", trained, album, "--json")
    assert done.code == 1
    assert {os.path.basename(line["image"]): line["error"] for line in done.lines if line["error"]} == {
        "b_pipe.jpg": "cannot be read (a named pipe, not a regular file)",
        "c_endless.jpg": "cannot be read (a device, not a regular file)",
        "d_gone.jpg": "cannot be read (No such file or directory)",
    }


@pytest.fixture
def tar_file(album: Path, tmp_path: Path) -> Path:
    """The album as a tar, with a picture that cannot be read."""
    (album / "trip" / "bad.png").write_bytes(b"no picture")
    path = tmp_path / "album.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(album, ".")
    return path


def test_the_pictures_in_a_tar_are_those_in_its_folder(
    googlenet: Run, trained: Path, album: Path, tar_file: Path
) -> None:
    from_folder = googlenet("predict", trained, album, "--json")
    from_tar = googlenet("predict", trained, tar_file, "--json")
    assert from_tar.code == from_folder.code == 1
    names = [line["image"] for line in from_tar.lines]
    assert names == [os.path.join(tar_file, name) for name in sorted([*ALBUM, "trip/bad.png"])]
    by_name = {os.path.relpath(line["image"], album): line for line in from_folder.lines}
    for line in from_tar.lines:
        assert by_name[os.path.relpath(line["image"], tar_file)] | {"image": line["image"]} == line
    assert "1 file that is not a picture: .txt 1" in from_tar.err
    assert googlenet("predict", trained, names[0], f"{tar_file.parent}/*.tar", "--json").lines == [
        from_tar.lines[0],
        *from_tar.lines,
    ]
    assert count_sources([str(tar_file), f"{tar_file.parent}/*.tar"]) == 2 * len(names)


def test_a_tar_that_is_none_or_holds_no_pictures_is_an_error(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "small.tar", "w:gz") as small, tarfile.open(tmp_path / "empty.tar", "w") as empty:
        for tar in (small, empty):
            tar.add(__file__, "notes.txt")
    picture = photos / "red" / "00.png"
    assert googlenet("predict", trained, picture, tmp_path / "small.tar").err == (
        f"error: {tmp_path}/small.tar is not a plain .tar: unpack it into a folder, or repack it without compression\n"
    )
    assert googlenet("predict", trained, tmp_path / "empty.tar").error == (
        f"{tmp_path}/empty.tar contains no pictures; ignored 1 file that is not a picture: .txt 1 "
        f"(such as {tmp_path}/empty.tar/notes.txt)"
    )
    done = googlenet("predict", trained, f"{tmp_path}/empty.tar/gone.png", "--json")
    assert [line["error"] for line in done.lines] == ["cannot be read (Not a directory)"]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_the_batch_size_changes_no_answer(googlenet: Run, trained: Path, photos: Path, batch_size: int) -> None:
    words = ("predict", trained, photos / "red", "--json", "--crops", "10")
    for line, expected in zip(
        googlenet(*words, "--batch-size", str(batch_size)).lines, googlenet(*words).lines, strict=True
    ):
        assert line["image"] == expected["image"]
        for one, other in zip(line["predictions"], expected["predictions"], strict=True):
            assert one["label"] == other["label"]
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)


def test_a_tar_and_an_address_are_rows_that_say_what_to_do(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(photos / "red", "red")
    (tmp_path / "photos.tar").rename(tmp_path / "photos.jpg")
    done = googlenet("predict", trained, tmp_path / "photos.jpg", "https://example.org/cat.jpg?x=1", "--json")
    assert [line["error"] for line in done.lines] == [
        "a tar archive, which is not supported: unpack it and name the folder; `predict` and `evaluate` read a file "
        "that ends in .tar as it is",
        "a URL, not a file: download it first",
    ]


def test_an_almost_black_picture_is_told(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    ramp = np.linspace(0, 4095, 400).astype(np.uint16).reshape(20, 20)
    for number in range(5):
        Image.fromarray(ramp).save(tmp_path / f"{number}.png")
    done = googlenet("predict", trained, tmp_path)
    assert done.code == 0
    assert done.err.splitlines()[0].startswith(f"{tmp_path}/0.png: note: its values (from 0 to 4,095, where 0 is black")
    assert done.err.splitlines()[3:] == ["2 more pictures have a similar note"]


def test_almost_black_pictures_are_told_before_data_are_used(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos / "red", tmp_path / "data" / "red")
    ramp = np.linspace(0, 4095, 400).astype(np.uint16).reshape(20, 20)
    for path in (tmp_path / "data" / "red").iterdir():
        Image.fromarray(ramp).save(path)
    done = googlenet("evaluate", trained, tmp_path / "data", "--split", "all")
    assert done.out.startswith("red/00.png: note: its values (from 0 to 4,095")
    with tarfile.open(tmp_path / "data.tar", "w") as tar:
        tar.add(tmp_path / "data", ".")
    assert googlenet("evaluate", trained, tmp_path / "data.tar", "--split", "all").out == done.out


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_may_be_in_the_encodings_of_windows(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path, encoding: str
) -> None:
    names = [photos / "red" / "04.png", tmp_path / "blä.png"]
    shutil.copy(photos / "blue" / "05.png", names[1])
    stdin = f"{names[0]}\r\n\r\n{names[1]}\r\n".encode(encoding)
    done = googlenet("predict", trained, "-", "--json", stdin=stdin)
    assert [line["image"] for line in done.lines] == [str(name) for name in names]
    assert [line["predictions"][0]["name"] for line in done.lines] == ["red", "blue"]


def test_a_list_that_cannot_be_read_is_an_error(googlenet: Run, trained: Path) -> None:
    broken = googlenet("predict", trained, "-", stdin=b"\xff\xfea\0\xd8")
    assert broken.error.startswith("the list on standard input cannot be read: ")
    with subprocess.Popen(
        ["sh", "-c", f"{sys.executable} -m googlenet predict {trained} - <&-"], stderr=subprocess.PIPE
    ) as closed:
        assert closed.communicate()[1] in (
            b"error: standard input is closed: pipe a list of paths into it, one per line\n",
            b"error: the list on standard input is empty\n",
        )
    assert closed.returncode == 2
    assert googlenet("predict", trained, "-").error == "the list on standard input is empty"


def test_a_dash_reads_paths_from_standard_input(googlenet: Run, trained: Path, photos: Path) -> None:
    names = [photos / "red" / "04.png", photos / "blue" / "05.png"]
    done = googlenet("predict", trained, "-", "--json", stdin=f"{names[0]}\r\n\n{names[1]}".encode())
    assert [line["image"] for line in done.lines] == [str(name) for name in names]
    assert [line["predictions"][0]["name"] for line in done.lines] == ["red", "blue"]


def test_bad_pictures_are_lines_of_their_own_the_rest_goes_on_and_the_exit_code_tells(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff but no more")
    sources = [photos / "red" / "00.png", tmp_path / "broken.jpg", tmp_path / "missing.jpg", photos / "blue" / "00.png"]
    text = googlenet("predict", trained, *sources)
    assert text.code == 1
    assert f"{tmp_path}/broken.jpg: error: " in text.out
    assert f"{tmp_path}/missing.jpg: error: cannot be read (No such file or directory)" in text.out
    as_json = googlenet("predict", trained, *sources, "--json")
    assert as_json.code == 1
    assert [line["error"] is None for line in as_json.lines] == [True, False, False, True]
    assert [line["predictions"] for line in as_json.lines][1:3] == [[], []]
    assert as_json.lines[3]["predictions"][0]["name"] == "blue"


def test_output_csv_has_a_column_for_each_class_and_probability(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    done = googlenet("predict", trained, photos / "red", tmp_path / "broken.png", "--output", tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert (done.code, done.out) == (1, f"13 pictures, 1 unreadable: {tmp_path / 'rows.csv'}\n")
    assert list(rows[0]) == [
        *("image", "label", "probability", "label_2", "probability_2", "label_3", "probability_3", "error")
    ]
    assert len(rows) == 13
    (line,) = googlenet("predict", trained, rows[0]["image"], "--json").lines
    for number, one in enumerate(line["predictions"], start=1):
        rank = "" if number == 1 else f"_{number}"
        assert rows[0][f"label{rank}"] == one["label"]
        assert float(rows[0][f"probability{rank}"]) == pytest.approx(one["probability"], abs=1e-5)
    assert (rows[12]["label"], rows[12]["probability_3"]) == ("", "")
    assert rows[12]["error"] == "not a picture"


def test_output_csv_has_as_many_columns_as_top_and_readable_names_where_they_differ(
    googlenet: Run, photos: Path, tmp_path: Path
) -> None:
    picture = photos / "red" / "00.png"
    assert googlenet("predict", "bvlc", picture, "--top", "2", "--output", tmp_path / "rows.csv").code == 0
    header = "image,label,name,probability,label_2,name_2,probability_2,error"
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()[0] == header


def test_a_picture_whose_name_is_a_formula_is_only_text_to_a_spreadsheet(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["=1+1.png", "-0.5.png", "@sum.png", "'=x.png"]
    for name in names:
        shutil.copy(photos / "red" / "00.png", name)
    assert googlenet("predict", trained, "--output", "rows.csv", "--", *names).code == 0
    with Path("rows.csv").open(newline="", encoding="utf-8") as file:
        assert [row["image"] for row in csv.DictReader(file)] == [f"'{name}" for name in names]
    done = googlenet("predict", trained, "--output", "rows.csv", "--resume", "--", *names)
    assert (done.code, done.out) == (0, "4 pictures (4 already done), 0 unreadable: rows.csv\n")


def test_output_jsonl_holds_what_json_prints(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    done = googlenet("predict", trained, photos / "red", "--json", "--output", tmp_path / "rows.jsonl")
    assert (tmp_path / "rows.jsonl").read_text(encoding="utf-8") == done.out
    assert len(done.lines) == 12


def test_an_output_of_another_kind_or_in_a_place_that_is_not_there_is_refused_before_any_work(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    for output, sentence in (
        (tmp_path / "rows.xlsx", "the file name must end in .csv, .jsonl or .parquet"),
        (tmp_path / "no" / "rows.csv", f"the folder {tmp_path / 'no'} does not exist"),
        (tmp_path / "folder.csv", "it is a folder"),
    ):
        assert googlenet("predict", trained, photos, "--output", output).error == f"cannot write {output}: {sentence}"
    assert googlenet("predict", trained, photos, "--output", "/proc/rows.csv").error.startswith("cannot write /proc")


def test_an_output_appears_whole_or_not_at_all(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    """The second source is a mistake that is found when the first is being predicted."""
    (tmp_path / "rows.csv").write_text("of yesterday")
    words = ("predict", trained, photos, f"{tmp_path}/*.gif", "--output", tmp_path / "rows.csv", "--force")
    assert googlenet(*words).code == 2
    assert (tmp_path / "rows.csv").read_text() == "of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.skipif(os.name != "posix", reason="names of files are text there")
def test_a_name_that_is_no_text_is_printed_as_an_escape_that_json_reads_back(
    program: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    shutil.copy(photos / "red" / "00.png", os.fsdecode(name))
    done = program("predict", trained, tmp_path, "-", "--json", "--output", tmp_path / "rows.jsonl", stdin=name)
    assert (done.code, done.err) == (0, "")
    assert [os.fsencode(line["image"]) for line in done.lines] == [name, name]
    rows = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [os.fsencode(json.loads(row)["image"]) for row in rows] == [name, name]


@pytest.mark.parametrize("batch", [1, 5])
def test_load_and_predict_in_python_say_what_the_command_says(
    googlenet: Run, trained: Path, photos: Path, batch: int
) -> None:
    path = photos / "green" / "07.png"
    (line,) = googlenet("predict", trained, path, "--json").lines
    classifier = package.load(trained, device="cpu")
    with Image.open(path) as opened:
        sources: list[Picture] = [path, str(path), path.read_bytes(), opened, np.array(opened)]
        predictions = [classifier.predict(source) for source in sources] + list(
            classifier.predict(sources, batch=batch)
        )
    for prediction in predictions:
        assert prediction.error is None
        assert [one.label for one in prediction.ranking] == [one["label"] for one in line["predictions"]]
        shares = [one["probability"] for one in line["predictions"]]
        assert [one.probability for one in prediction.ranking] == pytest.approx(shares, abs=2e-6)


def test_crops_and_an_ensemble_in_python_say_what_the_command_says(
    googlenet: Run, ensemble: Path, photos: Path
) -> None:
    paths = [photos / colour / "07.png" for colour in ("red", "green")]
    lines = googlenet("predict", ensemble, *paths, "--crops", "10", "--json").lines
    members = [package.load(ensemble / "members" / name, device="cpu") for name in ("1", "2")]
    for line, prediction in zip(lines, package.load(ensemble).predict(paths, crops=10), strict=True):
        shares = {one["label"]: one["probability"] for one in line["predictions"]}
        assert {one.label: one.probability for one in prediction.ranking} == pytest.approx(shares, abs=2e-6)
        alone = [member.predict(prediction.image, crops=10).ranking for member in members]
        for label, share in shares.items():
            both = [one.probability for ranking in alone for one in ranking if one.label == label]
            assert share == pytest.approx(sum(both) / 2, abs=2e-6)
    assert googlenet("predict", ensemble, *paths, "--crops", "3").error.startswith("there is no protocol with 3 crops")


def test_a_model_that_is_not_there_or_no_model_is_an_error(googlenet: Run, photos: Path, tmp_path: Path) -> None:
    picture = photos / "red" / "00.png"
    missing, empty, other = tmp_path / "missing", tmp_path / "empty", tmp_path / "other.safetensors"
    empty.mkdir()
    other.write_bytes(b"x" * 100)
    assert googlenet("predict", missing, picture).error == f"{missing}: no such model file"
    assert googlenet("predict", empty, picture).error == f"the folder {empty} contains no model.safetensors"
    assert str(other) in googlenet("predict", other, picture).error
    with pytest.raises(InputError, match="no such model file"):
        package.load(missing)


def test_a_device_that_is_not_there_is_an_error(googlenet: Run, trained: Path, photos: Path) -> None:
    done = googlenet("predict", trained, photos, "--device", "cuda:99")
    assert "the device 'cuda:99' cannot be used" in done.error
