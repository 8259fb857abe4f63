"""Manifests: documents with immutable versions, checked, drawn and compiled by the pure core."""
