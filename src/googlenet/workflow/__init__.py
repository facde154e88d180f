"""What the verbs do, without parsing and printing: the road of both the command and Python.

Imported eagerly, so that `workflow.train` and `workflow.evaluate` are the functions and never their modules; what is
heavy is imported when they run.
"""

from googlenet.workflow.evaluate import evaluate, evaluate_models
from googlenet.workflow.result import TrainingResult
from googlenet.workflow.run import TrainingStoppedError
from googlenet.workflow.train import train

__all__ = ["TrainingResult", "TrainingStoppedError", "evaluate", "evaluate_models", "train"]
