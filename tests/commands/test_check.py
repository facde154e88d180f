"""`googlenet check`: text, JSON, a page, exit codes, and the list of pictures to leave out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.checks import KINDS
from googlenet.dataset import read_exclude

if TYPE_CHECKING:
    from tests.commands.conftest import Run


@pytest.fixture
def birds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean set of two classes, beside the current folder."""
    import numpy as np
    from PIL import Image

    for name in ("heron", "kestrel"):
        (tmp_path / "birds" / name).mkdir(parents=True)
        for number in range(4):
            generator = np.random.default_rng([len(name), number])
            blots = Image.fromarray(generator.integers(0, 256, (6, 8, 3), np.uint8))
            blots.resize((96, 72), Image.Resampling.BICUBIC).save(tmp_path / "birds" / name / f"{number}.jpg")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "birds"


def spoil(birds: Path) -> None:
    """One picture that cannot be read, and one that is there twice."""
    (birds / "heron" / "bad.jpg").write_bytes(b"not a picture")
    shutil.copy(birds / "heron" / "0.jpg", birds / "heron" / "0 again.jpg")


def test_a_clean_set_exits_with_0_and_writes_nothing(googlenet: Run, birds: Path) -> None:
    done = googlenet("check", birds)
    assert (done.code, done.err) == (0, "")
    assert done.out == "pictures  8 in 2 classes\nnothing found\n"
    assert list(Path().iterdir()) == []


def test_findings_exit_with_1_and_are_listed_by_kind(googlenet: Run, birds: Path) -> None:
    spoil(birds)
    done = googlenet("check", birds)
    assert (done.code, done.err) == (1, "")
    assert f"\nundecodable  1  {KINDS['undecodable'].meaning}\n  heron/bad.jpg: not a picture\n" in done.out
    assert "  heron/0 again.jpg, heron/0.jpg: 2 copies in the class 'heron'\n" in done.out
    assert done.out.endswith(
        f"\n2 pictures to leave out: exclude.txt\n  googlenet train {birds} --exclude exclude.txt\n"
    )
    assert read_exclude("exclude.txt") == {"heron/bad.jpg", "heron/0.jpg"}
    assert len(list(birds.rglob("*.jpg"))) == 10


def test_json_has_what_a_program_needs(googlenet: Run, birds: Path) -> None:
    spoil(birds)
    done = googlenet("check", birds, "--json")
    assert (done.code, done.err) == (1, "")
    assert {key: done.json[key] for key in ("data", "pictures", "classes")} == {
        "data": str(birds),
        "pictures": 10,
        "classes": 2,
    }
    assert done.json["findings"] == [
        {"kind": "undecodable", "severity": "error", "paths": ["heron/bad.jpg"], "detail": "not a picture"},
        {
            "kind": "duplicate",
            "severity": "warning",
            "paths": ["heron/0 again.jpg", "heron/0.jpg"],
            "detail": "2 copies in the class 'heron'",
        },
    ]
    assert done.json["exclude"] == {"file": "exclude.txt", "pictures": 2, "suggested": 0}


def test_a_clean_set_as_json(googlenet: Run, birds: Path) -> None:
    done = googlenet("check", birds, "--json")
    assert (done.code, done.json["findings"]) == (0, [])
    assert done.json["exclude"] == {"file": None, "pictures": 0, "suggested": 0}


def test_what_is_excluded_is_not_checked(googlenet: Run, birds: Path) -> None:
    spoil(birds)
    googlenet("check", birds)
    done = googlenet("check", birds, "--exclude", "exclude.txt")
    assert done.code == 0
    assert done.out == "excluded 2 of 10 pictures\npictures  8 in 2 classes\nnothing found\n"
    shutil.copy(birds / "heron" / "1.jpg", birds / "heron" / "1 again.jpg")
    assert googlenet("check", birds, "--exclude", "exclude.txt").code == 1
    assert read_exclude("exclude.txt") == {"heron/bad.jpg", "heron/0.jpg", "heron/1.jpg"}


def test_a_list_that_was_edited_is_kept(googlenet: Run, birds: Path) -> None:
    spoil(birds)
    googlenet("check", birds)
    edited = Path("exclude.txt").read_text() + "kestrel/2.jpg\n"
    Path("exclude.txt").write_text(edited)
    for _ in range(2):  # the second time the list beside it is replaced
        done = googlenet("check", birds)
        assert "exclude.txt is another file, or was edited, and stays as it is\n" in done.out
        assert "2 pictures to leave out: exclude-2.txt\n" in done.out
    assert Path("exclude.txt").read_text() == edited
    assert sorted(path.name for path in Path().iterdir()) == ["exclude-2.txt", "exclude.txt"]


def test_a_list_that_cannot_be_written_does_not_hide_what_was_found(googlenet: Run, birds: Path) -> None:
    spoil(birds)
    done = googlenet("check", birds, "--output", "no/such/folder/list.txt")
    assert done.code == 1
    assert "heron/bad.jpg: not a picture" in done.out
    assert done.err.startswith("warning: cannot write no/such/folder/list.txt: ")


def test_a_page_shows_the_pictures_and_says_the_command(googlenet: Run, birds: Path) -> None:
    pytest.importorskip("jinja2")
    spoil(birds)
    (birds / "heron" / "<script>alert(1)<").mkdir()
    (birds / "heron" / "<script>alert(1)<" / "x.jpg").write_bytes(b"")
    done = googlenet("check", birds, "--report", "check.html")
    assert done.code == 1
    assert done.out.endswith("\nreport: check.html\n")
    page = Path("check.html").read_text()
    assert "3 findings in 11 pictures" in re.sub(r"\s+", " ", page)
    assert page.count("data:image/") == 2
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "--exclude exclude.txt" in page
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)


def test_a_page_about_a_clean_set(googlenet: Run, birds: Path) -> None:
    pytest.importorskip("jinja2")
    assert googlenet("check", birds, "--report", "check.html").code == 0
    assert "Nothing found in 8 pictures" in re.sub(r"\s+", " ", Path("check.html").read_text())


def test_hostile_names_do_not_reach_the_terminal(googlenet: Run, birds: Path) -> None:
    (birds / "heron" / "\x1b[2J\n.jpg").write_bytes(b"")
    done = googlenet("check", birds)
    assert "\n  heron/\\x1b[2J\\n.jpg: empty file\n" in done.out
    assert "\x1b" not in done.out
    assert read_exclude("exclude.txt") == {"heron/\x1b[2J\n.jpg"}
    assert googlenet("check", birds, "--exclude", "exclude.txt").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no/such/data",), "no/such/data does not exist; give a folder"),
        (("{birds}", "--exclude", "none.txt"), "cannot read none.txt: No such file or directory"),
        (("{birds}", "--model", "none"), "none"),
        (("{birds}", "--report", "no/such/check.html"), "cannot write no/such/check.html: there is no folder"),
        (("{birds}", "--report", "check.pdf"), "check.pdf must end in .html"),
    ],
)
def test_wrong_use_is_one_sentence(googlenet: Run, birds: Path, arguments: tuple[str, ...], message: str) -> None:
    done = googlenet("check", *(word.format(birds=birds) for word in arguments))
    assert message in done.error


def test_names_that_are_not_in_the_data_are_wrong_use(googlenet: Run, birds: Path) -> None:
    Path("mine.txt").write_text("gull/1.jpg\n")
    error = googlenet("check", birds, "--exclude", "mine.txt").error
    assert error == "no such picture in birds: 'gull/1.jpg'; names must be relative to DATA, such as 'heron/0.jpg'"
