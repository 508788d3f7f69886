"""Where the demonstration keeps everything, and which ports it uses.

All state lies in one new folder that only this user can read; it is removed at the end. Ports are
free ones on loopback.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from authority.bundles import AddressBook
from fingerpost.protocol.ids import MemberId

BROKER, ISSUER = MemberId("broker"), MemberId("issuer")
HOLDERS = (MemberId("holder-north"), MemberId("holder-south"))


@dataclass(frozen=True, slots=True)
class Layout:
    """``root`` is short, since the health sockets' paths may not pass 107 characters."""

    root: Path
    issuer: str
    broker_nodes: str
    broker_askers: str
    holders: tuple[str, str]

    def of(self, member: MemberId) -> Path:
        """A member's own folder: nothing in it is shared with another."""
        return self.root / member.value

    @property
    def authority(self) -> Path:
        return self.root / "authority"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def addresses(self) -> AddressBook:
        return AddressBook(
            issuer=self.issuer,
            broker_nodes=self.broker_nodes,
            broker_askers=self.broker_askers,
            key_holders=self.holders,
        )


def lay_out(root: Path) -> Layout:
    ports = free_ports(5)
    issuer, nodes, requesters, first, second = (f"127.0.0.1:{port}" for port in ports)
    return Layout(root, issuer, nodes, requesters, (first, second))


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody listened on a moment ago, all different."""
    with ExitStack() as open_sockets:
        found = []
        for _ in range(count):
            held = open_sockets.enter_context(socket.socket())
            held.bind(("127.0.0.1", 0))
            found.append(int(held.getsockname()[1]))
        return tuple(found)
