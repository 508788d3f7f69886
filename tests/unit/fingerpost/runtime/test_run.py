"""The run loop: signals, exit codes, loops that go on and processes that do not."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import ManualClock
from fingerpost.protocol.errors import CallRule, Code, Defect, Refused
from fingerpost.runtime.database import StoreFailed
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.run import Backoff, Stop, Task, every, reconnect, refusal_text, supervise


def events(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def forever() -> None:
    await asyncio.Event().wait()


async def test_supervise_runs_until_stopped_and_awaits_its_parts(log: Logger) -> None:
    stop, ended = Stop(), []

    async def part() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)  # cleaning up takes a turn, and is waited for
            ended.append("part")

    async def ask_to_stop() -> None:
        await asyncio.sleep(0)
        stop.set()
        await forever()

    await supervise(stop, {"part": part, "other": ask_to_stop}, log)
    assert ended == ["part"]
    assert stop.is_set()


async def test_a_part_that_fails_stops_the_others(log: Logger) -> None:
    ended: list[str] = []

    async def part() -> None:
        try:
            await forever()
        finally:
            ended.append("part")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await supervise(Stop(), {"part": part, "fail": fail}, log)
    assert ended == ["part"]


async def test_a_part_that_ends_by_itself_is_a_defect_and_speaks_first(log: Logger) -> None:
    async def end() -> None:
        await asyncio.sleep(0)

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError

    with pytest.raises(Defect, match="end ended by itself"):
        await supervise(Stop(), {"fail": fail, "end": end}, log)


async def run_for(task: Task, clock: ManualClock, seconds: float) -> asyncio.Task[None]:
    async def go() -> None:
        await task()

    running = asyncio.create_task(go())
    await clock.run_for(seconds)
    return running


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_every_goes_on_over_errors_and_logs_their_type(
    log: Logger, log_lines: io.StringIO
) -> None:
    clock = ManualClock()
    at: list[float] = []

    async def work() -> None:
        at.append(clock.monotonic())
        if len(at) == 2:
            raise Refused(Code.UNAVAILABLE, "Amy Pond")
        if len(at) == 3:
            raise ValueError("Amy Pond")

    task = await run_for(
        lambda: every(10, 4, work, clock, random=lambda: 0.5, log=log, name="poll"), clock, 40
    )
    await cancelled(task)
    assert at == [0, 12, 24, 36]
    assert [(e["event"], e["task"], e["error"]) for e in events(log_lines)] == [
        ("task.failed", "poll", "Refused:unavailable"),
        ("task.failed", "poll", "ValueError"),
    ]


@pytest.mark.parametrize("loop", ["every", "reconnect"])
async def test_a_store_that_failed_ends_the_loop(log: Logger, loop: str) -> None:
    clock = ManualClock()

    async def work() -> None:
        raise StoreFailed("SQLITE_IOERR", fatal=True)

    task = every(1, 0, work, clock, random=lambda: 0.0, log=log, name="x")
    if loop == "reconnect":
        task.close()
        task = reconnect(work, clock, random=lambda: 0.0, log=log, name="x")
    with pytest.raises(StoreFailed):
        await task


async def test_reconnect_backs_off_and_forgets_after_a_long_life(log: Logger) -> None:
    clock = ManualClock()
    at: list[float] = []

    async def attempt() -> None:
        at.append(clock.monotonic())
        if len(at) == 7:
            await clock.sleep_until(clock.monotonic() + 31)
        elif len(at) % 2:
            raise OSError

    nearly_one = 1 - 2**-50
    task = await run_for(
        lambda: reconnect(attempt, clock, random=lambda: nearly_one, log=log, name="stream"),
        clock,
        200,
    )
    await cancelled(task)
    waits = [round(b - a, 6) for a, b in itertools.pairwise(at)]
    assert waits[:8] == [1.5, 3, 5, 5, 5, 5, 31 + 1.5, 3]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20))
def test_the_first_wait_is_short_and_none_is_long_with_full_jitter(randoms: list[float]) -> None:
    """Whoever comes back is found within seconds, however long it was away."""
    backoff = Backoff()
    for n, random in enumerate(randoms):
        wait = backoff.next(random)
        assert wait == 0.5 + random * (min(5, 1.5 * 2**n) - 0.5)
        assert 0.5 <= wait <= 5
    backoff.reset()
    assert backoff.next(0.5) == 1


PROCESS = """
    import sys
    import fingerpost.runtime
    from fingerpost.protocol.errors import Defect
    from fingerpost.runtime import logs
    from fingerpost.runtime.run import Stop, run
    from fingerpost.protocol.errors import Code, NoRoom, Refused
    async def forever(stop):
        logs.configure("p", {}, strict=False)
        sys.stdout.write("up\\n"); sys.stdout.flush()
        await stop.wait()
        if sys.argv[1] == "slow":
            sys.stdout.write("stopping\\n"); sys.stdout.flush()
            await Stop().wait()
    async def defect(stop):
        raise Defect("settings.toml: no member")
    async def full(stop):
        raise NoRoom("store.sqlite: the disk is full")
    async def crash(stop):
        logs.configure("p", {}, strict=False)
        raise ValueError("Amy Pond")
    async def refused(stop):
        logs.configure("p", {}, strict=False)
        raise Refused(Code.UNAVAILABLE, "the call failed", "issuer “one” at issuer.example:7440")
    chosen = {"defect": defect, "full": full, "crash": crash, "refused": refused}
    main = chosen.get(sys.argv[1], forever)
    raise SystemExit(run(main, party="p", program="fingerpost-p"))
"""


def process(how: str, code: str = PROCESS) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k != "GRPC_SSL_CIPHER_SUITES"}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_in_order(number: signal.Signals) -> None:
    with process("forever") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        running.send_signal(number)
        _, err = running.communicate(timeout=20)
    assert running.returncode == 0
    assert json.loads(err)["event"] == "process.stopped"


def test_a_second_signal_cancels() -> None:
    with process("slow") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        running.send_signal(signal.SIGTERM)
        assert running.stdout.readline() == "stopping\n"
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == 0


def test_a_defect_is_reported_to_the_operator() -> None:
    with process("defect") as running:
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (2, "", "fingerpost-p: settings.toml: no member\n")


def test_a_full_disk_is_reported_and_may_pass() -> None:
    with process("full") as running:
        _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (1, "fingerpost-p: store.sqlite: the disk is full\n")


def test_a_crash_is_reported_by_type_alone() -> None:
    with process("crash") as running:
        _, err = running.communicate(timeout=20)
    first, last = err.splitlines()
    crash = json.loads(first)
    assert (crash["event"], crash["error"]) == ("process.crashed", "ValueError")
    assert last == "fingerpost-p: crashed (ValueError)"
    assert running.returncode == 1


def test_another_partys_refusal_is_reported_in_words_and_may_pass() -> None:
    with process("refused") as running:
        _, err = running.communicate(timeout=20)
    first, last = err.splitlines()
    assert json.loads(first)["event"] == "process.crashed"
    assert last == (
        "fingerpost-p: ended. The other party could not be reached. (unavailable: the call failed) "
        "Asked: issuer “one” at issuer.example:7440. It may be started again."
    )
    assert running.returncode == 1  # what the units start again; 2 they do not


def test_a_refusal_is_reported_to_the_operator_with_whom_we_had_asked() -> None:
    refused = Refused(Code.NOT_A_MEMBER, CallRule.REFUSED)
    said = "The caller may not use this service. (not_a_member: refused by the other party)"
    assert refusal_text(refused) == said
    asked = Refused(refused.code, CallRule.REFUSED, "issuer “one” at issuer.example:7440")
    assert refusal_text(asked) == f"{said} Asked: issuer “one” at issuer.example:7440."
    there = pickle.loads(pickle.dumps(asked))  # noqa: S301 - our own, a line above
    assert (there.rule, there.asked) == (asked.rule, asked.asked)
    assert "issuer.example" not in str(asked) + asked.public_text  # what a log or a peer could get


def test_a_process_that_loaded_grpc_too_early_does_not_start() -> None:
    with process("forever", "import grpc\n" + textwrap.dedent(PROCESS)) as running:
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (2, "")
    assert "TLS 1.2 is not disabled" in err
