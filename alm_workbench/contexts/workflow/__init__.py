"""Workflow in execution: instances, transitions with their reasons, and the history of states."""
