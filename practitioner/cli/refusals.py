"""Refusals in plain words: what happened, and what to do. One for each code; finer where the rule that failed tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fingerpost.private.linkage.strength import ADD_SOMETHING
from fingerpost.protocol.errors import Code, Refused
from practitioner.asking.rounds import NO_EPOCH, NO_PEPPER

ADVICE: Final[Mapping[Code, str]] = {
    Code.MALFORMED: "Something given is not of the right form. Check it and try again.",
    Code.BAD_SIGNATURE: "A signature did not hold. Tell whoever runs this gateway.",
    Code.NOT_A_MEMBER: (
        "This agency or this gateway may not ask, or not now. Ask whoever runs the gateway whether it is enrolled "
        "and not suspended."
    ),
    Code.NOT_ALLOWED: "This is not allowed.",
    Code.UNSUPPORTED: "This gateway is not up to date with the federation. Tell whoever runs it.",
    Code.NOT_FRESH: (
        "The question was not within its time. Try again; if it happens again, the clock of this "
        "machine is wrong."
    ),
    Code.REPLAYED: "The question was taken for a repetition. Ask again.",
    Code.QUOTA: (
        "Your lookups, or your agency's, are used up for now. Try again in an hour; in an emergency "
        "ring the agencies directly."
    ),
    Code.NOT_READY: (
        "The federation cannot answer yet. Try again in a minute. If it stays so, tell whoever runs this gateway."
    ),
    Code.BAD_PASSPORT: "Your passport was not accepted. Sign in again.",
    Code.BAD_COMMITMENT: "A message could not be verified. Tell whoever runs this gateway.",
    Code.BAD_SEAL: "A message could not be verified. Tell whoever runs this gateway.",
    Code.BAD_PROOF: "A key holder's answer did not verify. Tell whoever runs this gateway.",
    Code.UNTRUSTED_METADATA: (
        "The list of members could not be verified or has expired, so nobody was asked. Try again; "
        "if it stays so, tell whoever runs this gateway."
    ),
    Code.WEAK_INPUT: ADD_SOMETHING,
    Code.SIGN_IN: "Sign in first: fingerpost sign-in.",
    Code.UNAVAILABLE: (
        "The federation could not be reached, so nobody was asked. Try again; if it cannot wait, "
        "ring the agencies directly."
    ),
}
_FINER: Final[Mapping[tuple[Code, str], str]] = {
    (Code.NOT_READY, NO_PEPPER): (
        "This gateway cannot ask yet, and nobody was asked: an epoch is running, and it has no pepper of it. Tell "
        "whoever runs it. First, `fingerpost serve` must be running: it asks for the pepper within minutes. Then, if "
        "the gateway was enrolled after the epoch was opened, the federation's operator fetches the inbox, runs "
        "`fingerpost-authority epoch late` and publishes."
    ),
    (Code.NOT_READY, NO_EPOCH): (
        "No epoch is running in this federation, so nobody can be asked. Ask its operator when one begins: "
        "`fingerpost-authority show` says, and `epoch open` makes one."
    ),
    (Code.SIGN_IN, "name, password or code"): (
        "The account, password or code is wrong, or the code was used before. Wait for the next code."
    ),
    (Code.SIGN_IN, "too many failures, wait"): "Too many failures. Wait before you try again.",
    (Code.SIGN_IN, "training has run out"): (
        "Your training has run out. Whoever keeps the accounts can renew it."
    ),
    (Code.SIGN_IN, "vetting has run out"): (
        "Your vetting has run out. Whoever keeps the accounts can renew it."
    ),
    (Code.SIGN_IN, "training or vetting runs out now"): (
        "Your training or vetting runs out now. Whoever keeps the accounts can renew it."
    ),
    (Code.SIGN_IN, "account"): "This account is disabled.",
    (Code.SIGN_IN, "the session has ended"): "Your session has ended. Sign in again.",
    (Code.NOT_ALLOWED, "reason reference"): (
        "This purpose needs the reference of your case or referral: --reference."
    ),
    (Code.NOT_ALLOWED, "approver"): (
        "This purpose needs the account of a second person who approved it: --approver."
    ),
    (Code.NOT_ALLOWED, "approver is the asker"): "You cannot approve your own lookup.",
    (Code.NOT_ALLOWED, "approver has no account"): (
        "The account after --approver is none of your agency's here, or it is disabled."
    ),
    (Code.NOT_ALLOWED, "reach of this purpose"): (
        "This purpose does not reach so far, or not in that way. Leave --reach out for its own."
    ),
    (Code.NOT_ALLOWED, "named areas are missing"): "Name the areas to be asked: --area.",
    (Code.NOT_ALLOWED, "named areas with another reach"): "--area goes with --reach NAMED only.",
    (Code.NOT_ALLOWED, "area"): "There is no such area in the federation.",
    (Code.NOT_ALLOWED, "purpose not in force"): "This purpose is not in force in the federation.",
    (Code.NOT_ALLOWED, "role not in force"): "Your role may not ask in this federation.",
    (Code.NOT_ALLOWED, "outcome"): (
        "There is no such outcome of yours. Outcomes are kept for seven days, for who asked."
    ),
    (Code.NOT_ALLOWED, "first lookup too old"): (
        "That lookup is more than a day old. Ask again first; what is answered now decides whether to widen."
    ),
    (Code.NOT_ALLOWED, "second round taken"): (
        "That lookup was widened already, or was a second round itself. Each lookup has one."
    ),
    (Code.NOT_ALLOWED, "first lookup has gaps"): (
        "Some agencies did not answer that lookup: they may be the ones who know. Ask again first, or ring them."
    ),
    (Code.NOT_ALLOWED, "reason that the first lookup refutes"): (
        "In that lookup it is not so that a service every child has did not name itself. Give the reason that holds."
    ),
    (Code.NOT_ALLOWED, "another child than the first lookup's"): (
        "This may be another child than the one you asked about first. Ask about this child first."
    ),
    (Code.NOT_ALLOWED, "nothing to widen"): (
        "In your own area the wide keys were used the first time. Widen a lookup that reaches further."
    ),
    (Code.NOT_ALLOWED, "area that the first lookup left out"): (
        "The first lookup did not ask in all of those areas. Ask there first."
    ),
    (Code.NOT_ALLOWED, "wide keys in this reach"): (
        "Wide keys never go to the national ring. Widen to your area and its neighbours, or name areas."
    ),
    (Code.NOT_ALLOWED, "purpose may not widen"): "A lookup for this purpose may not be widened.",
    (Code.NOT_ALLOWED, "reason to widen of this purpose"): (
        "That is no reason to widen a lookup for this purpose."
    ),
    (Code.NOT_ALLOWED, "the training is over"): (
        "--training-until: that day is over, or ends now, and sign-in would be refused. Give the last day of "
        "a training that still runs. To shut an account: account disable."
    ),
    (Code.NOT_ALLOWED, "the vetting is over"): (
        "--vetting-until: that day is over, or ends now, and sign-in would be refused. Give the last day of "
        "a vetting that still runs. To shut an account: account disable."
    ),
    (Code.NOT_ALLOWED, "the account exists"): "There is such an account already.",
    (Code.NOT_ALLOWED, "there is no such account"): "There is no such account.",
    (Code.MALFORMED, "refused by the other party"): (
        "The federation did not take the question: this gateway may be out of date. Tell whoever "
        "runs it."
    ),
    (Code.MALFORMED, "password: 12 to 256 characters"): "A password has 12 to 256 characters.",
    (Code.MALFORMED, "subject"): (
        "An account's name has 1 to 64 of a-z, 0-9, dot, hyphen and underscore."
    ),
    (Code.MALFORMED, "name"): "The name has letters, spaces, hyphens and apostrophes only.",
}


def advice(refused: Refused) -> str:
    found = _FINER.get((refused.code, refused.what), ADVICE[refused.code])
    if refused.asked:
        return f"{found} Asked: {refused.asked} ({refused.what})."
    if refused.code is Code.MALFORMED and (refused.code, refused.what) not in _FINER:
        return f"{found} ({refused.what})"
    return found
