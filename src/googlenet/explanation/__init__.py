"""Why a network gives its answer: class-activation maps, which are exact here, occlusion, overlays and boxes."""

from googlenet.explanation.boxes import THRESHOLD, PictureBox, find_box
from googlenet.explanation.chosen_classes import find_classes
from googlenet.explanation.class_activation import class_activation_maps
from googlenet.explanation.explained import ExplainedClass, SeenPicture
from googlenet.explanation.explainer import Explainer
from googlenet.explanation.explanation import Explanation
from googlenet.explanation.methods import MEANINGS, Method, check_method
from googlenet.explanation.occlusion import occlusion_maps
from googlenet.explanation.overlay import overlay
from googlenet.explanation.placement import Placement, place_square
from googlenet.explanation.squares import ExplainedSquares, explain_squares

__all__ = [
    "MEANINGS",
    "THRESHOLD",
    "ExplainedClass",
    "ExplainedSquares",
    "Explainer",
    "Explanation",
    "Method",
    "PictureBox",
    "Placement",
    "SeenPicture",
    "check_method",
    "class_activation_maps",
    "explain_squares",
    "find_box",
    "find_classes",
    "occlusion_maps",
    "overlay",
    "place_square",
]
