"""Words of other programs get a hint that names ours."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest

from googlenet.cli.arguments import Option
from googlenet.cli.foreign_words import FLAGS, VERBS, verb_hint
from googlenet.cli.main import COMMANDS
from googlenet.recipes import ALSO_CALLED, SETTINGS

if TYPE_CHECKING:
    from tests.commands.conftest import Run


def options_of(verb: str) -> set[str]:
    module, _, function = COMMANDS[verb].partition(":")
    command = getattr(import_module(module), function)
    hints = get_type_hints(command, include_extras=True)
    specs = {name: get_args(hints[name])[1] for name in inspect.signature(command).parameters}
    return {spec.name or f"--{name.replace('_', '-')}" for name, spec in specs.items() if isinstance(spec, Option)}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("train", "photos", "--lr", "0.1"), "no such option: --lr; did you mean --learning-rate?"),
        (("train", "photos", "--lr=0.1"), "no such option: --lr; did you mean --learning-rate?"),
        (("lr-find", "photos", "--lr", "0.1"), "did you mean --set learning_rate=VALUE?"),
        (("train", "photos", "--imgsz", "64"), "did you mean --set input_size=VALUE?"),
        (("train", "photos", "--img", "64"), "did you mean --set input_size=VALUE?"),
        (("train", "photos", "--img-size", "64"), "did you mean --set input_size=VALUE?"),
        (("train", "photos", "--batch", "64"), "did you mean --batch-size?"),
        (("train", "photos", "--bs", "64"), "did you mean --batch-size?"),
        (("train", "photos", "-j", "4"), "did you mean --workers?"),
        (("train", "--data", "photos"), "no such option: --data; give it without a flag"),
        (("train", "photos", "--model", "resnet50"), "did you mean --start MODEL?"),
        (("train", "photos", "--weights", "a.pt"), "did you mean --start MODEL?"),
        (
            ("train", "photos", "--pretrained"),
            "did you mean --start MODEL (default: bvlc, the shipped ImageNet weights)?",
        ),
        (("train", "photos", "--finetune"), "did you mean --start MODEL (default: bvlc"),
        (("train", "photos", "--project", "a"), "did you mean --out?"),
        (("train", "photos", "--name", "a"), "did you mean --out?"),
        (("train", "photos", "--wd", "0"), "did you mean --set weight_decay=VALUE?"),
        (("train", "photos", "--opt", "adam"), "did you mean --set optimizer=VALUE?"),
        (("train", "photos", "--sched", "cosine"), "did you mean --set schedule=VALUE?"),
        (("train", "photos", "--momentum", "0"), "did you mean --set momentum=VALUE?"),
        (("train", "photos", "--freeze", "10"), "did you mean --set frozen=VALUE?"),
        (("train", "photos", "--num-classes", "10"), "omit it: the classes are the folders of DATA"),
        (("train", "photos", "lr=0.1"), "unexpected argument: 'lr=0.1'; did you mean --learning-rate?"),
        (("train", "photos", "--minuts", "3"), "did you mean '--minutes'?"),
        (("predict", "bvlc", "--imgsz", "64", "a.jpg"), "no such option: --imgsz"),
    ],
)
def test_a_flag_of_another_program_is_answered_with_ours(googlenet: Run, words: tuple[str, ...], hint: str) -> None:
    done = googlenet(*words)
    assert done.code == 2
    assert hint in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("verb", "hint"),
    [
        ("val", "did you mean 'evaluate'?"),
        ("validate", "did you mean 'evaluate'?"),
        ("test", "did you mean 'evaluate'?"),
        ("fit", "did you mean 'train'?"),
        ("finetune", "did you mean 'train'?"),
        ("fine-tune", "did you mean 'train'?"),
        ("classify", "did you mean 'predict'?"),
        ("infer", "did you mean 'predict'?"),
        ("inference", "did you mean 'predict'?"),
        ("lr", "did you mean 'lr-find'?"),
        ("embed", "did you mean 'predict --embeddings'?"),
        ("trian", "did you mean 'train'?"),
        ("zzz", "`googlenet help` lists them"),
    ],
)
def test_a_verb_of_another_program_is_answered_with_ours(googlenet: Run, verb: str, hint: str) -> None:
    assert googlenet(verb).error == f"unknown command {verb!r}; {hint}"


def test_a_hint_never_names_what_does_not_exist() -> None:
    assert verb_hint("cam", ["predict"], otherwise="nothing") == "nothing"
    later = {"explain", "check"}
    assert {ours.split()[0] for ours in VERBS.values()} <= {*COMMANDS} | later
    assert not {*VERBS} & {*COMMANDS}
    assert {*ALSO_CALLED.values()} <= {*SETTINGS}
    assert not {*ALSO_CALLED} & {*SETTINGS}
    flags = {ours.split()[0] for hints in FLAGS.values() for ours in hints if ours.startswith("-")}
    assert flags - {"--force"} <= set().union(*map(options_of, COMMANDS))


@pytest.mark.parametrize("name", ["resnet50", "vgg16", "efficientnet_b0", "yolov8n-cls.pt", "inception_v3", "vit_b_16"])
def test_the_name_of_another_network_is_answered_with_bvlc(googlenet: Run, name: str) -> None:
    sentence = f"{name}: this program has GoogLeNet only, whose ImageNet weights are called `bvlc`"
    assert googlenet("predict", name, "a.jpg").error == sentence
    assert googlenet("train", "photos", "--start", name).error == sentence


@pytest.mark.parametrize("name", ["googlenet", "GoogLeNet", "inception_v1", "inceptionv1", "googlenet.tv_in1k"])
def test_other_names_of_this_network_are_answered_with_bvlc(googlenet: Run, name: str) -> None:
    sentence = f"{name}: no such model file; the ImageNet weights of GoogLeNet are called `bvlc` here"
    assert googlenet("predict", name, "a.jpg").error == sentence


def test_a_file_of_ones_own_may_be_called_like_a_network(googlenet: Run) -> None:
    assert "GoogLeNet only" not in googlenet("predict", "resnet-replacement.safetensors", "a.jpg").error
