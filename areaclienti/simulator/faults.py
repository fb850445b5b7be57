"""What goes wrong on purpose: errors that Graph answers, answers that are lost, webhooks and statuses out of order."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from areaclienti.simulator.errors import ERRORS, Refusal


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GraphFault(_Strict):
    """The next `times` messages, of one user or of anybody, are refused with this code.

    `by` status: Graph takes the message and reports the error later with a failed status, as the service does for
    many errors of delivery.
    """

    code: int
    times: int = Field(default=1, ge=1, le=100_000)
    user_id: str | None = None
    by: Literal["answer", "status"] = "answer"

    @field_validator("code")
    @classmethod
    def _is_known(cls, code: int) -> int:
        if code not in ERRORS:
            raise ValueError("not a code of errors.yml")
        return code


class GraphFaults(_Strict):
    """Of the Graph side. `lost_answers`: so many messages are taken, and the connection breaks before the answer."""

    errors: list[GraphFault] = Field(default=[], max_length=50)
    lost_answers: int = Field(default=0, ge=0, le=100_000)
    delay_ms: int = Field(default=0, ge=0, le=60_000)
    window_by: Literal["answer", "status"] = "answer"  # how a closed window is reported


class WebhookFaults(_Strict):
    """Of what is delivered to the gateway.

    `duplicates`: each webhook comes so many times more. `hold`: webhooks wait until there are so many, or for three
    seconds; they then go out in reversed order, or together in one.
    """

    duplicates: int = Field(default=0, ge=0, le=100)
    delay_ms: int = Field(default=0, ge=0, le=60_000)
    hold: int = Field(default=0, ge=0, le=100)
    release: Literal["reversed", "together"] = "reversed"


class StatusFaults(_Strict):
    """Of the statuses of a message. `late_ms` comes before the first one."""

    late_ms: int = Field(default=0, ge=0, le=60_000)
    backwards: bool = False
    leave_out: list[Literal["sent", "delivered", "read"]] = Field(default=[], max_length=3)


class Faults(_Strict):
    """Everything that goes wrong; by default nothing."""

    graph: GraphFaults = GraphFaults()
    webhooks: WebhookFaults = WebhookFaults()
    statuses: StatusFaults = StatusFaults()

    def next_error(self, user_id: str) -> GraphFault | None:
        """The fault that this message meets; it is used up by that."""
        for fault in self.graph.errors:
            if fault.user_id in (None, user_id):
                fault.times -= 1
                if fault.times == 0:
                    self.graph.errors.remove(fault)
                return fault
        return None

    def loses_answer(self) -> bool:
        """Whether this message's answer is lost; it is used up by that."""
        if self.graph.lost_answers == 0:
            return False
        self.graph.lost_answers -= 1
        return True


def injected(fault: GraphFault) -> Refusal:
    """The refusal that a fault stands for."""
    return Refusal(fault.code, "Injected by the simulator's faults.")
