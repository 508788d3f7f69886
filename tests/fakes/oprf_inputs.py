"""What the key holders evaluate for one child, in blinded form."""

from __future__ import annotations

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    Scope,
    Side,
    blocking_keys,
    normalise,
    oprf_input,
)


def oprf_inputs(child: Demographics, side: Side, scope: Scope = Scope.WIDE) -> list[bytes]:
    """One for each of the child's blocking keys, without those of its UPN."""
    keys = blocking_keys(normalise(child), side=side, scope=scope, upn=False)
    return [oprf_input(key, NORMALISATION_VERSION) for key in keys]
