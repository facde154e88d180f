"""`googlenet train --tensorboard`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from googlenet.errors import MissingExtraError
from googlenet.runs import EpochDone, StepDone, TrainingStopped
from googlenet.workflow.tensorboard import TensorBoardWriter

STEP = StepDone(1, 1, 0.5, 28, 0.1, 2.5, {"main": 2.3}, {"main": 0.1}, 2.5, {"main": 2.3}, {"main": 0.1}, 10.0, 1.0)
EPOCH = EpochDone(1, 1, 1.0, 28, 0.1, 10.0, 2.5, {"main": 2.3}, {"main": 0.25}, 0.5, 1.2, True)


@pytest.mark.filterwarnings("default")  # tensorboard's own
def test_losses_and_accuracies_can_be_read_back_from_its_files(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    writer = TensorBoardWriter(tmp_path)
    for event in (STEP, EPOCH, TrainingStopped(1, 1.0, "finished")):
        writer(event)
    read = EventAccumulator(str(tmp_path)).Reload()
    values = {name: read.Scalars(name)[0].value for name in read.Tags()["scalars"]}
    assert values["step/loss_main"] == pytest.approx(2.3)
    assert values["epoch/accuracy_main"] == pytest.approx(0.25)
    assert values["epoch/validation_top1"] == pytest.approx(0.5)


def test_without_tensorboard_one_sentence_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    with pytest.raises(MissingExtraError, match=r'pip install "googlenet\[tensorboard\]"'):
        TensorBoardWriter(tmp_path)
