"""``python -m tests.mutants``: the mutations of the claims, then all mutants of each module.

With names (``claims``, paths of modules) only those. What was tried is remembered in
``.cache/mutants.json`` for as long as module and tests read the same, so a run that was bounded by
``--minutes``, or interrupted, goes on where it stopped. The exit status is 1 if a mutant survived
that is not reviewed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import queue
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

from fingerpost.runtime.files import replace_file  # noqa: E402
from mutants.bench import TREE, Ended, bench  # noqa: E402
from mutants.claims import CLAIMS  # noqa: E402
from mutants.modules import REVIEWED, TESTS  # noqa: E402
from mutants.mutators import mutants  # noqa: E402

OF_CLAIMS: Final = "claims"
REMEMBERED: Final = TREE / ".cache" / "mutants.json"


@dataclass(frozen=True, slots=True)
class Try:
    """One mutant to be tried. ``name``: what is printed if it survives; ``line``: of the file, the
    changed one, or 0."""

    path: str
    text: str
    tests: tuple[str, ...]
    name: str
    reviewed: bool = False
    line: int = 0

    @property
    def key(self) -> str:
        digest = hashlib.sha256(f"{self.path}\0{self.text}\0".encode())
        for test in self.tests:
            digest.update(test.encode() + (TREE / test.partition("::")[0]).read_bytes())
        return digest.hexdigest()


def of_claims() -> Iterator[Try]:
    for each in CLAIMS:
        name = f"{each.path}: {each.test} passes without: {' '.join(each.before.split())}"
        yield Try(each.path, each.mutated(TREE), (each.test,), name)


def of_module(path: str) -> Iterator[Try]:
    reviewed = REVIEWED.get(path, {})
    for each in mutants((TREE / path).read_text("utf-8")):
        known = each.place in reviewed
        yield Try(path, each.text, TESTS[path], f"{path} {each}", known, each.line)


class Memory:
    """What was tried, kept on the disk after each try."""

    def __init__(self, fresh: bool) -> None:
        known = {} if fresh or not REMEMBERED.exists() else json.loads(REMEMBERED.read_text())
        self._known: dict[str, str] = known
        self._lock = threading.Lock()

    def of(self, key: str) -> Ended | None:
        return Ended(self._known[key]) if key in self._known else None

    def keep(self, key: str, ended: Ended) -> None:
        with self._lock:
            self._known[key] = ended.value
            REMEMBERED.parent.mkdir(exist_ok=True)
            replace_file(REMEMBERED, json.dumps(self._known, indent=0).encode(), durable=False)


def tried(tries: Sequence[Try], memory: Memory, workers: int, until: float) -> dict[int, Ended]:
    """Try all, ``workers`` at once, until the time ``until`` of the monotonic clock."""
    found: dict[int, Ended] = {}
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    # Those of one file are tried together: see the bench.
    for number, each in sorted(enumerate(tries), key=lambda numbered: numbered[1].path):
        known = memory.of(each.key)
        if known is None:
            waiting.put(number)
        else:
            found[number] = known
    failures: list[Exception] = []

    def work() -> None:
        try:
            with bench() as at:
                while time.monotonic() < until and not failures:
                    try:
                        number = waiting.get_nowait()
                    except queue.Empty:
                        return
                    each = tries[number]
                    found[number] = at.tried(each.path, each.text, each.tests, each.line)
                    memory.keep(each.key, found[number])
                    if found[number] is Ended.SURVIVED and not each.reviewed:
                        say(f"survived: {each.name}")
        except Exception as error:  # noqa: BLE001 - a thread's error is raised where it is waited for
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(workers if waiting.qsize() else 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure
    return found


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"{OF_CLAIMS}, or modules of tests/mutants/modules.py"
    )
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin no try after that")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="try again what was tried")
    chosen = parser.parse_args()
    rows = chosen.names or [OF_CLAIMS, *TESTS]
    unknown = [name for name in rows if name != OF_CLAIMS and name not in TESTS]
    if unknown:
        parser.error(f"not in the table: {', '.join(unknown)}")
    until = time.monotonic() + 60 * chosen.minutes
    memory = Memory(chosen.fresh)
    survivors: list[str] = []
    say("| mutants of | number | killed | of these hung | reviewed | survived | not tried |")
    say("|---|---|---|---|---|---|---|")
    for row in rows:
        tries = list(of_claims() if row == OF_CLAIMS else of_module(row))
        found = tried(tries, memory, chosen.workers, until)
        left = [tries[n] for n in sorted(found) if found[n] is Ended.SURVIVED]
        bad = [each.name for each in left if not each.reviewed]
        count = Counter(found.values())
        killed = count[Ended.KILLED] + count[Ended.HUNG]
        cells = (
            row, len(tries), killed, count[Ended.HUNG], len(left) - len(bad), len(bad),
            len(tries) - len(found),
        )  # fmt: skip
        say(f"| {' | '.join(map(str, cells))} |")
        survivors += bad
    for name in survivors:
        say(f"survived: {name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
