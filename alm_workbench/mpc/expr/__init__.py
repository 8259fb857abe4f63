"""Expressions: text, tree, checks, compiled functions, explanations."""
