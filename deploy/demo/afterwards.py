"""After the lookups: what was recorded of them, and that the records are whole.

Each party's own command follows its own chain; none of them can read another's.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from deploy.demo.federation import Federation
from deploy.demo.layout import BROKER, HOLDERS
from deploy.demo.members import gateway_of
from deploy.demo.processes import Died, run
from fingerpost.protocol.codes import AgencyKind


def verify(console: Console, federation: Federation) -> None:
    """Print what each log holds.

    Raises:
        Died: A log does not hold.
    """
    council = next(a for a in federation.people.agencies if a.kind is AgencyKind.LOCAL_AUTHORITY)
    requester = federation.requesters[0]
    logs = (
        ("what the broker may know", "fingerpost-broker", BROKER, ()),
        ("what one key holder may know", "fingerpost-key-holder", HOLDERS[0], ()),
        (
            f"who asked {council.name}",
            "fingerpost-node",
            council.node,
            ("--agency", str(council.id)),
        ),
        ("who asked at one gateway", "fingerpost", gateway_of(requester), ()),
    )
    console.print(
        "\n[bold]\\[demo] Recorded before anything was sent; each log has one owner and is whole[/]"
    )
    for what, command, member, more in logs:
        settings = federation.settings_of(member)
        done = run(command, "audit", "verify", "--settings", settings, *more)
        if done.returncode:
            raise Died(f"the log of {member} does not hold: {done.stdout}{done.stderr}")
        console.print(Text(f"  {what}: {' '.join(done.stdout.split())}"))
