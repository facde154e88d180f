"""The recipes by name. Above each: its purpose, its source, and where its results are."""

from __future__ import annotations

from googlenet.errors import SettingsError
from googlenet.recipes.recipe import Recipe
from googlenet.suggestions import did_you_mean

# Exactly Section 6: momentum 0.9, rate 4 % lower every 8 epochs, Polyak averaging, patches of 8 to 100 %, photometric
# distortion, random interpolation, auxiliary losses weighted by 0.3. What the paper does not state is Caffe's
# replication: batch size 32, rate 0.01, weight decay 2e-4, 250 epochs. The initialization is our own
# (`network/initialization.py` explains it), and the mean is taken over the last quarter. Results: docs/results.md,
# "Imagenette from scratch".
PAPER = Recipe(input_size=224, resize_size=256, epochs=250)

# The most accurate network from random weights within minutes on a few cores; meant for --minutes. Small inputs first,
# because four of 64 px cost as much as one of 128; batch normalisation and orthogonal updates, because they learn more
# from each picture; mild patches and no colour changes, because there is no time to overfit. In float32: bfloat16 would
# see 33 to 80 % more pictures, but its effect on the accuracy was not measured. Tuned on a tenth of Imagenette's
# training pictures. Results: docs/results.md, "Imagenette from scratch".
SCRATCH = Recipe(
    variant="batchnorm",
    input_size=144,  # objects appear larger in patches than in whole pictures, so whole pictures get more pixels
    train_sizes=((0.0, 64), (0.32, 96), (0.85, 112)),
    epochs=30,
    batch_size=128,
    optimizer="muon",
    learning_rate=0.06,
    vector_rate=0.5,
    schedule="linear",
    warmup=0.05,
    weight_decay=5e-4,
    label_smoothing=0.1,
    auxiliary_weight=0.0,
    dropout=0.2,
    patch_area=(0.35, 1.0),
    photometric=None,
    lighting=0.0,
    interpolations=("bilinear",),
    averaging="none",
    selection="last",
    validate_every=10,
)

# From another model's weights (--start) to new classes, within minutes on a few cores. A linear probe of 1,000 pictures
# is the first classifier: 11 s of features on two cores. Conv1 and conv2 are frozen: they change least, and an update
# without them takes 0.8 of the time. AdamW, because the rate that suits momentum SGD diverges from a probe of many
# classes. Patches of 0.35 to 0.8 of the area at 192 px show things as large as evaluation does (256 px resized, 224 px
# of it), at three quarters of the cost of 224 px. Tuned on three fifths of clothing10's train and val, each held out in
# turn. Results: docs/results.md, "Fine-tuning".
FINETUNE = Recipe(
    adaptive_auxiliary_pooling=True,
    input_size=224,
    resize_size=256,
    train_sizes=((0.0, 192),),
    epochs=12,
    least_steps=400,
    batch_size=32,
    balance=0.5,
    optimizer="adamw",
    learning_rate=3e-4,
    warmup=0.1,
    linear_probe=1000,
    frozen="conv2",
    schedule="linear",
    weight_decay=0.02,
    label_smoothing=0.05,
    auxiliary_weight=0.0,
    dropout=0.2,
    patch_area=(0.35, 0.8),
    patch_aspect=(0.85, 1.18),
    photometric=None,
    lighting=0.0,
    interpolations=("bilinear",),
    averaging="exponential",
    averaging_decay=0.99,
    averaging_start=0.0,
    selection="last",
    validate_every=3,
    precision="auto",
)

# Small pictures of simple things, such as the embedded digits, in a minute or two on two cores. Mirroring changes what
# a digit is, and digits have no colour, so both are off. Results: docs/results.md, "Digits".
SMALL = Recipe(
    variant="small-32",
    width=0.5,
    channels=1,
    input_size=32,
    fit="squash",
    epochs=6,
    batch_size=32,
    learning_rate=0.05,
    schedule="linear",
    warmup=0.1,
    nesterov=True,
    weight_decay=5e-4,
    label_smoothing=0.1,
    patch_area=(0.6, 1.0),
    photometric=None,
    lighting=0.0,
    interpolations=("bilinear",),
    mirror=False,
    averaging="exponential",
    averaging_decay=0.98,
    averaging_start=0.0,
    dropout=0.2,
    selection="last",
    validate_every=2,
)

# A complete training in a few seconds, for tests and for trying out a folder; the accuracy is meaningless.
SMOKE = Recipe(
    variant="small-32",
    width=0.125,
    input_size=28,
    fit="squash",
    epochs=2,
    batch_size=16,
    learning_rate=0.05,
    schedule="linear",
    averaging="exponential",
    averaging_decay=0.9,
    averaging_start=0.0,
)

RECIPES: dict[str, Recipe] = {
    "paper": PAPER,
    "scratch": SCRATCH,
    "finetune": FINETUNE,
    "small": SMALL,
    "smoke": SMOKE,
}
PURPOSES: dict[str, str] = {
    "paper": "exactly Section 6 of the paper, at 224 px",
    "scratch": "the best network from random weights within minutes or hours; the default with --from-scratch",
    "finetune": "new classes from another model's weights, by default the shipped bvlc; the default",
    "small": "small pictures of simple things; the default for embedded sets",
    "smoke": "a few seconds, to check that everything works; for tests",
}
STARTS: dict[str, str | None] = {
    "paper": None,
    "scratch": None,
    "finetune": "bvlc",
    "small": None,
    "smoke": None,
}
"""The shipped weights that a training with the recipe starts from unless the user says otherwise; None: random ones."""


def get_recipe(name: str) -> Recipe:
    """The recipe of this name; raises SettingsError with a suggestion for an unknown one."""
    if name not in RECIPES:
        hint = did_you_mean(name, RECIPES, otherwise=f"choose from {', '.join(RECIPES)}")
        raise SettingsError(f"unknown recipe {name!r}; {hint}")
    return RECIPES[name]
