"""The recipes by name. Above each: its purpose, its source, and the run that shows what it gives."""

from __future__ import annotations

from googlenet.errors import SettingsError
from googlenet.recipes.recipe import Recipe
from googlenet.suggestions import did_you_mean

# Section 6 to the letter: momentum 0.9, 4 % less every 8 epochs, Polyak averaging, patches of 8 to 100 %, photometric
# distortion, random interpolation, auxiliary losses at 0.3. What the paper leaves open is Caffe's replication: batch
# 32, rate 0.01, weight decay 2e-4, 250 epochs. The start is ours (`network/initialization.py` says why), and the plain
# mean is taken over the last quarter. Measured: docs/results.md, "Imagenette from scratch".
PAPER = Recipe(input_size=224, resize_size=256, epochs=250)

# The most accurate network from random weights within minutes on a few cores; meant for --minutes. Small squares first,
# because four of 64 px cost as much as one of 128; batch normalisation and orthogonal updates, because they learn more
# from a picture; mild patches and no change of colour, because there is no time to overfit. In float32: with bfloat16 a
# third to four fifths more pictures would be seen, and nobody has measured what becomes of the accuracy. Tuned on a
# tenth of Imagenette's train. Measured: docs/results.md, "Imagenette from scratch".
SCRATCH = Recipe(
    variant="batchnorm",
    input_size=144,  # a patch shows things larger than a whole picture does, so whole pictures are given more pixels
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

# From another model's weights (--start) to new classes, within minutes on a few cores. Conv1 and conv2 stay as they
# are: what they see changes least, and an update without them takes 0.8 of the time. The head learns alone for a
# twentieth of the time, so that its first errors do not reach the trunk, and faster than the trunk after that. Squares
# grow beyond the input size in use: of all that was tried, larger ones helped most, though fewer are seen. Chosen on a
# fifth of clothing10's train and its val. Measured: docs/results.md, "Fine-tuning".
FINETUNE = Recipe(
    adaptive_auxiliary_pooling=True,
    input_size=224,
    resize_size=256,
    train_sizes=((0.0, 160), (0.3, 224), (0.75, 256)),
    epochs=12,
    least_steps=400,
    batch_size=32,
    balance=0.5,
    learning_rate=0.008,
    trunk_rate=0.6,
    head_warmup=0.05,
    frozen="conv2",
    schedule="linear",
    nesterov=True,
    weight_decay=5e-4,
    label_smoothing=0.1,
    auxiliary_weight=0.0,
    dropout=0.2,
    patch_area=(0.35, 1.0),
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

# Small pictures of simple things, such as the embedded digits, in a minute or two on two cores. Mirroring and colour
# change what a digit is, so both are off. Measured: docs/results.md, "Digits".
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

# Every part of a training in a few seconds, for tests and for trying out a folder; its accuracy means nothing.
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
    "paper": "Section 6 of the paper to the letter, at 224 px",
    "scratch": "the best network from random weights within minutes or hours on a few cores",
    "finetune": "new classes from another model's weights (--start); the default there",
    "small": "small pictures of simple things; the default for embedded sets",
    "smoke": "seconds, to see that everything works; for tests",
}


def get_recipe(name: str) -> Recipe:
    """The recipe of this name; raises SettingsError that suggests the nearest."""
    if name not in RECIPES:
        hint = did_you_mean(name, RECIPES, otherwise=f"there are {', '.join(RECIPES)}")
        raise SettingsError(f"no recipe is called {name!r}; {hint}")
    return RECIPES[name]
