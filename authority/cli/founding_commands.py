"""Founding and keys: create, key, root renew, addresses, bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from authority import charter as charters
from authority import founding
from authority.bundles import AddressBook
from authority.ceremony import Ceremony
from authority.cli.parsing import Folder, console, now, parsed
from authority.founding import Count, Plan
from fingerpost.membership.signing_keys import make_signing_key
from fingerpost.protocol.ids import Address, FederationId, MemberId

root_app = typer.Typer(help="Renew the root, which names all other keys.", no_args_is_help=True)


def _member(help_: str) -> Any:
    return typer.Option(parser=parsed(MemberId), metavar="MEMBER", help=help_)


def _address(help_: str) -> Any:
    return typer.Option(parser=parsed(Address), metavar="HOST:PORT", help=help_)


def _keys(help_: str) -> Any:
    return typer.Option(min=1, max=32, help=help_)


def register(app: typer.Typer) -> None:
    app.command()(create)
    app.command()(key)
    app.command()(addresses)
    app.command()(bundle)
    app.add_typer(root_app, name="root")


def create(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    federation: Annotated[
        FederationId,
        typer.Option(
            parser=parsed(FederationId),
            metavar="ID",
            help="The federation's id, such as england-pilot; it never changes.",
        ),
    ],
    root_keys: Annotated[int, _keys("How many keys sign the root, which names all other keys.")],
    root_threshold: Annotated[int, _keys("How many of them must sign.")],
    target_keys: Annotated[int, _keys("How many keys sign the member list.")],
    target_threshold: Annotated[int, _keys("How many of them must sign.")],
    governance_keys: Annotated[
        int, _keys("How many keys sign the code lists and say who signs the member list.")
    ],
    governance_threshold: Annotated[int, _keys("How many of them must sign.")],
    broker: Annotated[MemberId, _member("The broker's id, such as broker.")],
    issuer: Annotated[MemberId, _member("The issuer's id, such as issuer.")],
    key_holder_a: Annotated[MemberId, _member("The first key holder's id.")],
    key_holder_b: Annotated[MemberId, _member("The second key holder's id.")],
    organisation: Annotated[str, typer.Option(help="Who runs the issuer.")],
    listen: Annotated[Address, _address("Where the issuer listens, such as 0.0.0.0:7440.")],
    normalisation_version: Annotated[
        int,
        typer.Option(min=1, help="The version of the rules that make blocking keys."),
    ] = 1,
    bins: Annotated[
        int, typer.Option(help="Over how many files the list is spread: 2, 4, 8 … 256.")
    ] = 16,
) -> None:
    """Found a federation: all keys, the first root, an empty list."""
    plan = Plan(
        federation=federation,
        root=Count(root_keys, root_threshold),
        targets=Count(target_keys, target_threshold),
        governance=Count(governance_keys, governance_threshold),
        broker=broker,
        issuer=issuer,
        key_holders=(key_holder_a, key_holder_b),
        organisation=organisation,
        listen=listen,
        normalisation_version=normalisation_version,
        bins=bins,
    )
    ceremony = founding.found(folder, plan, now())
    console.print(f"Founded {federation} in {folder}.")
    console.print(
        f"Move each key of {folder / 'offline'} to the person who holds it, and name its new "
        f"place in {folder / charters.CHARTER}. {ceremony.online} goes to the issuer's machine."
    )


def key(path: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]) -> None:
    """Make one Ed25519 key where it is used, and print what the charter needs of it."""
    public = charters.public_of(make_signing_key(path))
    console.print(f'public = "{public.hex()}"\nfile = "{path}"', markup=False)


@root_app.command("renew")
def root_renew(
    folder: Folder,
    charter: Annotated[
        Path | None, typer.Option(help="The next charter, when keys or thresholds change.")
    ] = None,
) -> None:
    """Sign a new root, by the present keys and by those of the next charter.

    With other keys of the list or of governance, publish at once: members believe the new root from
    then on.
    """
    ceremony = Ceremony.open(folder)
    following = ceremony.charter if charter is None else charters.read_charter(charter)
    version = ceremony.renew_root(following, now())
    console.print(f"Root {version} is signed. Publish now, then have the issuer take its copy.")


def addresses(
    folder: Folder,
    issuer: Annotated[Address, _address("Where the issuer is reached.")],
    broker_nodes: Annotated[Address, _address("Where nodes reach the broker.")],
    broker_requesters: Annotated[
        Address, _address("Where gateways and key holders reach the broker.")
    ],
    key_holder_a: Annotated[Address, _address("Where the first key holder is reached.")],
    key_holder_b: Annotated[Address, _address("Where the second key holder is reached.")],
) -> None:
    """Note where the servers are reached, for the bundles made from now on."""
    book = AddressBook(issuer, broker_nodes, broker_requesters, (key_holder_a, key_holder_b))
    Ceremony.open(folder).set_addresses(book)
    console.print("Addresses are noted; bundles made from now on carry them.")


def bundle(
    folder: Folder,
    member: Annotated[
        MemberId,
        typer.Argument(parser=parsed(MemberId), metavar="MEMBER", help="An enrolled member's id."),
    ],
    out: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
) -> None:
    """Make the bundle for an enrolled member: the trusted root and the addresses of the servers."""
    made = Ceremony.open(folder).bundle(member, out)
    console.print(f"Bundle for {member} in {out}. Read this to them over another channel:")
    console.print(f"  {made.fingerprint}")
