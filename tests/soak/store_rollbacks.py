"""Single stores put back to an earlier state, each alone, under a party that is then started.

The whole folder of a party, put back, is refused by the first store that notices (``rollbacks``).
Here each store has to notice by itself, or it has to be harmless that it does not; ``STORES`` says
which, and why. Before the earlier state was copied, the agencies' records lacked the children that
are asked about, nobody was suspended, and an account that is disabled now was in force. So an
answer from old records, a member that is let in again, and an account that signs in would show.

A store whose party went on from the earlier state by itself is left so; to the others their newest
state is given back. No record is lost by either.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from authority.issuer import wiring as issuer_wiring
from authority.repository import SNAPSHOT
from deploy.demo.patience import Stuck
from fakes.federations import HOLDERS
from fingerpost.membership.commands import NOT_DONE, UNDONE
from fingerpost.protocol.codes import Kind
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import DenyList
from fingerpost.protocol.federation import Party as PartyKind
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.rpc import CODE_KEY
from fingerpost.runtime.settings import load
from integration.running_federation import (
    ASKED,
    BROKER,
    BROTHER,
    COUNCIL,
    DESK_EMAIL,
    DESK_PHONE,
    EXPORTS,
    GATEWAY,
    GP,
    GP_PHONE,
    GP_WORKER,
    HEALTH,
    HOSTED,
    ISSUER,
    OAK,
    OUT_OF_HOURS,
    SCHOOLS,
    SPARE,
    WORKER,
    WORKER_ROLE,
    a_row,
    an_export,
)
from integration.wire_callers import ATTACH
from practitioner.settings import GatewaySettings
from practitioner.wiring import open_people
from soak.federation import Federation, federation
from soak.framework import Run, scenario
from soak.oracle import CHILDREN, HELD_BY, Verdict
from soak.processes import Party, command, environment, python, until
from soak.rollbacks import copied
from unit.practitioner.test_accounts import ANN, PASSWORD

EARLIER: Final = "earlier"
SIDONY: Final = replace(
    ASKED, forename="Sidony", surname="Thornapple", dob=date(2014, 6, 1), health_number=""
)
LYSANDER: Final = replace(BROTHER, forename="Lysander", surname="Coldharbour", postcode="WX5 3RN")
WHOM_TO_RING: Final = {"worker_name": GP_WORKER, "desk_phone": GP_PHONE}
RECORDS: Final = {
    **EXPORTS,
    OAK: an_export(
        a_row(
            SIDONY,
            Kind.EDU_SCHOOL,
            worker_name=WORKER,
            worker_role=WORKER_ROLE,
            desk_phone=DESK_PHONE,
            desk_email=DESK_EMAIL,
            ooh_phone=OUT_OF_HOURS,
        )
    ),
    GP: an_export(
        a_row(SIDONY, Kind.GP, shield="yes", **WHOM_TO_RING),
        a_row(LYSANDER, Kind.GP, **WHOM_TO_RING),
    ),
}
"""Earlier exports, in which nobody that is asked about is named."""
REFUSED_SECONDS: Final = 60.0
"""A stream that is let in lasts for longer."""
REFUSED, NAMED, HARMLESS = "refused", "named", "harmless"


@dataclass(frozen=True, slots=True)
class Trial:
    """A party that runs on a store that was put back. ``since``: how much it had written before."""

    fed: Federation
    parties: tuple[Party, ...]
    since: tuple[int, ...]
    ended: tuple[int, ...]

    def written(self) -> str:
        each = zip(self.parties, self.since, strict=True)
        return "".join(party.written()[since:] for party, since in each)

    def has_ended(self) -> bool:
        each = zip(self.parties, self.ended, strict=True)
        return any(len(party.ended) > ended for party, ended in each)


Judge = Callable[[Trial], Awaitable[None]]
"""Raises ``Stuck`` where the party does anything else than it must."""


@dataclass(frozen=True, slots=True)
class Store:
    """What is put back.

    Args:
        home: the name of the party's folder.
        paths: below it.
        ends: what has to come of it.
        heals: whether the party goes on from it by itself.
        starts: whether the party is started at all.
    """

    home: str
    paths: tuple[str, ...]
    ends: str
    judge: Judge
    heals: bool = False
    starts: bool = True

    def __str__(self) -> str:
        return f"{self.home}: {' with '.join(self.paths)}"


# ---- what has to come of it ----------------------------------------------------------------------


def does_not_start(text: str, *, whole: bool = False) -> Judge:
    """The party ends, and its message has ``text``; no lookup is whole, unless ``whole``: the party
    has no part in lookups."""

    async def judge(trial: Trial) -> None:
        await until(lambda: trial.has_ended() and text in trial.written(), f"a party to say {text}")
        if trial.fed.asking not in trial.parties:
            await _ask_all(trial, whole=whole)

    return judge


def says(event: str) -> Judge:
    """The log names it, and the first lookup is not whole."""

    async def judge(trial: Trial) -> None:
        await until(lambda: event in trial.written(), f"a party to report {event}")
        await _ask_all(trial, whole=False)

    return judge


def no_lookup(error: str) -> Judge:
    """The gateway makes none."""

    async def judge(trial: Trial) -> None:
        for child in sorted(CHILDREN):
            await trial.fed.ask(child)
            _, shown = trial.fed.handed[-1]
            if shown.refused != error:
                raise Stuck(f"a lookup ended as {shown}, and not by {error}")

    return judge


def goes_on(*also: Judge) -> Judge:
    """Lookups are whole; then ``also``."""

    async def judge(trial: Trial) -> None:
        await trial.fed.whole()
        await _ask_all(trial, whole=True)
        for each in also:
            await each(trial)

    return judge


def command_refuses(
    module: str, settings: str, text: str, *words: str, status: int = NOT_DONE
) -> Judge:
    """The party's command line ends with ``status`` and has ``text`` in its message."""

    async def judge(trial: Trial) -> None:
        path = trial.fed.home(trial.parties[0]) / settings
        process = await asyncio.create_subprocess_exec(
            *python(*command(module, *words, "--settings", str(path))),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment(),
        )
        said, _ = await process.communicate()
        if process.returncode != status or text not in said.decode():
            raise Stuck(f"{' '.join(words)} ended with {process.returncode}: {said.decode()}")

    return judge


async def suspended_is_out(trial: Trial) -> None:
    """Who is suspended now, and was not earlier, is refused by the broker."""
    fed = trial.fed
    door = fed.founded.door("nodes")
    async with door.dial(fed.founded.papers(SPARE, PartyKind.NODE)) as channel:
        raw: Any = channel
        call = raw.stream_stream(ATTACH)(timeout=REFUSED_SECONDS)
        status = await call.code()  # it ends before anything is said on it
        said = dict(await call.trailing_metadata() or ())
    if said.get(CODE_KEY) != Code.NOT_A_MEMBER.value:
        raise Stuck(f"a suspended member was not refused: {status}")


async def list_put_back(trial: Trial) -> None:
    await until(lambda: "list.put_back" in trial.written(), "the issuer to report its repository")


async def list_goes_on(trial: Trial) -> None:
    """What the issuer signs from now on reaches the members."""
    fed = trial.fed
    await asyncio.to_thread(suspend, fed, certificate=0xABC + fed.run.done)
    published = fed.issuer_settings.repository / "metadata" / f"{SNAPSHOT}.json"
    held = fed.home(fed.broker) / "list" / "newest" / f"{SNAPSHOT}.json"
    wanted = published.read_bytes()
    await until(lambda: held.read_bytes() == wanted, "the broker to take the issuer's list")
    await suspended_is_out(trial)


async def heads_are_left(trial: Trial) -> None:
    """A member that is started leaves its heads, as every hour."""
    fed = trial.fed
    holder = fed.holders[1]
    await fed.down(holder)
    await fed.up(holder)
    await until(lambda: "heads.put_back" in trial.written(), "the issuer to report heads")
    await fed.whole()


async def _ask_all(trial: Trial, *, whole: bool) -> None:
    """Ask about each child. Whatever is false is counted by the federation."""
    for number, child in enumerate(sorted(CHILDREN)):
        verdict = await trial.fed.ask(child)
        if verdict is Verdict.WHOLE and not whole and number == 0:
            raise Stuck("a lookup was whole on a store that was put back")


# ---- the stores ----------------------------------------------------------------------------------


def of_the_issuer() -> Iterator[Store]:
    home = ISSUER.value
    older = does_not_start("(OLDER)", whole=True)
    yield Store(home, ("online/deny-list.json",), REFUSED, older)
    ends = does_not_start("the audit log ends at entry", whole=True)
    yield Store(home, ("online/state/audit.sqlite",), REFUSED, ends)
    heads = ("online/state/heads.sqlite",)
    yield Store(home, heads, NAMED, heads_are_left, heals=True)
    signed = ("timestamp.json", "snapshot.json", "deny-list.json")
    for paths in (("repository",), *((f"repository/metadata/{name}",) for name in signed)):
        yield Store(home, paths, NAMED, goes_on(list_put_back, list_goes_on), heals=True)
    yield from witness(home)


def of_the_broker() -> Iterator[Store]:
    home = BROKER.value
    anew = says("broker.replay_set_anew")
    yield Store(home, ("state/replay.sqlite",), NAMED, anew, heals=True)
    ends = does_not_start("the audit log ends at entry")
    yield Store(home, ("state/hash-log.sqlite",), REFUSED, ends)
    paths = ("state/hash-log.sqlite", "witness/hash-log.mark")
    yield with_its_head(home, paths, "broker.cli", "broker.toml", "audit", "verify")
    # The issuer gives it the newest.
    yield Store(home, ("list",), HARMLESS, goes_on(suspended_is_out), heals=True)
    yield from witness(home)


def of_a_holder(home: str) -> Iterator[Store]:
    yield Store(home, ("kept/data/meter.sqlite",), REFUSED, does_not_start("(OLDER)"))
    log = "kept/data/audit.sqlite"
    yield Store(home, (log,), REFUSED, does_not_start("the audit log ends at entry"))
    paths = (log, "witness/audit.mark")
    yield with_its_head(home, paths, "key_holder.cli", "key-holder.toml", "audit", "verify")
    yield from list_and_witness(home)


def of_a_node(home: str, agencies: Sequence[AgencyId]) -> Iterator[Store]:
    yield Store(home, ("state/journal.sqlite",), NAMED, says("node.journal_put_back"), heals=True)
    for agency in agencies:
        if not any(agency in holders for holders in HELD_BY.values()):
            continue  # nothing opens there and nothing else came, so neither of both is older
        register = f"state/shields/{agency}.sealed"
        yield Store(home, (register,), NAMED, says("node.shields_refused"))
        log = f"state/audit/{agency}.sqlite"
        yield Store(home, (log,), NAMED, says("node.log_refused"))
        paths = (log, f"witness/audit.{agency}.mark")
        words = ("audit", "verify", "--agency", str(agency))
        yield with_its_head(home, paths, "agency_node.cli", "node.toml", *words)
    yield from list_and_witness(home)


def of_a_node_that_is_asked(home: str) -> Iterator[Store]:
    """Of one that knows a child whom the earlier records did not name."""
    yield Store(home, ("state/records.sqlite",), NAMED, says("records.behind"))
    # Nothing is decided from notes: some are lost, and some are sent again.
    yield Store(home, ("state/notes.sqlite",), HARMLESS, goes_on(), heals=True)
    yield Store(home, ("state/notices.sqlite",), HARMLESS, goes_on(), heals=True)


def of_the_gateway() -> Iterator[Store]:
    home, settings = GATEWAY.value, "settings.toml"
    listing = command_refuses("practitioner.cli", settings, "(OLDER)", "account", "list")
    yield Store(home, ("accounts.sqlite",), REFUSED, listing)
    yield Store(home, ("outcomes.sqlite",), REFUSED, does_not_start("(OLDER)"))
    yield Store(home, ("outcomes.sqlite.generations",), REFUSED, no_lookup("PutBack"))
    log = "council.audit.sqlite"
    yield Store(home, (log,), REFUSED, no_lookup("StoreBehind"))
    paths = (log, f"witness/audit.{COUNCIL}.mark")
    yield with_its_head(home, paths, "practitioner.cli", settings, "audit", "verify")
    # As of a node.
    yield Store(home, ("outcomes.sqlite.notes",), HARMLESS, goes_on(), heals=True)
    yield from list_and_witness(home)


def with_its_head(
    home: str, paths: tuple[str, ...], module: str, settings: str, *words: str
) -> Store:
    """A log and its head, put back together: the heads at the issuer show it."""
    text = "does not go on from the head"
    judge = command_refuses(module, settings, text, *words, "--deposits", status=UNDONE)
    return Store(home, paths, NAMED, judge, starts=False)


def list_and_witness(home: str) -> Iterator[Store]:
    # The broker or the issuer gives it the newest.
    yield Store(home, ("list",), HARMLESS, goes_on(), heals=True)
    yield from witness(home)


def witness(home: str) -> Iterator[Store]:
    """All stores are ahead of it, as after a crash between a commit and its mark. It is given back,
    since the mark of what the party does not write meanwhile would stay behind."""
    yield Store(home, ("witness",), HARMLESS, goes_on())


STORES: Final = (
    *of_the_issuer(),
    *of_the_broker(),
    *(store for holder in HOLDERS for store in of_a_holder(holder.value)),
    *(store for node, hosted in HOSTED.items() for store in of_a_node(node.value, hosted)),
    *(store for node in (SCHOOLS, HEALTH) for store in of_a_node_that_is_asked(node.value)),
    *of_the_gateway(),
)


# ---- putting back --------------------------------------------------------------------------------


def moved(path: Path, source: Path) -> None:
    """Put what lies at ``source`` in the place of ``path``. A database comes with what belongs to
    it."""
    for each in _with_its_log(path):
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    for each in _with_its_log(source):
        target = path.with_name(each.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(each, target) if each.is_dir() else shutil.copy2(each, target)


def _with_its_log(path: Path) -> list[Path]:
    named = (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm")))
    return [each for each in named if each.exists()]


def content(path: Path) -> dict[str, bytes]:
    files = path.rglob("*") if path.is_dir() else _with_its_log(path)
    return {str(f.relative_to(path.parent)): f.read_bytes() for f in files if f.is_file()}


async def trial(fed: Federation, store: Store, earlier: Path, newest: Path) -> None:
    parties = parties_of(fed, store.home)
    home = fed.folder / store.home
    await fed.down(*parties)
    for path in store.paths:
        if content(home / path) == content(earlier / store.home / path):
            raise Stuck(f"{store}: it is not older than what is there")
        moved(newest / path, home / path)
        moved(home / path, earlier / store.home / path)
    found = Trial(
        fed,
        parties,
        tuple(len(party.written()) for party in parties),
        tuple(len(party.ended) for party in parties),
    )
    try:
        for party in parties if store.starts else ():
            await party.up()  # one that refuses its store never listens
        await store.judge(found)
        await fed.down(*parties)
        if not store.heals:
            for path in store.paths:
                moved(home / path, newest / path)
        await fed.up(*parties)
        await fed.whole()
    except Stuck as error:
        raise Stuck(f"{store}: {error}") from None


def parties_of(fed: Federation, home: str) -> tuple[Party, ...]:
    return tuple(party for party in fed.parties if fed.home(party).name == home)


# ---- what happened between the earlier state and the newest -------------------------------------


def suspend(fed: Federation, certificate: int = 0xABC) -> None:
    """Suspend a member, and a certificate of its own each time."""
    online = issuer_wiring.open_online(fed.issuer_settings)

    def change(before: DenyList) -> DenyList:
        return replace(
            before,
            members=before.members | {SPARE},
            certificates=before.certificates | {certificate},
        )

    online.change_deny_list(change, time.time())


async def two_states(fed: Federation, earlier: Path) -> None:
    """Copy every folder; then let so much happen that no store is what it was."""
    settings = load(fed.home(fed.asking) / "settings.toml", GatewaySettings)
    with open_people(settings) as people:
        people.accounts.add(replace(ANN, agency=COUNCIL), PASSWORD)
    asking = (*fed.nodes.values(), fed.keeper, fed.asking)
    await fed.down(*asking)
    await fed.import_(RECORDS)
    await fed.down(*fed.parties)
    for home in {fed.home(party) for party in fed.parties}:
        copied(home, earlier / home.name)
    await fed.up(fed.issuer, fed.broker, *fed.holders)
    await fed.import_(EXPORTS)
    await fed.up(*asking)
    await fed.whole()
    for child in sorted(CHILDREN):
        await fed.ask(child)
    with open_people(settings) as people:
        people.accounts.disable(COUNCIL, ANN.subject)
    await asyncio.to_thread(suspend, fed)
    await fed.down(*fed.parties)
    left = times_left(fed)
    await fed.up(*fed.parties)
    await fed.whole()
    await until(lambda: _all_later(left, times_left(fed)), "all members to leave their heads")


def times_left(fed: Federation) -> dict[str, int]:
    """Return when each member left its heads last."""
    with closing(issuer_wiring.open_heads(fed.issuer_settings)) as heads:
        return {str(member): at for member, _, at in heads.newest()}


def _all_later(before: dict[str, int], after: dict[str, int]) -> bool:
    return all(after[member] > at for member, at in before.items())


@scenario
async def store_rollbacks(run: Run) -> None:
    """Each store of each party alone put back to an earlier state, and the party started."""
    ended: Counter[str] = Counter()
    async with federation(run) as fed:
        earlier, newest = fed.folder / EARLIER, fed.folder / "newest"
        await two_states(fed, earlier)
        order: list[Store] = []
        while run.goes_on():
            order = order or run.random.sample(STORES, len(STORES))
            store = order.pop()
            began = time.monotonic()
            await trial(fed, store, earlier, newest)
            shutil.rmtree(newest)
            ended[store.ends] += 1
            took = time.monotonic() - began
            run.say(f"{run.name} {run.done}: {store}: {store.ends}, {took:.0f} s")
    counts = (f"{ended[each]} {each}" for each in (REFUSED, NAMED, HARMLESS))
    run.note = f"of {len(STORES)} stores; " + ", ".join(counts)
