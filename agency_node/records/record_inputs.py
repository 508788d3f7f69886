"""From a record to what is blinded for it. Pure.

A record takes the wide keys, which contain the narrow ones, so that it is found by either query; the pupil number
only where the agency's agreement lets it be used."""

from __future__ import annotations

from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    NormalForm,
    Scope,
    Side,
    match_keys,
    oprf_input,
)


def record_inputs(form: NormalForm, *, upn: bool) -> tuple[bytes, ...]:
    """The OPRF inputs x_i, at most ``limits.BULK_KEYS_PER_CHILD``; none when too little is known to find the child."""
    keys = match_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
    return tuple(oprf_input(key, NORMALISATION_VERSION) for key in keys)
