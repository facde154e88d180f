"""Engines: what runs a model on uint8 squares. Importing this imports none of them."""

from googlenet.engines.engine import ENGINES, Engine, EngineEntry, Outputs, open_engine
from googlenet.engines.function_engine import FunctionEngine

__all__ = ["ENGINES", "Engine", "EngineEntry", "FunctionEngine", "Outputs", "open_engine"]
