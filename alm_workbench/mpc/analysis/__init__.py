"""Static analysis: rules that can never matter, rules that contradict each other, definitions nobody uses."""

from __future__ import annotations

from .conditions import Condition, condition_of
from .rules import RuleFacts, RuleFinding, analyse, facts_of

__all__ = ["Condition", "RuleFacts", "RuleFinding", "analyse", "condition_of", "facts_of"]
