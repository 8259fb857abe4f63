"""The manifest core beside real databases."""
