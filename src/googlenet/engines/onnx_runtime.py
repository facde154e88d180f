"""ONNX Runtime without its telemetry: the one place that imports it.

Since 1.29 it sends events to Microsoft and keeps a device's number below the home folder, from native code that starts
with the first session. The variable below is its own way to have none of that; it is read when the library is loaded.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime"]
