"""The training experiments of `examples/lab`: what they measure; that they run is seen by their page's examples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from googlenet import ArchitectureSpec, GoogLeNet, build_architecture
from googlenet.evaluation import wilson_interval


@pytest.fixture
def auxiliary(load: Any) -> Any:
    return load("auxiliary")


def small_network() -> GoogLeNet:
    return GoogLeNet(build_architecture(ArchitectureSpec("small-32-paper", classes=10, channels=1, width=0.25)))


def test_a_gradient_is_measured_relative_to_its_weights(auxiliary: Any) -> None:
    network = small_network()
    for parameter in network.parameters():
        parameter.grad = 3 * parameter.detach()
    assert auxiliary.relative_gradient_norms(network) == pytest.approx([3.0] * len(auxiliary.LAYERS))


def test_caffes_start_halves_the_variance_that_a_relu_needs(auxiliary: Any) -> None:
    network = small_network()
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    auxiliary.caffe(network, torch.Generator().manual_seed(0))
    for name, parameter in network.named_parameters():
        if parameter.ndim == 1:
            assert torch.all(parameter == 0.2)
        elif parameter.numel() > 5000 and "linear" not in name:
            assert float(parameter.detach().var() / before[name].var()) == pytest.approx(0.5, rel=0.1)


def test_with_caffes_start_the_gradient_vanishes_and_auxiliary_classifiers_bring_some_of_it_back(
    auxiliary: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auxiliary, "BATCH", 4)
    laboratory = auxiliary.Laboratory.open(str(folder_of_pictures(tmp_path)))
    ratios = {}
    for network in (auxiliary.CAFFE, auxiliary.HE):
        for side in (auxiliary.WITH, auxiliary.WITHOUT):
            norms = laboratory.run(network, side, seed=0, steps=1).norms[0]
            ratios[network, side] = norms[0] / norms[-1]
    assert ratios[auxiliary.CAFFE, auxiliary.WITHOUT] < 0.2 * ratios[auxiliary.HE, auxiliary.WITHOUT]
    assert ratios[auxiliary.CAFFE, auxiliary.WITH] > 2 * ratios[auxiliary.CAFFE, auxiliary.WITHOUT]


def folder_of_pictures(folder: Path) -> Path:
    generator = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 1)):
        for name, red in (("cat", 200), ("dog", 60)):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(red - 50, red + 50, (64, 80, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    return folder


def test_an_experiment_tells_a_user_what_is_wrong(
    auxiliary: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["auxiliary.py", "no-such-folder"])
    with pytest.raises(SystemExit) as exit_:
        auxiliary.experiment.start(auxiliary.main)
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith("error: no-such-folder does not exist; ")


def test_the_table_of_ensembles_has_errors_and_their_change_from_one_network_and_one_crop(
    load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ensemble = load("ensemble")
    accuracies = {(1, 1): (0.90, 0.92), (1, 10): (0.91, 0.92), (3, 1): (0.93, 0.95), (3, 10): (0.94, 0.96)}
    scores = [
        ensemble.Score(ensemble.label_of(*protocol), seed, accuracy, wilson_interval(round(100 * accuracy), 100))
        for protocol, of_seeds in accuracies.items()
        for seed, accuracy in enumerate(of_seeds)
    ]
    ensemble.show(scores, steps=7, pictures=100)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1][4:] == ["1", "9.0%", "0.0%", "to", "21.7%", "base"]
    assert lines[3][4:] == ["3", "6.0%", "0.0%", "to", "18.7%", "-3.00", "-3.00", "to", "-3.00"]
    assert lines[4][4:7] == ["30", "5.0%", "0.0%"]
    assert lines[2][-4] == "-0.50"
