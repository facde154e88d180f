"""Engines run models on uint8 squares; they are imported only when they are opened."""

from googlenet.engines.crop_runner import CropRunner, PreparedCrops, average_members
from googlenet.engines.engine import Engine, Extra, LayerEngine, Outputs
from googlenet.engines.ensemble_engine import EnsembleEngine, Member, members_of
from googlenet.engines.function_engine import FunctionEngine
from googlenet.engines.opening import ENGINES, EngineEntry, best_here, open_engine, runtime_of
from googlenet.engines.reopening import ReopenableEngine

__all__ = [
    "ENGINES",
    "CropRunner",
    "Engine",
    "EngineEntry",
    "EnsembleEngine",
    "Extra",
    "FunctionEngine",
    "LayerEngine",
    "Member",
    "Outputs",
    "PreparedCrops",
    "ReopenableEngine",
    "average_members",
    "best_here",
    "members_of",
    "open_engine",
    "runtime_of",
]
