"""The suite of auth ports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from alm_workbench.mpc.ports import AuthPort

from .suite import ROUNDS, PortSuite, at_once, never_true, require


class AuthPortSuite(PortSuite, ABC):
    """For an adapter of AuthPort: give it, a pair of actor and transition that it permits, and one it refuses."""

    knows_transitions: ClassVar[bool] = True
    """Whether a transition that nobody has heard of is refused to everybody."""
    admits_nobody: ClassVar[bool] = False
    """Whether an unknown actor (None) may take the permitted transition."""

    @abstractmethod
    def make_port(self) -> AuthPort:
        """A fresh port; two of them give the same answers."""

    @abstractmethod
    def permitted(self) -> tuple[str, str]:
        """An actor and a transition it may take."""

    @abstractmethod
    def refused(self) -> tuple[str, str]:
        """A known actor and a transition it may not take."""

    def test_it_is_an_auth_port(self) -> None:
        """It has the protocol's method."""
        require(isinstance(self.make_port(), AuthPort), "the port has no method `authorize`")

    def test_who_may_may(self) -> None:
        """The answer is True itself, not something true."""
        require(self.make_port().authorize(*self.permitted()) is True, "a permitted step is answered with True")

    def test_who_may_not_may_not(self) -> None:
        """The answer is False itself, not something false."""
        require(self.make_port().authorize(*self.refused()) is False, "a refused step is answered with False")

    def test_nobody_may_nothing(self) -> None:
        """An unknown actor has no rights, unless the adapter says so."""
        _, transition = self.permitted()
        if self.admits_nobody:
            require(
                self.make_port().authorize(None, transition) is True, "nobody may, says the suite; the port refuses"
            )
        else:
            never_true(lambda: self.make_port().authorize(None, transition), "nobody was let through")

    def test_ids_are_compared_whole(self) -> None:
        """Whoever resembles an actor is not that actor: not a part of the id, nor one with a blank or another letter case."""
        actor, transition = self.permitted()
        near = {
            actor[:-1],
            actor[1:],
            actor[:1],
            actor + " ",
            " " + actor,
            actor + "\0",
            actor.swapcase(),
            "",
            "*",
            "%",
        }
        for other in sorted(near - {actor}):
            never_true(
                lambda other=other: self.make_port().authorize(other, transition),  # type: ignore[misc]
                f"{other!r} passed for {actor!r}",
            )

    def test_strangers_may_nothing(self) -> None:
        """An id that nobody has has no rights, whatever its letters."""
        _, transition = self.permitted()
        for stranger in ("stranger-é😀-ıİ", "null", "None", "0", "' or 1=1 --"):
            never_true(
                lambda stranger=stranger: self.make_port().authorize(stranger, transition),  # type: ignore[misc]
                f"the stranger {stranger!r} was let through",
            )

    def test_unknown_transitions_are_refused(self) -> None:
        """A step that nobody has heard of is nobody's right."""
        actor, _ = self.permitted()
        if self.knows_transitions:
            for transition in ("", "no-such-step-é😀", "*", "__class__"):
                never_true(
                    lambda transition=transition: self.make_port().authorize(actor, transition),  # type: ignore[misc]
                    f"the unknown transition {transition!r} was permitted",
                )

    def test_the_same_question_has_the_same_answer(self) -> None:
        """However often and in whatever order it is asked, and whichever instance is asked."""
        one, two = self.make_port(), self.make_port()
        for port in (one, two) * ROUNDS:
            require(port.authorize(*self.refused()) is False, "asking again changed the answer to a refused step")
            require(port.authorize(*self.permitted()) is True, "asking again changed the answer to a permitted step")

    def test_many_may_ask_at_once(self) -> None:
        """One port serves several threads without mixing their questions up."""
        port, yes, no = self.make_port(), self.permitted(), self.refused()
        answers = at_once(lambda i: port.authorize(*(no if i % 2 else yes)))
        require(answers == [i % 2 == 0 for i in range(len(answers))], "answers got mixed up between threads")
