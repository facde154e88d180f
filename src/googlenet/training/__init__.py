"""Training: from pictures and a recipe to a model."""

from googlenet.training.job import TrainingJob
from googlenet.training.loop import train, train_locked

__all__ = ["TrainingJob", "train", "train_locked"]
