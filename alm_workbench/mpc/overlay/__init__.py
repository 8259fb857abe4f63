"""Variants of a manifest: overlays that change definitions without touching the text they come from."""

from __future__ import annotations

from .apply import OverlayResult, apply_overlays
from .patching import apply_json_patch, merge_patch

__all__ = ["OverlayResult", "apply_json_patch", "apply_overlays", "merge_patch"]
