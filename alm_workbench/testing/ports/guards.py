"""The suite of guard ports."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from alm_workbench.mpc.ast import EMPTY, freeze, thaw
from alm_workbench.mpc.ports import GuardPort

from .suite import ROUNDS, PortSuite, at_once, never_true, require


@dataclass(frozen=True, slots=True)
class Question:
    """What a guard port is asked."""

    transition: str
    guard: str
    context: Mapping[str, Any] = EMPTY


class _Hostile(Mapping[str, Any]):
    """Facts that cannot be read."""

    def _refuse(self, *_: object) -> NoReturn:
        raise RuntimeError("these facts cannot be read")

    __getitem__ = __iter__ = __len__ = __contains__ = get = keys = values = items = _refuse


class GuardPortSuite(PortSuite, ABC):
    """For an adapter of GuardPort: give it, a guard that holds, and the same guard with facts for which it does not."""

    reads_context: ClassVar[bool] = True
    """Whether the guards of the questions depend on their context."""

    @abstractmethod
    def make_port(self) -> GuardPort:
        """A fresh port; two of them give the same answers."""

    @abstractmethod
    def holding(self) -> Question:
        """A question whose answer is yes."""

    @abstractmethod
    def failing(self) -> Question:
        """A question whose answer is no."""

    def _ask(self, question: Question, port: GuardPort | None = None) -> Any:
        return (port or self.make_port()).check(question.transition, question.guard, question.context)

    def test_it_is_a_guard_port(self) -> None:
        """It has the protocol's method."""
        require(isinstance(self.make_port(), GuardPort), "the port has no method `check`")

    def test_a_guard_that_holds(self) -> None:
        """The answer is True itself, not something true."""
        require(self._ask(self.holding()) is True, "a guard that holds is answered with True")

    def test_a_guard_that_does_not_hold(self) -> None:
        """The answer is False itself, not something false."""
        require(self._ask(self.failing()) is False, "a guard that does not hold is answered with False")

    def test_the_same_question_has_the_same_answer(self) -> None:
        """However often and in whatever order it is asked, and whichever instance is asked."""
        one, two = self.make_port(), self.make_port()
        for port in (one, two) * ROUNDS:
            require(self._ask(self.failing(), port) is False, "asking again changed the answer to a failing guard")
            require(self._ask(self.holding(), port) is True, "asking again changed the answer to a holding guard")

    def test_the_context_stays_as_it_was(self) -> None:
        """A guard looks; it does not touch."""
        for question in (self.holding(), self.failing()):
            facts = thaw(question.context)
            before = copy.deepcopy(facts)
            self.make_port().check(question.transition, question.guard, facts)
            require(facts == before, "the port changed the context")

    def test_a_frozen_context_will_do(self) -> None:
        """Engines hand over facts that cannot be changed."""
        question = self.holding()
        facts = freeze(question.context)
        require(
            self.make_port().check(question.transition, question.guard, facts) is True, "a frozen context is refused"
        )

    def test_what_cannot_be_decided_does_not_hold(self) -> None:
        """No facts, or facts that cannot be read, never let anybody pass."""
        question = self.holding()
        if self.reads_context:
            for facts in (EMPTY, _Hostile()):
                unknown = Question(question.transition, question.guard, facts)
                never_true(lambda unknown=unknown: self._ask(unknown), "a guard without its facts held")  # type: ignore[misc]

    def test_what_is_no_guard_does_not_hold(self) -> None:
        """Nonsense, code and nothing at all are no guards."""
        question = self.holding()
        for guard in ("", "((", "no_such_guard_é😀", "__import__('os').getcwd()", "True or", "0; true", "a" * 10_000):
            strange = Question(question.transition, guard, question.context)
            never_true(lambda strange=strange: self._ask(strange), f"the guard {guard[:40]!r} held")  # type: ignore[misc]

    def test_many_may_ask_at_once(self) -> None:
        """One port serves several threads without mixing their questions up."""
        port, yes, no = self.make_port(), self.holding(), self.failing()
        answers = at_once(lambda i: self._ask(no if i % 2 else yes, port))
        require(answers == [i % 2 == 0 for i in range(len(answers))], "answers got mixed up between threads")
