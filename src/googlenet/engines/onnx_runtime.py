"""Imports ONNX Runtime without telemetry; nothing else imports it.

Since 1.29 it sends events to Microsoft and stores a device id in the home folder, from native code that starts with the
first session. The variable below is its own opt-out; it is read when the library is loaded.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime"]
