"""What the verbs do, without parsing and printing: the road of both the command and Python.

Imported eagerly, so that `workflow.train` is the function and never its module; what is heavy is imported when it runs.
"""

from googlenet.workflow.result import TrainingResult
from googlenet.workflow.run import TrainingStoppedError
from googlenet.workflow.train import train

__all__ = ["TrainingResult", "TrainingStoppedError", "train"]
