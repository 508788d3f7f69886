"""The forms of shields as records of an import, so that a question about a shielded child opens
here also when no row of hers is in the file: it is withheld and recorded like any other. Pure.

Such a record has one row, which is shielded and names nobody; it is stored among the children, of
whom nothing on the disk tells it apart (attack: whoever copies a disk counts the shields). A form
that a child of the file has already is left out: she opens the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from agency_node.records.ports import Child
from agency_node.records.records import Doubt, Involvement, Origin
from agency_node.records.shields import Register
from fingerpost.private.linkage import normalise, oprf_inputs, wide_keys
from fingerpost.protocol.codes import InvolvementStatus, Kind


def shield_records(
    mark: Callable[[tuple[bytes, ...]], bytes],
    register: Register,
    present: Collection[bytes],
    *,
    as_of: int,
    upn: bool,
) -> tuple[Child, ...]:
    """Return the forms of all shields as they are stored.

    Args:
        mark: returns the keyed digest of OPRF inputs (``records.ports.Imports.mark``).
        present: the marks of the children of the file.
        as_of: the day of the export, in seconds since 1970 UTC.
        upn: whether pupil numbers may be used for matching.
    """
    row, found = blank_row(as_of, shielded=True), dict[bytes, Child]()
    for shield in register.shields:
        # As old as the shield: who shields a child to see who asks about her is not told at once.
        origin = Origin(shield.set_at, Doubt(0))
        for form in shield.forms:
            inputs = oprf_inputs(wide_keys(normalise(form), upn=upn)[0])
            its = mark(inputs)
            if inputs and its not in present:
                found.setdefault(its, Child(form, (row,), its, b"", origin))
    return tuple(found.values())


def blank_row(as_of: int, *, shielded: bool) -> Involvement:
    """Return a row that names nobody."""
    return Involvement(
        kind=Kind.EDU_SCHOOL,
        status=InvolvementStatus.OPEN,
        worker_name="",
        worker_role="",
        desk_phone="",
        desk_email="",
        ooh_phone="",
        hours=(),
        as_of=as_of,
        lead=False,
        early_help=False,
        sensitive=False,
        shielded=shielded,
        ended_on=None,
    )
