"""`googlenet train` as a user runs it: killed, interrupted, resumed, asked again."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.cli.main import main
from googlenet.dataset import open_dataset, pack
from googlenet.model import load_model
from googlenet.runs import RunFolder

COMMAND = (sys.executable, "-m", "googlenet", "train")
STEPS = 16
PLAN: tuple[str, ...] = ("--recipe", "smoke", "--seed", "5", "--set", f"steps={STEPS}", "--set", "batch_size=4")
PLAN += ("--set", "checkpoint_seconds=0", "--set", "validate_every=3", "--device", "cpu")
SHORT = ("--recipe", "smoke", "--set", "steps=2", "--set", "batch_size=4", "--device", "cpu")
DEADLINE = 300.0  # seconds; no wait of this file ends there unless something hangs


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    error: str


Googlenet = Callable[..., Answer]


def call(*arguments: object) -> int:
    """Run the command in this process and give its exit code; handlers of signals are put back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = sys.argv
    sys.argv = ["googlenet", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = before
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 0


@pytest.fixture
def googlenet(capfd: pytest.CaptureFixture[str]) -> Googlenet:
    """Run the command and catch what it prints."""

    def run(*arguments: object) -> Answer:
        capfd.readouterr()
        code = call(*arguments)
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of class folders, without train and val."""
    root = tmp_path_factory.mktemp("data") / "colours"
    generator = np.random.default_rng(4)
    for name, colour in {"blue": (40, 60, 210), "red": (210, 50, 40)}.items():
        (root / name).mkdir(parents=True)
        for number in range(20):
            noise = generator.normal(0, 25, (32, 32, 3))
            Image.fromarray(np.clip(colour + noise, 0, 255).astype(np.uint8)).save(root / name / f"{number:02d}.png")
    return root


def weights(run: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_model(RunFolder(run).model).weights.items()}


def rows(run: Path) -> list[dict[str, str]]:
    with RunFolder(run).metrics.open(newline="") as file:
        table = list(csv.DictReader(file))
    return [{key: text for key, text in row.items() if key not in ("seconds", "images_per_second")} for row in table]


def contents(run: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in run.rglob("*") if path.is_file()}


def inode(path: Path) -> int | None:
    return path.stat().st_ino if path.is_file() else None


@pytest.fixture(scope="module")
def moments() -> random.Random:
    """When signals come; the seed is printed with a failure."""
    seed = random.SystemRandom().randrange(1000)
    print(f"the moments of the signals are drawn with seed {seed}")
    return random.Random(seed)


def wait_for_a_moment(run: Path, moments: random.Random, *, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait for a random number of checkpoints, and then for a random part of a step."""
    end = time.monotonic() + DEADLINE
    for _ in range(moments.randint(1, STEPS // 2)):
        before = inode(RunFolder(run).checkpoint)
        while inode(RunFolder(run).checkpoint) == before and alive() and time.monotonic() < end:
            time.sleep(0.001)
    time.sleep(moments.uniform(0, 0.03))


@pytest.fixture(scope="module")
def uninterrupted(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is left alone."""
    run = tmp_path_factory.mktemp("whole") / "run"
    assert call("train", pictures, *PLAN, "--out", run) == 0
    return run


def assert_goes_on(run: Path, uninterrupted: Path, googlenet: Googlenet) -> None:
    """Resuming gives the weights and the table of a run that was left alone."""
    assert not RunFolder(run).finished
    answer = googlenet("train", "--resume", run, "--device", "cpu")
    assert answer.code == 0, answer.error
    assert "resuming at step " in answer.error
    assert weights(run) == weights(uninterrupted)
    assert rows(run) == rows(uninterrupted)
    assert not list(run.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("number", "code", "in_shards"),
    [(signal.SIGKILL, -9, False), (signal.SIGTERM, 143, False), (signal.SIGKILL, -9, True)],
    ids=["killed", "ended", "killed on shards"],
)
def test_a_run_that_gets_a_signal_goes_on_to_the_bit(
    pictures: Path,
    tmp_path: Path,
    moments: random.Random,
    uninterrupted: Path,
    googlenet: Googlenet,
    number: signal.Signals,
    code: int,
    in_shards: bool,
) -> None:
    """Shards of the same pictures give the same weights as the folder, before and after the signal."""
    run = tmp_path / "a run"
    if in_shards:
        pictures = pack(open_dataset(pictures, split_rule=None), tmp_path / "shards", shard_size=60_000).folder
    with subprocess.Popen(
        [*COMMAND, str(pictures), *PLAN, "--out", str(run)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        wait_for_a_moment(run, moments, alive=lambda: process.poll() is None)
        process.send_signal(number)
        out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == code
    if number == signal.SIGTERM:
        line = f"stopped and saved; resume with:\n  googlenet train --resume '{run}'\n"
        assert out.decode().endswith(line)
    assert_goes_on(run, uninterrupted, googlenet)


def test_ctrl_c_saves_and_prints_the_line_that_goes_on(
    pictures: Path, tmp_path: Path, moments: random.Random, uninterrupted: Path, googlenet: Googlenet
) -> None:
    run = tmp_path / "run"

    def press_ctrl_c() -> None:
        wait_for_a_moment(run, moments)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press_ctrl_c)
    thread.start()
    answer = googlenet("train", pictures, *PLAN, "--out", run)
    thread.join()
    assert answer.code == 130
    assert answer.out.endswith(f"stopped and saved; resume with:\n  googlenet train --resume {run}\n")
    assert_goes_on(run, uninterrupted, googlenet)


def test_the_last_line_says_accuracy_and_seconds(uninterrupted: Path, googlenet: Googlenet) -> None:
    answer = googlenet("train", "--resume", uninterrupted)
    assert answer.out.splitlines()[0] == f"{uninterrupted} is finished; nothing to do"
    assert answer.out.splitlines()[-2] == f"run folder: {uninterrupted}"
    assert "% validation top-1" in answer.out.splitlines()[-1]
    assert answer.out.splitlines()[-1].endswith("s of training")


def test_resuming_a_finished_run_changes_nothing_even_when_its_pictures_are_gone(
    uninterrupted: Path, tmp_path: Path, googlenet: Googlenet
) -> None:
    run = tmp_path / "run"
    shutil.copytree(uninterrupted, run)
    settings = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps(settings | {"data": str(tmp_path / "gone")}))
    before = contents(run)
    assert googlenet("train", "--resume", run).code == 0
    assert contents(run) == before


def test_a_model_that_came_without_its_settings_is_finished_too(
    uninterrupted: Path, tmp_path: Path, googlenet: Googlenet
) -> None:
    shutil.copy(RunFolder(uninterrupted).model, tmp_path)
    answer = googlenet("train", "--resume", tmp_path)
    assert (answer.code, answer.error) == (0, "")


def test_settings_given_again_that_agree_are_accepted(
    uninterrupted: Path, pictures: Path, googlenet: Googlenet
) -> None:
    answer = googlenet("train", pictures, "--resume", uninterrupted, *PLAN, "--val-share", "0.2", "--fit", "squash")
    assert (answer.code, answer.error) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--seed", "6"), "was started with seed 5, not 6"),
        (("--set", "batch_size=8"), "was started with batch_size 4, not 8"),
        (("--set", "resize_size=64"), "was started without resize_size, not with 64"),
        (("--recipe", "scratch"), "was started with recipe smoke, not scratch"),
        (("--minutes", "3"), "was started without minutes, not with 3.0"),
        (("--val-share", "0.5"), "was started with val_share 0.2, not 0.5"),
        (("--split-seed", "1"), "was started with split_seed 0, not 1"),
        (("--fit", "crop"), "was started with fit squash, not crop"),
    ],
)
def test_settings_given_again_that_differ_are_refused(
    uninterrupted: Path, googlenet: Googlenet, arguments: tuple[str, ...], sentence: str
) -> None:
    answer = googlenet("train", "--resume", uninterrupted, *arguments)
    assert answer.code == 2
    assert answer.error == f"error: {uninterrupted} {sentence}; omit it to resume the run\n"


@pytest.mark.parametrize(("features", "precision"), [({"avx512_bf16": True}, "bfloat16"), ({}, "float32")])
def test_a_precision_of_auto_is_settled_when_a_run_begins_and_stays(
    pictures: Path,
    tmp_path: Path,
    googlenet: Googlenet,
    monkeypatch: pytest.MonkeyPatch,
    features: dict[str, bool],
    precision: str,
) -> None:
    run = tmp_path / "run"
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: features, raising=False)
    answer = googlenet("train", pictures, "--out", run, *SHORT, "--set", "precision=auto")
    assert f"fit squash to 28 px, trained in {precision}; " in answer.out
    assert json.loads((run / "settings.json").read_text())["settings"]["precision"] == precision
    recipe = load_model(run).about.recipe
    assert recipe is not None
    assert recipe["precision"] == precision
    before = weights(run)
    for name in ("model.safetensors", "checkpoints/last.safetensors"):
        (run / name).unlink()
    monkeypatch.setattr("torch.cpu.get_capabilities", dict, raising=False)  # another processor
    answer = googlenet("train", "--resume", run, "--set", "precision=auto", "--device", "cpu")
    assert answer.code == 0, answer.error
    assert f"trained in {precision}; " in answer.out
    assert weights(run) == before


def test_a_run_of_a_version_that_knew_no_precision_goes_on_in_float32(
    pictures: Path, tmp_path: Path, googlenet: Googlenet
) -> None:
    run = tmp_path / "run"
    assert googlenet("train", pictures, "--out", run, *SHORT).code == 0
    stored = json.loads((run / "settings.json").read_text())
    del stored["settings"]["precision"]
    (run / "settings.json").write_text(json.dumps(stored))
    RunFolder(run).model.unlink()
    answer = googlenet("train", "--resume", run, "--device", "cpu")
    assert answer.code == 0, answer.error
    assert "trained in float32; " in answer.out


def test_other_data_given_again_are_refused(uninterrupted: Path, pictures: Path, googlenet: Googlenet) -> None:
    answer = googlenet("train", "digits", "--resume", uninterrupted)
    assert answer.code == 2
    assert f"was started with data {pictures}, not digits" in answer.error


def test_resuming_what_has_no_checkpoint_starts_the_run(pictures: Path, tmp_path: Path, googlenet: Googlenet) -> None:
    new, killed_early = tmp_path / "new", tmp_path / "killed-early"
    answer = googlenet("train", pictures, "--resume", new, *SHORT)
    assert answer.code == 0, answer.error
    assert "starting: 28 training pictures" in answer.error
    killed_early.mkdir()
    shutil.copy(new / "settings.json", killed_early)
    assert googlenet("train", "--resume", killed_early, "--device", "cpu").code == 0
    assert weights(killed_early) == weights(new)
    answer = googlenet("train", "--resume", tmp_path / "nothing")
    assert answer.code == 2
    assert "DATA is missing" in answer.error


def test_a_run_whose_pictures_have_changed_does_not_go_on(pictures: Path, tmp_path: Path, googlenet: Googlenet) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(pictures, data)
    assert googlenet("train", data, "--out", run, *SHORT).code == 0
    RunFolder(run).model.unlink()
    split = (run / "split.csv").read_bytes()
    (data / "red" / "19.png").unlink()
    answer = googlenet("train", "--resume", run)
    assert answer.code == 2
    assert answer.error == (
        f"error: the pictures in {data} have changed since {run} was started, so it cannot be resumed: "
        "restore them, or start a new run\n"
    )
    assert (run / "split.csv").read_bytes() == split


def test_a_folder_that_holds_a_run_is_not_overwritten(
    uninterrupted: Path, pictures: Path, tmp_path: Path, googlenet: Googlenet
) -> None:
    answer = googlenet("train", pictures, "--out", uninterrupted)
    assert answer.code == 2
    assert f"{uninterrupted} already holds a finished run; use --out for another folder" in answer.error
    shutil.copy(RunFolder(uninterrupted).settings, tmp_path)
    answer = googlenet("train", pictures, "--out", tmp_path)
    assert answer.code == 2
    sentence = f"{tmp_path} already holds a run; use --out for another folder, or --resume {tmp_path} to continue it"
    assert sentence in answer.error


def test_a_run_that_began_while_another_was_prepared_is_not_overwritten(
    pictures: Path, tmp_path: Path, googlenet: Googlenet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"

    def begin_elsewhere(dataset: object) -> None:
        run.mkdir(exist_ok=True)
        (run / "settings.json").write_text("{}")

    monkeypatch.setattr("googlenet.training.job.check_for_training", begin_elsewhere)
    answer = googlenet("train", pictures, "--out", run, *SHORT)
    assert answer.code == 2
    assert f"{run} already holds a run" in answer.error
    assert (run / "settings.json").read_text() == "{}"


def test_a_training_is_refused_while_another_one_writes_into_its_folder(
    pictures: Path, tmp_path: Path, googlenet: Googlenet
) -> None:
    run = tmp_path / "run"
    with RunFolder(run).lock():
        answer = googlenet("train", pictures, "--out", run, *SHORT)
        assert answer.code == 2
        sentence = f"error: another training is writing into {run}; wait for it to finish, or use another folder\n"
        assert answer.error == sentence
        assert [path.name for path in run.iterdir()] == [".lock"]
    assert googlenet("train", pictures, "--out", run, *SHORT).code == 0


def test_a_run_whose_folder_is_deleted_can_be_resumed_later(
    pictures: Path, tmp_path: Path, uninterrupted: Path, googlenet: Googlenet
) -> None:
    run = RunFolder(tmp_path / "run")

    def delete_and_stop() -> None:
        for _ in range(2):
            end = time.monotonic() + DEADLINE
            while not run.checkpoint.is_file() and time.monotonic() < end:
                time.sleep(0.002)
            if run.path.is_dir():
                run.path.rename(tmp_path / f"gone {time.monotonic()}")
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=delete_and_stop)
    thread.start()
    answer = googlenet("train", pictures, *PLAN, "--out", run.path)
    thread.join()
    assert answer.code == 143
    assert f"warning: {run.path} was deleted; it was created again" in answer.error
    assert googlenet("train", "--resume", run.path, "--device", "cpu").code == 0
    assert weights(run.path) == weights(uninterrupted)


@pytest.mark.parametrize(
    "arguments",
    [("train", "digits", *SHORT), ("train", "pictures"), ("predict", "model", "a.jpg"), ("models",)],
)
def test_a_current_folder_that_was_deleted_is_a_sentence(
    googlenet: Googlenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    answer = googlenet(*arguments)
    os.chdir(tmp_path)
    assert answer.code == 2
    assert answer.error.startswith("error: ")
    assert answer.error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train",), "DATA is missing: googlenet train DATA"),
        (("train", "digits", "--minutes", "0"), "--minutes is 0.0; give a time above 0"),
        (("train", "digits", "--minutes", "nan"), "--minutes is nan; give a time above 0"),
        (("train", "digits", "--set", "epoch=3"), "unknown setting 'epoch'; did you mean 'epochs'?"),
        (("train", "digits", "--recipe", "smol"), "unknown recipe 'smol'; did you mean"),
        (
            ("train", "digits", "--out", "a", "--resume", "b"),
            "--resume b continues in that folder, not in --out a; omit --out",
        ),
    ],
)
def test_wrong_use_is_a_sentence_and_leaves_nothing_behind(
    googlenet: Googlenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = googlenet(*arguments)
    assert answer.code == 2
    assert answer.error.startswith("error: ")
    assert sentence in answer.error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("input_size=4",), "4"),
        (
            ("variant=paper", "input_size=64", "auxiliary_weight=0", "optimizer=muon"),
            "use variant=batchnorm or optimizer=sgd",
        ),
        (("patch_aspect=1,200",), "patch_aspect is (1.0, 200.0)"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_before_any_work(
    pictures: Path, tmp_path: Path, googlenet: Googlenet, settings: tuple[str, ...], sentence: str
) -> None:
    options = [part for setting in settings for part in ("--set", setting)]
    answer = googlenet("train", pictures, "--out", tmp_path / "run", *SHORT, *options)
    assert answer.code == 2
    assert sentence in answer.error
    assert not (tmp_path / "run").exists()


def test_a_run_tells_its_plan_and_leaves_its_files(pictures: Path, tmp_path: Path, googlenet: Googlenet) -> None:
    run = tmp_path / "run"
    answer = googlenet("train", pictures, "--out", run, *SHORT, "--set", "patch_area=off", "--fit", "crop")
    assert answer.code == 0
    assert answer.out.splitlines()[:3] == [
        f"training small-32 from scratch on colours: 2 classes, 2 steps, into {run}",
        f"recipe smoke: fit crop to 28 px, trained in float32; all settings are in {run}/settings.json",
        "no val/ folder: 20% of each class is held back for validation, with seed 0 (see split.csv)",
    ]
    names = {path.name for path in run.iterdir()}
    wanted = {"model.safetensors", "settings.json", "metrics.csv", "split.csv", "bad_pictures.csv", "augmented.png"}
    wanted |= {"report.html", "curves.png", "confusion.png", "mistakes.png"}
    assert names == wanted | {"checkpoints", "evaluation.json", "answers.npz", "log.txt"}
    with (run / "split.csv").open(newline="") as file:
        split = list(csv.DictReader(file))
    assert len(split) == 40
    assert {row["class"] for row in split if row["split"] == "val"} == {"blue", "red"}


def test_a_name_that_is_not_utf8_can_be_trained_on(pictures: Path, tmp_path: Path, googlenet: Googlenet) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(pictures, data)
    try:
        os.rename(data / "red" / "00.png", os.fsencode(data) + b"/red/\xff.png")
    except OSError:
        pytest.skip("this file system stores UTF-8 names only")
    assert googlenet("train", data, "--out", run, *SHORT).code == 0


def test_a_stop_that_cannot_save_does_not_say_that_it_has(pictures: Path, tmp_path: Path, googlenet: Googlenet) -> None:
    run = RunFolder(tmp_path / "run")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_the_disk_and_stop() -> None:
        end = time.monotonic() + DEADLINE
        while not run.checkpoint.is_file() and time.monotonic() < end:
            time.sleep(0.002)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=fill_the_disk_and_stop)
    thread.start()
    try:
        answer = googlenet("train", pictures, "--out", run.path, *PLAN)
    finally:
        thread.join()
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.code == 143
    assert "warning: no checkpoint at step " in answer.error
    assert "stopped without saving; resume from the last checkpoint with:" in answer.out


def test_a_rate_search_whose_curve_has_no_folder_is_refused_before_it_begins(
    pictures: Path, tmp_path: Path, googlenet: Googlenet
) -> None:
    answer = googlenet("lr-find", pictures, "--out", tmp_path / "none" / "curve.png")
    assert answer.code == 2
    assert answer.error == f"error: cannot write {tmp_path}/none/curve.png: the folder {tmp_path}/none does not exist\n"
