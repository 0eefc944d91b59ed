"""A finding or an error -> the final state of a run, whose message is one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect.states import Completed, Failed

from sameset.configuration import Outcome

if TYPE_CHECKING:
    from prefect import State

__all__ = ["WARNED", "PolicyError", "failed", "judged"]

#: The name of a completed run's state whose policy warns.
WARNED = "Warned"


class PolicyError(Exception):
    """A finding that its policy does not allow; `found` is the finding as JSON."""

    def __init__(self, sentence: str, found: Any) -> None:
        super().__init__(sentence)
        self.found = found


def failed(error: Exception, sentence: str | None = None) -> State[Any]:
    """The state of a run that could not know: source or registry could not be read, or the time was up."""
    return Failed(message=sentence or str(error), data=error)


def judged(outcome: Outcome, sentence: str, found: Any) -> State[Any]:
    """The state of a run that found something: Completed, Warned (of type Completed, too) or Failed."""
    if outcome is Outcome.FAILED:
        return Failed(message=sentence, data=PolicyError(sentence, found))
    name = WARNED if outcome is Outcome.WARNED else "Completed"
    return Completed(name=name, message=sentence, data=found)
