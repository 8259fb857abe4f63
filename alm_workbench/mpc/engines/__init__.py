"""Decisions over a compiled manifest: transitions, policies, access."""
