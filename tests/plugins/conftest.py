"""The built wheel, and a clean environment that holds it."""

from tests.factories.packages import clean, wheel

__all__ = ["clean", "wheel"]
