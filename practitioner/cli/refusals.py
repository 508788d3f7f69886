"""Refusals in plain words: what happened, and what to do.

Advice is found by the rule that refused, then by the code. Both tables are whole: a rule or a code
without a sentence fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fingerpost.private.linkage.blocking_keys import ADD_SOMETHING
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.federation import ReachRule
from fingerpost.runtime.rpc import CallRule
from practitioner.asking.plan import LookupRule
from practitioner.sign_in.rules import SignInRule

_REPORT: Final = "Report it to the people who run this gateway."
_RENEW: Final = "Ask the person who keeps the accounts to renew it."
_STILL_RUNS: Final = (
    "that day is over, or ends now. Give a day that lies ahead. To shut an account: account "
    "disable."
)

BY_CODE: Final[Mapping[Code, str]] = {
    Code.MALFORMED: "Something you gave does not have the right form. Check it and try again.",
    Code.BAD_SIGNATURE: f"A signature did not hold. {_REPORT}",
    Code.NOT_A_MEMBER: (
        "This agency or this gateway may not ask, or not now. Ask the people who run the gateway "
        "whether it is enrolled and not suspended."
    ),
    Code.NOT_ALLOWED: "This is not allowed.",
    Code.UNSUPPORTED: f"This gateway is not up to date with the federation. {_REPORT}",
    Code.NOT_FRESH: (
        "The question did not arrive in time. Try again. If this happens again, the clock of this"
        " machine is wrong."
    ),
    Code.REPLAYED: "The federation took the question for a repetition. Ask again.",
    Code.QUOTA: (
        "Your lookups, or your agency's, are used up for now. Try again in an hour. In an "
        "emergency ring the agencies directly."
    ),
    Code.NOT_READY: (
        f"The federation cannot answer yet. Try again in a minute. If this does not help: {_REPORT}"
    ),
    Code.BAD_PASSPORT: "Your passport was not accepted. Sign in again.",
    Code.BAD_COMMITMENT: f"A message could not be verified. {_REPORT}",
    Code.BAD_SEAL: f"A message could not be verified. {_REPORT}",
    Code.BAD_PROOF: f"A key holder's answer could not be verified. {_REPORT}",
    Code.UNTRUSTED_METADATA: (
        "The list of members could not be verified, or has expired. Nobody was asked. Try again. "
        f"If this does not help: {_REPORT}"
    ),
    Code.WEAK_INPUT: ADD_SOMETHING,
    Code.SIGN_IN: "Sign in first: fingerpost sign-in.",
    Code.UNAVAILABLE: (
        "The federation could not be reached. Nobody was asked. Try again. If it cannot wait, "
        "ring the agencies directly."
    ),
}
NOT_TAKEN: Final = (
    f"The federation did not take the question. This gateway may be out of date. {_REPORT}"
)
"""Where another party found a message of ours malformed: nothing that the practitioner gave is at
fault."""

BY_RULE: Final[Mapping[Rule, str]] = {
    LookupRule.NO_PEPPER: (
        "This gateway cannot ask yet. Nobody was asked. An epoch is running, and the gateway has "
        "no pepper of it. Report it to the people who run the gateway. First, `fingerpost serve` "
        "must be running: it asks for the pepper within minutes. Then, if the gateway was "
        "enrolled after the epoch was opened, the federation's operator fetches the inbox, runs "
        "`fingerpost-authority epoch late` and publishes."
    ),
    LookupRule.NO_EPOCH: (
        "No epoch is running in this federation. Nobody can be asked. Ask its operator when one "
        "begins: `fingerpost-authority show` says, and `epoch open` makes one."
    ),
    LookupRule.AREAS_MISSING: "Name the areas to be asked: --area.",
    LookupRule.AREAS_BESIDE_REACH: "Use --area with --reach NAMED only.",
    LookupRule.NO_SUCH_OUTCOME: (
        "You have no such outcome. Outcomes are kept for seven days, for the person who asked."
    ),
    LookupRule.FIRST_TOO_OLD: (
        "That lookup is more than a day old. Ask again first. What is answered now decides "
        "whether to widen."
    ),
    LookupRule.SECOND_TAKEN: (
        "That lookup was widened already, or was a second round itself. Each lookup has one."
    ),
    LookupRule.FIRST_HAS_GAPS: (
        "Some agencies did not answer that lookup. They may be the ones that know the child. Ask "
        "again first, or ring them."
    ),
    LookupRule.REASON_REFUTED: (
        "That lookup does not show that a service which all children have named nobody. Give the "
        "reason that holds."
    ),
    LookupRule.ANOTHER_CHILD: (
        "This may be another child than the one you asked about first. Ask about this child first."
    ),
    LookupRule.NOTHING_TO_WIDEN: (
        "In your own area the wide keys were used the first time. Widen a lookup that reaches "
        "further."
    ),
    LookupRule.AREA_LEFT_OUT: (
        "The first lookup did not ask in all of those areas. Ask there first."
    ),
    ReachRule.NO_SUCH_AREA: "There is no such area in the federation.",
    PurposeRule.REFERENCE_FORM: (
        "A reference has at most 64 letters, digits and . / _ : - and no space: --reference."
    ),
    PurposeRule.APPROVER_FORM: (
        "An approver is the name of an account, 1 to 64 of A-Z, a-z, 0-9, dot, hyphen and "
        "underscore: --approver."
    ),
    PurposeRule.REFERENCE: (
        "This purpose needs the reference of your case or referral: --reference."
    ),
    PurposeRule.APPROVER: (
        "This purpose needs the account of a second person who approved it: --approver."
    ),
    PurposeRule.OWN_APPROVER: "You cannot approve your own lookup.",
    PurposeRule.REVIEWER: (
        "Say which manager reviews this lookup by the end of the next working day: "
        "--fact reviewer=…."
    ),
    PurposeRule.OWN_REVIEWER: "You cannot review your own lookup.",
    PurposeRule.AGE: (
        "This purpose is for young people of 18 to 25 years. Give a date of birth of that age."
    ),
    PurposeRule.REACH: (
        "This purpose does not reach so far, or not in that way. Leave --reach out to use its own."
    ),
    PurposeRule.PURPOSE_NOT_IN_FORCE: "This purpose is not in force in the federation.",
    PurposeRule.ROLE_OF_PURPOSE: "Your role may not ask for this purpose.",
    PurposeRule.ROLE_OF_AGENCY: "Your role does not exist at this kind of agency.",
    PurposeRule.ALLOWANCE: (
        "This lookup was counted under a limit that is not for your role and this purpose. "
        "Tell whoever runs this gateway."
    ),
    PurposeRule.AREAS: "You named more areas than this purpose allows.",
    PurposeRule.GROUND: "Say on which ground you ask: --fact reason=….",
    PurposeRule.INFORMED: (
        "Say whether the child or the family were informed, or why that is not safe: "
        "--fact informed=…."
    ),
    PurposeRule.AGREED: (
        "This purpose needs the agreement of the parent or the young person. Give its day: "
        "--fact agreed-on=YYYY-MM-DD."
    ),
    PurposeRule.STRATEGY_DISCUSSION: (
        "Give the day of the strategy discussion, or not-yet: --fact strategy-discussion=…."
    ),
    PurposeRule.STRATEGY_DISCUSSION_DUE: (
        "A lookup may wait for its strategy discussion for two working days. Hold it first, and "
        "give its day: --fact strategy-discussion=…."
    ),
    PurposeRule.ARRIVAL: "Give the time of arrival, --fact arrived-at=HH:MM, or the NHS number.",
    PurposeRule.REPORTED: "Say who reported the child missing: --fact reported-by=….",
    PurposeRule.CHECKED: (
        "First check your records for domestic abuse and refuge: a person from whom a family hides "
        "may have asked for this. Then add --fact checked=yes."
    ),
    PurposeRule.NOTIFIED: (
        "Give the day on which the death was notified: --fact notified-on=YYYY-MM-DD."
    ),
    PurposeRule.TIME_BOX: "Say when the search ends, within 72 hours: --fact hours=….",
    PurposeRule.WIDE_REACH: (
        "Wide keys never go to the national ring. Widen to your area and its neighbours, or name "
        "areas."
    ),
    PurposeRule.WIDE_WITHOUT_REASON: "Say why the lookup is widened: --because.",
    PurposeRule.NOTHING_WIDENED: "Give a reason to widen with fingerpost widen only.",
    PurposeRule.MAY_NOT_WIDEN: "You cannot widen a lookup for this purpose.",
    PurposeRule.REASON: "That is no reason to widen a lookup for this purpose.",
    SignInRule.WRONG: (
        "The account, password or code is wrong, or the code was used before. Wait for the next "
        "code."
    ),
    SignInRule.WAITING: "Too many failures. Wait before you try again.",
    SignInRule.DISABLED: "This account is disabled.",
    SignInRule.TRAINING_OVER: f"Your training has run out. {_RENEW}",
    SignInRule.VETTING_OVER: f"Your vetting has run out. {_RENEW}",
    SignInRule.ENDING: f"Your training or vetting runs out now. {_RENEW}",
    SignInRule.SESSION_ENDED: "Your session has ended. Sign in again.",
    SignInRule.NO_SESSION: BY_CODE[Code.SIGN_IN],
    SignInRule.OTHER_AGENCY: "Your agency does not ask through this gateway any more.",
    SignInRule.APPROVER_ACCOUNT: (
        "The account of the approver or the reviewer is not one of your agency here, is disabled, "
        "or its owner's training or vetting has run out."
    ),
    SignInRule.TRAINING_PAST: f"--training-until: {_STILL_RUNS}",
    SignInRule.VETTING_PAST: f"--vetting-until: {_STILL_RUNS}",
    SignInRule.ACCOUNT_EXISTS: "There is such an account already.",
    SignInRule.NO_ACCOUNT: "There is no such account.",
    SignInRule.LENGTH: "A password has 12 to 256 characters.",
    SignInRule.ACCOUNT_NAME: (
        "An account's name has 1 to 64 of a-z, 0-9, dot, hyphen and underscore."
    ),
    SignInRule.PERSON_NAME: "The name has letters, spaces, hyphens and apostrophes only.",
}


def advice(refused: Refused) -> str:
    """Return one line for the practitioner: the rule's sentence, else the code's, and who was
    asked."""
    if refused.rule is not None and refused.rule in BY_RULE:
        return BY_RULE[refused.rule]
    theirs = refused.code is Code.MALFORMED and refused.rule is CallRule.REFUSED
    found = NOT_TAKEN if theirs else BY_CODE[refused.code]
    if refused.asked:
        return f"{found} Asked: {refused.asked} ({refused.what})."
    if refused.code is Code.MALFORMED and not theirs:
        return f"{found} ({refused.what})"
    return found
