"""What the verbs do, without parsing and printing: the road of both the command and Python.

Imported eagerly, so that `workflow.evaluate` is the function and never its module; what is heavy is imported when it
runs.
"""

from googlenet.workflow.evaluate import evaluate, evaluate_models

__all__ = ["evaluate", "evaluate_models"]
