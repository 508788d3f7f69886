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
from fingerpost.protocol.ids import Address, MemberId

BROKER, ISSUER = MemberId("broker"), MemberId("issuer")
HOLDERS = (MemberId("holder-north"), MemberId("holder-south"))


@dataclass(frozen=True, slots=True)
class Layout:
    """``root`` is short, since the health sockets' paths may not pass 107 characters."""

    root: Path
    addresses: AddressBook

    def of(self, member: MemberId) -> Path:
        """Return a member's own folder: nothing in it is shared with another."""
        return self.root / member.value

    @property
    def authority(self) -> Path:
        return self.root / "authority"

    @property
    def exports(self) -> Path:
        return self.root / "exports"


def lay_out(root: Path) -> Layout:
    issuer, nodes, requesters, *holders = (Address(f"127.0.0.1:{port}") for port in free_ports(5))
    return Layout(root, AddressBook(issuer, nodes, requesters, (holders[0], holders[1])))


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports that nobody listened on a moment ago, all different."""
    with ExitStack() as open_sockets:
        found = []
        for _ in range(count):
            held = open_sockets.enter_context(socket.socket())
            held.bind(("127.0.0.1", 0))
            found.append(int(held.getsockname()[1]))
        return tuple(found)
