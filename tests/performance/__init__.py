"""Measurements, run by hand; their small editions run as tests."""
