"""A node's folder, as enrolment and imports leave it, for tests that run its process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from agency_node.importing.wiring import open_store
from agency_node.records.ports import Child, Effort
from agency_node.records.records import ChildRecord
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from fakes.certificates import FakeAuthority
from fakes.node_world import BROKER, EPOCH, FEDERATION, NODE, a_federation, one_pepper, tags_of
from fakes.party_folder import addresses_of, enrol, free_address, node_settings_file
from fakes.repository import FakeRepository
from fakes.simulated_holders import Peppers
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import PepperStore
from fingerpost.private.linkage import NORMALISATION_VERSION, Side
from fingerpost.private.pepper_sealing import seal_pepper
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime import settings as settings_files
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.witness import WitnessFolder

ME: Final = Identity(FEDERATION, NODE, Party.NODE)
THE_BROKER: Final = Identity(FEDERATION, BROKER, Party.BROKER)


@dataclass
class NodeFolder:
    """The node's folders as its operator lays them out, and what its broker needs to speak to it.

    ``address``: where the node looks for its broker.
    """

    folder: Path
    authority: FakeAuthority
    repository: FakeRepository
    federation: Federation
    pepper: Peppers
    address: str

    @classmethod
    def create(cls, folder: Path, agencies: Sequence[AgencyId]) -> Self:
        """A node that is enrolled, has the list and its pepper, and has imported nothing."""
        now = time.time()
        federation = a_federation(now, agencies)
        authority = FakeAuthority.create(folder / "authority")
        repository = FakeRepository(folder, now)
        address = free_address()
        addresses = addresses_of(federation.parameters, nodes=address)
        keys = enrol(folder, ME, addresses, authority, repository.root.read_bytes())
        me = replace(federation.members[NODE], signing_key=keys.public_key)
        federation = replace(federation, version=1, members={**federation.members, NODE: me})
        node_settings_file(folder, agencies)
        pepper = one_pepper(now)
        files = PepperFiles(folder / "state" / "peppers", WitnessFolder(folder / "witness"))
        receiving = dict(PepperStore(files, NODE).prepare(federation.parameters, now))
        repository.publish(federation, [seal_pepper(pepper.first[EPOCH], NODE, receiving[EPOCH])])
        return cls(folder, authority, repository, federation, pepper, address)

    @property
    def settings_file(self) -> Path:
        return self.folder / "node.toml"

    @property
    def settings(self) -> NodeSettings:
        return settings_files.load(self.settings_file, NodeSettings)

    def put(self, agency: AgencyId, *children: ChildRecord, age: int = 60) -> None:
        """Import the children as all that the agency has, from an export of ``age`` seconds ago."""
        records = open_store(self.settings)
        imports = SqlImports(records)
        staged = imports.begin(
            agency,
            bytes(32),
            as_of=int(time.time()) - age,
            normalisation_version=NORMALISATION_VERSION,
            upn=False,
            now=1000,
        )
        rows = [
            Child(c.demographics, c.involvements, bytes(16), b"", c.origin, c.local_id)
            for c in children
        ]
        imports.add(agency, staged.number, 0, rows)
        imports.close_staging(agency, staged.number)
        tags = [tags_of(c.demographics, Side.RECORD) for c in children]
        imports.put_tags(agency, staged.number, EPOCH, 0, tags, Effort())
        imports.complete(agency, staged.number, 1000)
        records.close()
