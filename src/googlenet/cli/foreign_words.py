"""The words of timm, torchvision, Ultralytics and fastai that a user may type here, and ours for them.

Names of settings are in `recipes` (`ALSO_CALLED`), names of models in `pretrained` (`OTHER_NETWORKS`).
"""

from __future__ import annotations

from collections.abc import Collection

from googlenet.suggestions import did_you_mean

VERBS = {
    "val": "evaluate",
    "validate": "evaluate",
    "test": "evaluate",
    "eval": "evaluate",
    "score": "evaluate",
    "fit": "train",
    "finetune": "train",
    "fine_tune": "train",
    "retrain": "train",
    "learn": "train",
    "classify": "predict",
    "infer": "predict",
    "inference": "predict",
    "run": "predict",
    "label": "predict",
    "detect": "explain --boxes",
    "cam": "explain",
    "gradcam": "explain",
    "grad_cam": "explain",
    "heatmap": "explain",
    "embed": "predict --embeddings",
    "embeddings": "predict --embeddings",
    "extract": "predict --embeddings",
    "features": "predict --embeddings",
    "lr": "lr-find",
    "lrfind": "lr-find",
    "find_lr": "lr-find",
    "tune": "lr-find",
    "convert": "export",
    "onnx": "export",
    "download": "import",
    "zoo": "models",
    "summary": "info",
    "inspect": "info",
    "bench": "benchmark",
    "search": "similar",
    "doctor": "check",
    "verify": "check",
    "configs": "recipes",
}
"""Verb elsewhere -> verb here, with the option that makes it the same."""

WITHOUT_FLAG = "give it without a flag"

FLAGS: dict[str, tuple[str, ...]] = {
    "pretrained": ("--start MODEL (default: bvlc, the shipped ImageNet weights)",),
    "finetune": ("--start MODEL (default: bvlc, the shipped ImageNet weights)",),
    "no_pretrained": ("--from-scratch",),
    "scratch": ("--from-scratch",),
    "model": ("--start MODEL", WITHOUT_FLAG),
    "weights": ("--start MODEL", WITHOUT_FLAG),
    "checkpoint": ("--start MODEL", WITHOUT_FLAG),
    "initial_checkpoint": ("--start MODEL", WITHOUT_FLAG),
    "data": (WITHOUT_FLAG,),
    "data_dir": (WITHOUT_FLAG,),
    "data_path": (WITHOUT_FLAG,),
    "dataset": (WITHOUT_FLAG,),
    "source": (WITHOUT_FLAG,),
    "input": (WITHOUT_FLAG,),
    "project": ("--out", "--output"),
    "name": ("--out", "--output"),
    "output": ("--out",),
    "out": ("--output",),
    "output_dir": ("--out", "--output"),
    "save_dir": ("--out", "--output"),
    "outdir": ("--out", "--output"),
    "num_classes": ("omit it: the classes are the folders of DATA",),
    "nc": ("omit it: the classes are the folders of DATA",),
    "time": ("--minutes",),
    "time_limit": ("--minutes",),
    "val_split": ("--val-share",),
    "validation_split": ("--val-share",),
    "gpu": ("--device cuda",),
    "gpus": ("--device cuda",),
    "cuda": ("--device cuda",),
    "cpu": ("--device cpu",),
    "topk": ("--top",),
    "top_k": ("--top",),
    "k": ("--top",),
    "tta": ("--crops",),
    "ten_crop": ("--crops",),
    "format": ("--to", "--output"),
    "half": ("--precision",),
    "int8": ("--precision int8",),
    "ensemble": ("--members",),
    "exist_ok": ("--force",),
    "overwrite": ("--force",),
}
"""Flag elsewhere, without dashes -> what stands for it here: the first that the verb has, or what to do instead."""


def verb_hint(verb: str, verbs: Collection[str], *, otherwise: str) -> str:
    """The end of a sentence about an unknown verb: which one is probably meant, or `otherwise`."""
    ours = VERBS.get(verb.lower().replace("-", "_"), "")
    if ours.partition(" ")[0] in verbs:
        return f"did you mean {ours!r}?"
    return did_you_mean(verb, verbs, otherwise=otherwise)


def flag_hint(flag: str, options: Collection[str]) -> str:
    """The end of a sentence about an unknown flag, for a verb with these options; "" if none is meant.

    The settings of recipes are flags where the verb has them, and `--set` pairs where it has that.
    """
    word = flag.lstrip("-").lower().replace("-", "_")
    for ours in FLAGS.get(word, ()):
        if not ours.startswith("-"):
            return ours
        if ours.split()[0] in options:
            return f"did you mean {ours}?"
    if "--set" in options:
        from googlenet.recipes import ALSO_CALLED, SETTINGS

        setting = ALSO_CALLED.get(word, word)
        if setting in SETTINGS:
            own = f"--{setting.replace('_', '-')}"
            return f"did you mean {own if own in options else f'--set {setting}=VALUE'}?"
    return did_you_mean(flag, options, likeness=0.7)


def argument_hint(argument: str, options: Collection[str]) -> str:
    """The end of a sentence about an unexpected argument: `lr=0.1` is how Ultralytics writes a setting.

    Several tars are what a shell makes of a pattern without quotes.
    """
    if argument.endswith(".tar"):
        return "to name several tars, put the pattern in quotes: 'shards/{000000..000123}.tar'"
    key, equals, _ = argument.partition("=")
    return flag_hint(f"--{key}", options) if equals and key.isidentifier() else ""
