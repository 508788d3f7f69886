"""Tell the reader what the member list says of carrying."""

from __future__ import annotations

from collections.abc import Callable

from agency_node.reading.ports import Carriage
from fingerpost.membership.ports import Members
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import MemberId


class MemberListFeed:
    """Implements ``ports.Feed`` from the member list.

    Args:
        certificate_ends: returns when the certificate that channels use ends, in seconds since 1970
            UTC.
    """

    def __init__(
        self, broker: MemberId, members: Members, certificate_ends: Callable[[], float]
    ) -> None:
        self._broker = broker
        self._members = members
        self._certificate_ends = certificate_ends

    def carriage(self) -> Carriage:
        federation = self._members.current
        federation.member(self._broker, Party.BROKER)
        parameters = federation.parameters
        if parameters.broker != self._broker:
            raise Refused(Code.NOT_A_MEMBER, "broker")
        return Carriage(
            federation.version,
            parameters.answer_delay_ms,
            parameters.gathering_ms,
            parameters.queries_per_tick,
            parameters.queries_at_once,
            self._certificate_ends(),
        )
