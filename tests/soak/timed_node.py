"""A node's process whose timing is measured: its folder, its records, and queries about children
whom it knows in different ways.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

from fakes.node_folder import THE_BROKER, NodeFolder
from fakes.node_records import an_involvement
from fakes.node_world import (
    COUNCIL,
    HERE,
    a_child,
    a_query,
    a_record,
    another_child,
)
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.tls import ServerTls
from soak.processes import python

AGENCIES: Final = tuple(sorted({COUNCIL, *(AgencyId(f"{HERE}.a{number}") for number in range(4))}))


def child_of(name: str) -> Demographics:
    """The child that a query of this class is about. No two of them share a blocking key, so that
    a miss opens nowhere."""
    letter = {"hit": "A", "shielded": "S", "four": "F"}.get(name, "N")
    number = {"A": 42, "S": 50, "F": 69, "N": 34}[letter]
    return a_child(
        forename=f"{letter}marigold",
        surname=f"{letter}thistlewood",
        dob=date(2015, 2, number % 28 + 1),
        postcode=f"B{number} 9{letter}{letter}",
        health_number=f"99900000{number}",
    )


class Node(NodeFolder):
    """A node's folder, and what its broker needs to speak to it."""

    @property
    def tls(self) -> ServerTls:
        """What the node's broker shows."""
        return self.authority.server(THE_BROKER)

    def query(self, child: Demographics, at: float) -> bytes:
        return a_query(child, at=at, federation=self.federation, peppers=self.pepper).wire

    @contextmanager
    def running(self, cores: Collection[int]) -> Iterator[None]:
        """Run the node's process, and what it starts, on ``cores``."""
        program = "from agency_node.cli import main; main()"
        words = python("-c", program, "run", "--settings", str(self.settings_file))
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(words, stderr=log, stdout=log)
            os.sched_setaffinity(process.pid, cores)
            try:
                yield
            finally:
                process.terminate()
                process.wait()


def a_node(folder: Path) -> Node:
    node = Node.create(folder, AGENCIES)
    for agency in AGENCIES:
        held = [another_child()]
        if agency != COUNCIL:
            held.append(child_of("four"))
        if agency == AGENCIES[1]:
            held += [child_of("hit"), child_of("shielded")]
        shielded = child_of("shielded")
        rows = [an_involvement()], [an_involvement(shielded=True)]
        node.put(agency, *(a_record(n, c, *rows[c == shielded]) for n, c in enumerate(held)))
    return node


def hash_of(node: Node, wire: bytes) -> bytes:
    return read_query(wire, node.federation.requester_key).hash
