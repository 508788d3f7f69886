"""``fingerpost-node shields``: the register of children about whom an agency discloses nothing.

One person sets a shield, and two officers lift one (``cli.officers``). What a person does is in the
agency's audit log before the register changes. Names and numbers come from prompts: what is typed
after a command stands in the list of processes, and the shell keeps it. The commands need the data
key and the audit key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from agency_node import wiring
from agency_node.answering.audit import (
    CHILD_HIDDEN,
    CHILD_SHOWN,
    REFUGE_ADDED,
    REFUGE_REMOVED,
    SHIELD_KEPT,
    SHIELD_LIFTED,
    SHIELD_OTHER,
    SHIELD_SAME,
    SHIELD_SET,
    SHIELDS_ADOPTED,
)
from agency_node.cli.audit import Agency, chosen_agency
from agency_node.cli.officers import (
    Decided,
    FirstOption,
    SecondOption,
    Statements,
    two_officers,
)
from agency_node.cli.run import PROGRAM
from agency_node.cli.typed_child import OWN_NUMBER, ask_details, child_in_words, prompted
from agency_node.importing.shielding import set_by_hand
from agency_node.importing.sources import fields as read
from agency_node.importing.wiring import data_keys, open_shields
from agency_node.records.refuges import canonical
from agency_node.records.shields import WORKING_DAYS, Likely, Register, SetBy, Shield, own_parts
from agency_node.records.store.shields import FileShields
from agency_node.records.tagging import record_inputs
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, OperationId
from fingerpost.membership import commands
from fingerpost.membership.commands import ByOption, SettingsFile, WhyOption
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import normalise
from fingerpost.private.officers import CONTENT_BYTES, Act
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.listing import a_console, show_list

_HOW: Final = {
    SetBy.FLAG: "the export",
    SetBy.UNREAD_FLAG: "the export, by a flag that cannot be read",
    SetBy.RECORDS: "the records of an earlier import",
    SetBy.REFUGE: "the postcode of a refuge",
}

POSTCODE: Final = "Postcode of the refuge"

Number = Annotated[int, typer.Option("--shield", min=1, help="The shield's number, as in list.")]
Meeting = Annotated[
    int, typer.Option("--meeting", min=1, help="The number of the meeting, as in likeness.")
]

app = typer.Typer(
    no_args_is_help=True,
    help="Read and change the register of children about whom you say nothing.",
)


def register(parent: typer.Typer) -> None:
    """Add ``shields`` to the node's command line."""
    parent.add_typer(app, name="shields")


@app.command("list")
def list_(settings_file: SettingsFile, agency: Agency = None) -> None:
    """List the shields of an agency, those that are due for review first. Times are UTC."""
    opened = _open(settings_file, agency)
    found = opened.shields.read(opened.agency)
    now = time.time()
    shields = sorted(found.shields, key=lambda shield: (shield.review_at > now, shield.number))
    console = a_console()
    show_list(
        console,
        ("Shield", "Child", "Set (UTC)", "By", "Review", "Forms", "Own numbers"),
        [tuple(_row(shield, now)) for shield in shields],
        title=str(opened.agency),
        prose=("Child", "By", "Review"),
    )
    if found.hidden:
        console.print(f"Hidden children, of whom nothing is stored: {len(found.hidden)}")
    if found.refuges:
        console.print(f"Postcodes of refuges: {len(found.refuges)}")
    console.print("A shield holds at your agency only.")


@app.command()
def likeness(settings_file: SettingsFile, agency: Agency = None) -> None:
    """List children who are likely to be shielded ones under other details, the longest first.

    Each is withheld until you say whether she is: `same` or `other`, within two working days.
    """
    opened = _open(settings_file, agency)
    found, now = opened.shields.read(opened.agency), time.time()
    show_list(
        a_console(),
        ("Meeting", "Child", "Shield", "Shielded child", "Since (UTC)", "Say by"),
        [tuple(_likely_row(likely, found, now)) for likely in found.likely],
        title=str(opened.agency),
        prose=("Child", "Shielded child", "Say by"),
    )


@app.command()
def same(
    settings_file: SettingsFile,
    number: Meeting,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Say that a likely meeting is the shielded child. All that is known of her is shielded."""
    _decide(_open(settings_file, agency), number, by, why, same=True)
    typer.echo("She is the shielded child. Only lifting the shield ends that.")


@app.command()
def other(
    settings_file: SettingsFile,
    number: Meeting,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Say that a likely meeting is another child.

    Nothing of her may lead to the shielded one. A brother or sister at the same home does: shield
    him or her, too.
    """
    _decide(_open(settings_file, agency), number, by, why, same=False)
    typer.echo(
        "She is another child, of whom you say what you say of others from the next import on. "
        "Import now: the same file can be imported again."
    )


@app.command()
def add(settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None) -> None:
    """Shield a child. You are asked for what you know of her; leave empty what you do not know.

    A running node withholds everything about her within seconds.
    """
    Actor(by), OperationId(why)  # before a child is typed
    opened = _open(settings_file, agency)
    demographics, own = opened.ask()
    number = 0

    def change(before: Register) -> Register:
        nonlocal number
        now = int(time.time())
        upn = opened.settings.agency(opened.agency).upn_keys
        after, number = set_by_hand(before, own, demographics, person=by, why=why, upn=upn, now=now)
        opened.record(SHIELD_SET, by, why, shield=number)
        return after

    opened.shields.change(opened.agency, change)
    typer.echo(f"Shielded at {opened.agency}, as shield {number}. It holds at your agency only.")
    if demographics is None:
        typer.echo("You gave your own number only: it begins with the next import. Import now.")


@app.command()
def keep(
    settings_file: SettingsFile,
    number: Number,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Say that a shield was reviewed and is still needed; you are asked again in 90 days."""
    opened, now = _open(settings_file, agency), int(time.time())
    opened.change(SHIELD_KEPT, by, why, lambda held: held.renewed(number, now), shield=number)
    typer.echo(f"Shield {number} stays.")


@app.command()
def lift(
    settings_file: SettingsFile,
    number: Number,
    why: WhyOption,
    statement: Statements = None,
    by: FirstOption = None,
    second: SecondOption = None,
    agency: Agency = None,
) -> None:
    """Lift a shield: two officers decide. Take the flag out of your own system first."""
    opened = _open(settings_file, agency)
    content = opened.about_shield(opened.shields.read(opened.agency).shield(number))
    decided = opened.decided(Act.LIFT, content, why, statement, by, second)

    def lifted(held: Register) -> Register:
        if opened.about_shield(held.shield(number)) != content:
            raise Defect(f"shield {number} has changed meanwhile")
        return held.without(number)

    opened.change_by_two(SHIELD_LIFTED, decided, why, lifted, shield=number)
    typer.echo(
        f"Shield {number} is lifted from the next import on; the same file can be imported again. "
        "She stays shielded if she has another shield, or if the export still says so."
    )


@app.command()
def hide(settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None) -> None:
    """Store nothing of a child any more. You are asked for your own number of her alone.

    Rows with this number are left out of every import from the next one on.
    """
    opened = _open(settings_file, agency)
    own = opened.own(prompted(OWN_NUMBER, read.read_local_id))
    opened.change(CHILD_HIDDEN, by, why, lambda held: held.hiding(own))
    typer.echo("Hidden from the next import on: import now. Until then the node keeps her records.")


@app.command()
def unhide(
    settings_file: SettingsFile,
    why: WhyOption,
    statement: Statements = None,
    by: FirstOption = None,
    second: SecondOption = None,
    agency: Agency = None,
) -> None:
    """Store a hidden child again: two officers decide. You are asked for your own number of her."""
    opened = _open(settings_file, agency)
    own = opened.own(prompted(OWN_NUMBER, read.read_local_id))
    decided = opened.decided(Act.UNHIDE, opened.about(own), why, statement, by, second)
    opened.change_by_two(CHILD_SHOWN, decided, why, lambda held: held.not_hiding(own))
    typer.echo("She is stored from the next import on, unless the export still hides her.")


@app.command("add-refuge")
def add_refuge(
    settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None
) -> None:
    """Name the postcode of a refuge. You are asked for it alone.

    Whoever lives or lived there is shielded from the next import on, and a question with this
    postcode is withheld within seconds. The postcode is stored in the register alone.
    """
    opened = _open(settings_file, agency)
    postcode = canonical(prompted(POSTCODE, read.read_postcode))
    opened.change(REFUGE_ADDED, by, why, lambda held: held.with_refuge(postcode))
    typer.echo(
        "Whoever lives there is shielded. Import now: until then the node keeps the postcode in "
        "her records."
    )


@app.command("remove-refuge")
def remove_refuge(
    settings_file: SettingsFile,
    why: WhyOption,
    statement: Statements = None,
    by: FirstOption = None,
    second: SecondOption = None,
    agency: Agency = None,
) -> None:
    """Forget the postcode of a refuge: two officers decide. Children stay shielded."""
    opened = _open(settings_file, agency)
    postcode = canonical(prompted(POSTCODE, read.read_postcode))
    content = opened.about(postcode.encode("ascii"))
    decided = opened.decided(Act.REMOVE_REFUGE, content, why, statement, by, second)
    opened.change_by_two(REFUGE_REMOVED, decided, why, lambda held: held.without_refuge(postcode))
    typer.echo("Forgotten. Whoever was shielded for it stays so until two persons lift her shield.")


@app.command()
def about(
    settings_file: SettingsFile,
    number: Annotated[
        int | None, typer.Option("--shield", min=1, help="The shield that is to be lifted.")
    ] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="A child who is hidden.")] = False,
    agency: Agency = None,
) -> None:
    """Show the digits that officers state: `fingerpost officer lift --about …`.

    Of a shield they change when more is learned of its child. Without an option you are asked for
    the postcode of a refuge.
    """
    opened = _open(settings_file, agency)
    if number is not None:
        content = opened.about_shield(opened.shields.read(opened.agency).shield(number))
    elif hidden:
        content = opened.about(opened.own(prompted(OWN_NUMBER, read.read_local_id)))
    else:
        postcode = canonical(prompted(POSTCODE, read.read_postcode))
        content = opened.about(postcode.encode("ascii"))
    typer.echo(content.hex())


@app.command()
def adopt(settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None) -> None:
    """Adopt a register that was restored from a backup; where it is gone, begin a new one.

    The next import adds the children whom the import before shielded. Set again what people have
    set since the backup, and lift again what they have lifted.
    """
    opened = _open(settings_file, agency)
    opened.record(SHIELDS_ADOPTED, by, why)
    adopted = opened.shields.adopt(opened.agency)
    typer.echo(f"Adopted at {opened.agency}, now state {adopted.number}. Import a new export now.")
    if not adopted.sound:
        typer.echo("It was not as this program had written it: check every shield in the list.")


@dataclass(frozen=True, slots=True)
class _Opened:
    """The register of one agency, its audit log and the person at the keyboard."""

    settings: NodeSettings
    agency: AgencyId
    shields: FileShields

    def record(self, kind: str, by: str, why: str, **fields: str | int) -> None:
        """Write the entry. Raises ``Defect``: then nothing is changed."""
        with closing(wiring.open_audit(self.settings, self.agency)) as log:
            log.append(AuditEvent(kind, Actor(by), OperationId(why), int(time.time()), fields))

    def change(
        self,
        kind: str,
        by: str,
        why: str,
        change: Callable[[Register], Register],
        **fields: str | int,
    ) -> None:
        """Record a change of the register, and then make it.

        Raises:
            Defect: it cannot be made, or not be recorded. Then nothing is changed.
        """

        def recorded(before: Register) -> Register:
            after = change(before)
            self.record(kind, by, why, **fields)
            return after

        self.shields.change(self.agency, recorded)

    def decided(
        self,
        act: Act,
        content: bytes,
        why: str,
        statements: list[Path] | None,
        by: str | None,
        second: str | None,
    ) -> Decided:
        """Return who decided an act, as ``two_officers``."""
        files, now = statements or (), time.time()
        OperationId(why)
        return two_officers(self.settings, self.agency, act, content, why, files, by, second, now)

    def change_by_two(
        self,
        kind: str,
        decided: Decided,
        why: str,
        change: Callable[[Register], Register],
        **fields: str | int,
    ) -> None:
        """Record a change that two officers decided, and make it, as ``change``. Their statements
        are used then."""
        now = int(time.time())
        self.change(
            kind,
            decided.by,
            why,
            lambda held: change(held).using(decided.used, now),
            second=decided.second,
            signed=decided.signed,
            **fields,
        )

    def about(self, what: bytes) -> bytes:
        """Return the digest of what officers state an act on. It is keyed: whoever sees it at the
        gateway cannot try children."""
        return data_keys(self.settings)[self.agency].mark((b"officers", what))[:CONTENT_BYTES]

    def about_shield(self, shield: Shield) -> bytes:
        return self.about(msgspec.msgpack.encode(shield))

    def own(self, local_id: str) -> bytes:
        return data_keys(self.settings)[self.agency].mark(own_parts(local_id))

    def ask(self) -> tuple[Demographics | None, bytes]:
        """Return what is known of a child, and the digest of the agency's own number.

        Raises:
            Defect: by what was typed nobody can be met, or some of it cannot be read.
        """
        local_id = prompted(OWN_NUMBER, lambda text: text and read.read_local_id(text))
        child = ask_details()
        form = normalise(child)
        found = child if record_inputs(form, upn=False) else None
        if found is None and child != Demographics():
            raise Defect(
                "Too little to find her by: give a date of birth with a name or a postcode, a name "
                "with a postcode, or a health number"
            )
        if found is None and not local_id:
            raise Defect("Give your own number of the child, or what you know of her")
        return found, self.own(local_id) if local_id else b""


def _decide(opened: _Opened, number: int, by: str, why: str, *, same: bool) -> None:
    kind = SHIELD_SAME if same else SHIELD_OTHER
    shield = opened.shields.read(opened.agency).meeting(number).shield
    opened.change(
        kind, by, why, lambda held: held.decided(number, same=same), meeting=number, shield=shield
    )


def _open(settings_file: SettingsFile, agency: str | None) -> _Opened:
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    return _Opened(settings, chosen, open_shields(settings))


def _row(shield: Shield, now: float) -> Iterator[str]:
    yield str(shield.number)
    forms = shield.forms
    yield child_in_words(forms[-1]) if forms else "known by your own number alone"
    yield commands.utc(shield.set_at)
    yield f"{shield.person}: {shield.why}" if shield.person else _HOW[shield.set_by]
    day = commands.utc(shield.review_at)[:10]
    yield f"due since {day}: keep or lift" if shield.review_at <= now else day
    yield str(len(forms))
    yield str(len(shield.own))


def _likely_row(likely: Likely, register: Register, now: float) -> Iterator[str]:
    yield str(likely.number)
    yield child_in_words(likely.forms[-1])
    yield str(likely.shield)
    forms = register.shield(likely.shield).forms
    yield child_in_words(forms[-1]) if forms else "known by your own number alone"
    yield commands.utc(likely.since)
    yield "overdue" if likely.is_overdue(now) else f"within {WORKING_DAYS} working days"
