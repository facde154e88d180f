"""Why a network gives its answer: class-activation maps, which are exact here, their overlays, and boxes."""

from googlenet.explanation.boxes import THRESHOLD, PictureBox, find_box
from googlenet.explanation.chosen_classes import find_classes
from googlenet.explanation.class_activation import class_activation_maps
from googlenet.explanation.explained import ExplainedClass, SeenPicture
from googlenet.explanation.explainer import Explainer
from googlenet.explanation.explanation import Explanation
from googlenet.explanation.overlay import overlay
from googlenet.explanation.placement import Placement, place_square
from googlenet.explanation.squares import ExplainedSquares, explain_squares

__all__ = [
    "THRESHOLD",
    "ExplainedClass",
    "ExplainedSquares",
    "Explainer",
    "Explanation",
    "PictureBox",
    "Placement",
    "SeenPicture",
    "class_activation_maps",
    "explain_squares",
    "find_box",
    "find_classes",
    "overlay",
    "place_square",
]
