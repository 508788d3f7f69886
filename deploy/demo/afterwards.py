"""After the lookups: why an agency said less for one purpose than for another, what was recorded,
and that the records are whole.

Each party's own command follows its own chain; none of them can read another's.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from deploy.demo.federation import Federation
from deploy.demo.layout import BROKER, HOLDERS
from deploy.demo.members import gateway_of
from deploy.demo.processes import Died, run
from fingerpost.protocol.codes import AgencyKind, Kind


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


def explain(console: Console, federation: Federation) -> None:
    """Print why an agency whose agreement is narrowed said what it said.

    Raises:
        Died: The command failed.
    """
    stories = federation.people.stories
    agency = min(agency for story in stories for agency in story.coarse)
    node = next(each.node for each in federation.people.agencies if each.id == agency)
    console.print(
        f"\n[bold]\\[demo] Why {agency} said less to one than to the other: its agreement[/]"
    )
    for story in stories:
        if agency not in story.coarse | story.exact:
            continue
        done = run(
            "fingerpost-node",
            *("agreements", "explain", "--settings", federation.settings_of(node)),
            *("--agency", str(agency), "--asking", str(story.requester)),
            *("--role", story.role.name, "--purpose", story.purpose.name),
            *("--involvement", Kind.GP.name),
        )
        if done.returncode:
            raise Died(f"agreements explain failed: {done.stdout}{done.stderr}")
        console.print(Text(done.stdout))
