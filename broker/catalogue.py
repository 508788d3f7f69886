"""What the broker may write down: its log events and its audit events, with the fields each may carry.

Never here: a handle in a log, a name, a purpose (the broker knows none), anything of a query but its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOG_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "lookup.ended": frozenset({"reach", "nodes", "silent"}),
    "node.attached": frozenset({"node", "metadata_version"}),
    "node.left": frozenset({"node", "reason"}),
    "node.behind": frozenset({"node"}),
    "broker.started": frozenset({"seen"}),
}

LOOKUP_RECORDED: Final = "broker.lookup_recorded"
STORE_ADOPTED: Final = "broker.store_adopted"
AUDIT_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    LOOKUP_RECORDED: frozenset({"agency", "reach"}),
    STORE_ADOPTED: frozenset({"complete_since"}),
}
"""The hash log. The actor of a lookup is the gateway, its operation H(query); its sealed body is the practitioner's
handle, so that a month that is forgotten holds no pseudonym of a person any more."""
