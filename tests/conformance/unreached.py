"""Codes that no conformance category can yield: where each is tested instead. Reviewed."""

UNREACHED: dict[str, str] = {}
