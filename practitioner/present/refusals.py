"""Refusals in plain words: what happened, and what to do.

Advice is found by the rule that refused, then by the code. Both tables are whole: a rule or a code
without a sentence fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fingerpost.private.approvals import ApprovalRule
from fingerpost.private.demographics import PREGNANCY_DAYS
from fingerpost.private.justification import StatedRule
from fingerpost.private.linkage.strength import ADD_SOMETHING, NUMBER_ALONE, WeakRule
from fingerpost.private.officers import OfficerRule
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol.errors import CallRule, Code, Refused, Rule
from fingerpost.protocol.federation import ReachRule
from practitioner.asking.convening import ConveneRule
from practitioner.asking.plan import LookupRule
from practitioner.asking.second_persons import SecondPersonRule
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
        "The question did not arrive in time. Try again. If this happens again, one of two clocks "
        "is wrong: this machine's, or that of the party that refused it. `fingerpost status` says "
        f"whether it is this one. {_REPORT}"
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
    Code.WEAK_INPUT: (
        "Too little was given to ask in this reach. Add a date of birth, a full postcode or the "
        "NHS number."
    ),
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
    LookupRule.AGENCY_NOT_ASKED: "That lookup did not ask this agency. Check its id: --agency.",
    LookupRule.NO_ATTENDANCE: ("Only a lookup for urgent care has an attendance number."),
    LookupRule.FIRST_TOO_OLD: (
        "That lookup is more than a day old. Ask again first. What is answered now decides "
        "whether to widen."
    ),
    LookupRule.SECOND_TAKEN: (
        "That lookup was widened already, or was a second round itself. Each lookup has one."
    ),
    LookupRule.FIRST_HAS_GAPS: (
        "Some agencies did not answer that lookup. They may be the ones that know the child. Ring "
        "them, and record each call: fingerpost mark. Or ask again first."
    ),
    LookupRule.GAPS_TOO_MANY: ("Too many agencies did not answer that lookup. Ask again first."),
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
    WeakRule.TOO_LITTLE: ADD_SOMETHING,
    WeakRule.NUMBER_ALONE: NUMBER_ALONE,
    ReachRule.NO_SUCH_AREA: "There is no such area in the federation.",
    StatedRule.REFERENCE_FORM: (
        "A reference has at most 64 letters, digits and . / _ : - and no space: --reference."
    ),
    PurposeRule.REFERENCE: (
        "This purpose needs the reference of your case or referral: --reference."
    ),
    PurposeRule.APPROVAL: (
        "This purpose needs the approval of a second person. Ask with fingerpost lookup: the "
        "question then waits for her."
    ),
    ApprovalRule.OWN: "You cannot approve your own lookup.",
    ApprovalRule.TWICE: "Both approvals are by one person. Ask another colleague.",
    ApprovalRule.CHILD: "The approval is for another child. Ask for a new one.",
    ApprovalRule.REQUEST: (
        "The approval is for another purpose, reference, statement or person. Ask for a new one."
    ),
    ApprovalRule.TIME: (
        "The approval has ended, or ends now. It holds for 24 hours. Ask for a new one."
    ),
    ApprovalRule.ROLE: "The role of the person who approved may not ask for this purpose.",
    ConveneRule.STRATEGY_DISCUSSION: (
        "Only the council's children's social care calls a strategy discussion. Call a meeting "
        "without --strategy-discussion, and ask them to call one."
    ),
    OfficerRule.ROLE: "Only a node administrator or a data protection officer states this.",
    OfficerRule.OTHER: "The statement is about something else. Ask the officer for a new one.",
    OfficerRule.TIME: "A statement is good for one day. Ask the officer for a new one.",
    OfficerRule.TWO: "Two officers decide, each at her own sign-in.",
    OfficerRule.USED: "The statement was used before. Ask the officer for a new one.",
    SecondPersonRule.NO_SUCH_REQUEST: (
        "There is no such request for you. It may be over, decided, or your own."
    ),
    SecondPersonRule.WAITS: "Nobody has approved this request yet. Nobody was asked.",
    SecondPersonRule.DECLINED: "This request was declined. Nobody was asked.",
    SecondPersonRule.NO_SUCH_REVIEW: (
        "There is no such lookup for you to review. It may be reviewed, or your own."
    ),
    SecondPersonRule.ROLE: "The role of the reviewer may not ask for this purpose.",
    PurposeRule.REVIEWER: (
        "Say which manager reviews this lookup by the end of the next working day: "
        "--fact reviewer=…."
    ),
    PurposeRule.OWN_REVIEWER: "You cannot review your own lookup.",
    PurposeRule.AGE: (
        "This purpose is for young people of 18 to 25 years. Give a date of birth of that age."
    ),
    PurposeRule.CHILDHOOD: (
        "This date of birth is of somebody who is 18 or older. Lookups are about children under "
        "18. Check the date, or leave it out if you do not know it. For a young person of 18 to 25 "
        "years who agreed, the purpose is LEAVING_CARE."
    ),
    PurposeRule.BORN_LATER: (
        "This date of birth is still to come. For an unborn child give the day on which she is "
        f"expected, at most {PREGNANCY_DAYS} days ahead: due YYYY-MM-DD."
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
    PurposeRule.FURTHER: (
        "Ask the nearer areas first: leave --reach out. If nobody there knows the child, ask "
        "further at once: --fact nobody-nearer=yes."
    ),
    PurposeRule.REQUESTED: (
        "Say which council asked you to do this: --fact requested-by=e08000025.council."
    ),
    PurposeRule.NO_COUNCIL: (
        "That is not a council of the federation, or not one to which you are seconded. Check "
        "the id: --fact requested-by=…."
    ),
    PurposeRule.CALL_BACK: (
        "You are not seconded to that council: leave --fact call-back=… out, and your own agency's "
        "desk is rung."
    ),
    PurposeRule.LEAD: (
        "Give the day on which a social worker named you lead practitioner: "
        "--fact lead-since=YYYY-MM-DD."
    ),
    PurposeRule.GROUND: "Say on which ground you ask: --fact reason=….",
    PurposeRule.ENGAGEMENT: (
        "Say what your agency has to do with the child today: --fact engagement=…."
    ),
    PurposeRule.INFORMED: (
        "Say whether the child or the family were informed, or why that is not safe: "
        "--fact informed=…."
    ),
    PurposeRule.AGREED_BY: (
        "This purpose needs an agreement. Say who agreed: --fact agreed-by=…. Nobody agrees for a "
        "young adult."
    ),
    PurposeRule.AGREED: (
        "This purpose needs an agreement. Give its day: --fact agreed-on=YYYY-MM-DD."
    ),
    PurposeRule.STRATEGY_DISCUSSION: (
        "Give the day of the strategy discussion, or not-yet: --fact strategy-discussion=…."
    ),
    PurposeRule.STRATEGY_DISCUSSION_DUE: (
        "A lookup may wait for its strategy discussion for two working days. Hold it first, and "
        "give its day: --fact strategy-discussion=…."
    ),
    PurposeRule.STRATEGY_DISCUSSION_AHEAD: (
        "The day that you gave for the strategy discussion is still ahead. Give the day on which "
        "it was held, or since when you wait for it: --fact strategy-discussion=YYYY-MM-DD, or "
        "not-yet:YYYY-MM-DD."
    ),
    PurposeRule.ARRIVAL: "Give the time of arrival, --fact arrived-at=HH:MM, or the NHS number.",
    PurposeRule.JOINED: (
        "Give the day on which the child came into your records, at most 60 days ago: "
        "--fact joined-on=YYYY-MM-DD."
    ),
    PurposeRule.ORIGIN: "Say how you know where the child came from: --fact origin=….",
    PurposeRule.HIDING: (
        "Everybody who knew the child may see that you ask. Might the family be hiding from "
        "somebody? If it might be, or you do not know, do not ask: ring your council's front "
        "door. If nothing points to it: --fact not-hiding=yes."
    ),
    PurposeRule.REPORTED: "Say who reported the child missing: --fact reported-by=….",
    PurposeRule.CHECKED: (
        "First check your records for domestic abuse and refuge: a person from whom a family hides "
        "may have asked for this. Then add --fact checked=yes."
    ),
    PurposeRule.MISSING_SINCE: (
        "Say when the search for the child began: --fact missing-since=YYYY-MM-DDTHH:MM."
    ),
    PurposeRule.RENEWED: (
        "A search lasts 72 hours. A manager must renew it; then say when: "
        "--fact renewed-at=YYYY-MM-DDTHH:MM."
    ),
    PurposeRule.RENEWED_BY: (
        "Say when the search was renewed, and which manager did it: --fact renewed-at=…, "
        "--fact renewed-by=…."
    ),
    PurposeRule.OWN_RENEWAL: "You cannot renew your own search.",
    PurposeRule.NOTIFIED: (
        "Give the day on which the death was notified: --fact notified-on=YYYY-MM-DD."
    ),
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
        "code. If no code is taken, the clock of the telephone or of this machine is wrong."
    ),
    SignInRule.WAITING: "Too many failures. Wait before you try again.",
    SignInRule.DISABLED: "This account is disabled.",
    SignInRule.TRAINING_OVER: (
        f"Your training has run out. {_RENEW} In the 14 days after it, a manager can let you ask: "
        "fingerpost account grace."
    ),
    SignInRule.VETTING_OVER: f"Your vetting has run out. {_RENEW}",
    SignInRule.ENDING: f"Your training or vetting runs out now. {_RENEW}",
    SignInRule.SESSION_ENDED: "Your session has ended. Sign in again.",
    SignInRule.CLOCK_BEHIND: (
        "The clock of this machine shows a time before you signed in, so it is wrong now or was "
        "wrong then. Nobody was asked. Have it set right (`fingerpost status` shows it), and try "
        "again. If it cannot wait, ring the agencies directly."
    ),
    SignInRule.NO_SESSION: BY_CODE[Code.SIGN_IN],
    SignInRule.OTHER_AGENCY: "Your agency does not ask through this gateway any more.",
    SignInRule.REVIEWER_ACCOUNT: (
        "The account of another person whom you named is not one of your agency here, is disabled, "
        "or its owner's training or vetting has run out."
    ),
    SignInRule.MANAGER: (
        "A grace rests on a manager: another account of your agency here, in use, with training "
        "and vetting in date and a role that may ask for the same purposes."
    ),
    SignInRule.NOT_LAPSED: "A grace is granted in the 14 days after the training, and only then.",
    SignInRule.GRANTED: "A grace was granted already. It ends 14 days after the training.",
    SignInRule.TRAINING_PAST: f"--training-until: {_STILL_RUNS}",
    SignInRule.VETTING_PAST: f"--vetting-until: {_STILL_RUNS}",
    SignInRule.ACCOUNT_EXISTS: "There is such an account already.",
    SignInRule.NAME_SPENT: (
        "An account of this name has ended. Its name is not given again. Choose another name."
    ),
    SignInRule.NO_ACCOUNT: "There is no such account.",
    SignInRule.LENGTH: "A password has 12 to 256 characters.",
    SignInRule.ACCOUNT_NAME: (
        "An account's name has 1 to 64 of a-z, 0-9, dot, hyphen and underscore."
    ),
    SignInRule.PERSON_NAME: "The name has letters, spaces, hyphens and apostrophes only.",
}


def advice(refused: Refused) -> str:
    """Return one line for the practitioner, as the command line prints it and a case system shows
    it: the rule's sentence, else the code's, and who was asked.

    It holds nothing of what was given.
    """
    if refused.rule is not None and refused.rule in BY_RULE:
        return BY_RULE[refused.rule]
    theirs = refused.code is Code.MALFORMED and refused.rule is CallRule.REFUSED
    found = NOT_TAKEN if theirs else BY_CODE[refused.code]
    if refused.asked:
        return f"{found} Called: {refused.asked} ({refused.what})."
    if refused.code is Code.MALFORMED and not theirs:
        return f"{found} ({refused.what})"
    return found
