"""An agreement in plain words: what it does for one requester, what to look at, what changed."""

from __future__ import annotations

from datetime import date

from agency_node.policy.vocabulary import Detail, Involved, Requester
from agency_node.policy.words import Explained, changes, explain, remarks
from fakes.agreements import SIGNED, TODAY, agreement, ready_agreement, rule
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Role
from fingerpost.protocol.ids import AgencyId

NOW = 1_796_083_200.0  # 1 December 2026
OAKFIELD = AgencyId("e99000001.oakfield")
LEAD = Requester(OAKFIELD, AgencyKind.SCHOOL, Role.DSL)
READY = ready_agreement(NOW)


def explained(
    *rules: str,
    requester: Requester = LEAD,
    purpose: Purpose = Purpose.SAFEGUARDING_CONCERN,
    kind: Kind = Kind.GP,
    day: date = TODAY,
    own: bool = True,
    front_door: bool = False,
) -> Explained:
    return explain(
        agreement(*rules) if rules else READY,
        day,
        SIGNED,
        requester,
        purpose,
        Involved(kind),
        significant_harm=False,
        own=own,
        front_door=front_door,
    )


# ---- explain -------------------------------------------------------------------------------------


def test_an_explanation_names_terms_and_rule_with_its_sentence() -> None:
    said = explained()
    assert said.detail is Detail.SERVICE
    assert said.why == (
        "By the signed terms SAFEGUARDING_CONCERN of DSL has the tier UNIVERSAL, which may name "
        "GP.",
        "Rule concern permits it (from 2025-07-19 to 2028-04-14): For a safeguarding concern, "
        "others learn which universal services know the child.",
    )


def test_an_explanation_says_where_the_terms_end_it() -> None:
    assert explained(kind=Kind.HOUSING) == Explained(
        None,
        (
            "By the signed terms SAFEGUARDING_CONCERN of DSL has the tier UNIVERSAL, which does "
            "not name HOUSING.",
        ),
    )
    not_hers = explained(purpose=Purpose.S47_ENQUIRY)
    assert not_hers.why == ("By the signed terms DSL may not ask for S47_ENQUIRY.",)
    nobody = explained(requester=Requester(OAKFIELD, AgencyKind.HOUSING, Role.DSL))
    assert nobody.why == ("By the signed terms nobody at HOUSING is DSL.",)
    assert (not_hers.detail, nobody.detail) == (None, None)


def test_an_explanation_says_which_rule_forbids_or_that_none_permits() -> None:
    no = rule(
        'principal in Agency::"e99000001.oakfield", action, resource', id_="no", effect="forbid"
    )
    assert explained(rule(), no).why[1:] == (
        "Rule no forbids it (from 2026-01-01 to 2027-12-31): What it says.",
    )
    other = explained(rule('principal, action == Action::"CHILD_DEATH", resource'))
    assert other.why[1:] == ("No rule of the agreement permits it.",)
    assert other.detail is None


def test_an_explanation_says_that_an_agreement_is_out_of_date() -> None:
    late = explained(day=date(2029, 1, 1))
    assert late == Explained(
        None, ("The agreement does not hold on 2029-01-01: nobody is answered.",)
    )


OFFICER = Requester(OAKFIELD, AgencyKind.POLICE, Role.POLICE_PVP)
WORKER = Requester(OAKFIELD, AgencyKind.LOCAL_AUTHORITY, Role.SOCIAL_WORKER)


def test_an_explanation_says_what_holds_in_the_own_area_alone() -> None:
    here = explained(requester=OFFICER, purpose=Purpose.MISSING_CHILD)
    assert here.detail is Detail.SERVICE
    away = explained(requester=OFFICER, purpose=Purpose.MISSING_CHILD, own=False)
    assert away.detail is None
    assert away.why == (
        *here.why,
        "You are not in the requester's own area: by the signed terms she is told nothing.",
    )


def test_an_explanation_says_what_another_area_must_name() -> None:
    enquiry = Purpose.S47_ENQUIRY
    council, other = (
        explained(requester=OFFICER, purpose=enquiry, own=False, front_door=each)
        for each in (True, False)
    )
    assert council.detail is other.detail is Detail.SERVICE
    given = (
        "You are not in the requester's own area: she is told this only if you are next door or "
        "in an area that she names, and she gives the postcode of your record. "
    )
    assert council.why[-1] == given + "Otherwise she is told to ring your duty desk."
    assert other.why[-1] == given + "Otherwise she is told nothing."
    death = explained(requester=OFFICER, purpose=Purpose.CHILD_DEATH, own=False, front_door=True)
    assert death.why[-1] == given + "Otherwise she is told nothing."
    care = explained(requester=WORKER, purpose=Purpose.CLA_CARE, own=False, front_door=True)
    assert care.why[-1].endswith("she is told this only if she names yours.")
    assert care.detail is Detail.SERVICE


def test_an_explanation_says_no_place_where_nothing_is_told_anyway() -> None:
    no = rule('principal in Role::"POLICE_PVP", action, resource', effect="forbid", id_="no")
    said = explained(rule(), no, requester=OFFICER, purpose=Purpose.S47_ENQUIRY, own=False)
    assert said.detail is None
    assert said.why[-1].startswith("Rule no forbids it")


def test_a_practitioner_of_a_mash_may_be_at_any_kind_of_agency() -> None:
    seconded = Requester(OAKFIELD, AgencyKind.HOUSING, Role.MASH_PRACTITIONER)
    assert explained(requester=seconded, purpose=Purpose.S47_ENQUIRY).detail is Detail.SERVICE


# ---- remarks -------------------------------------------------------------------------------------


def test_the_ready_set_is_not_remarkable() -> None:
    assert remarks(READY, TODAY, SIGNED) == ()


def test_a_purpose_for_which_nothing_is_disclosed_is_remarked() -> None:
    said = remarks(
        agreement(rule('principal, action == Action::"S47_ENQUIRY", resource')), TODAY, SIGNED
    )
    assert (
        "Nothing is disclosed for CHILD_DEATH. Whoever asks reads that as “nothing to disclose”."
        in said
    )
    assert not [line for line in said if "S47_ENQUIRY" in line]
    # The signed terms tell nothing for these anyway.
    assert not [line for line in said if "TRANSFER_IN" in line or "MISSING_EDUCATION" in line]


def test_an_agreement_that_permits_nothing_is_remarked() -> None:
    said = remarks(agreement(rule(), rule(id_="no", effect="forbid")), TODAY, SIGNED)
    assert said[0] == "No rule permits anything today. This agency answers nobody."


def test_a_purpose_that_lapsed_is_remarked_once() -> None:
    gone = rule(
        'principal, action == Action::"S47_ENQUIRY", resource', id_="gone", last="2026-11-01"
    )
    said = remarks(
        agreement(gone, rule('principal, action == Action::"CHILD_DEATH", resource', id_="rest")),
        TODAY,
        SIGNED,
    )
    assert said[0].startswith("The last rule for S47_ENQUIRY has ended, so the agreement is out of")
    assert "Rule gone ended on 2026-11-01." in said
    assert len([line for line in said if "S47_ENQUIRY" in line]) == 1


def test_rules_that_end_soon_begin_later_or_do_nothing_are_remarked() -> None:
    said = remarks(
        agreement(
            rule(),
            rule(id_="soon", detail="exact kind", last="2027-01-29"),
            rule(id_="later", first="2027-02-01"),
            rule('principal, action == Action::"TRANSFER_IN", resource', id_="vain"),
            rule(
                'principal in Role::"IRO", action, resource',
                id_="in-time",
                detail="exact kind",
                last="2027-01-30",
            ),
        ),
        TODAY,
        SIGNED,
    )
    of_rules = [line for line in said if line.startswith("Rule ")]
    assert of_rules == [
        "Rule a-rule has no effect: the signed terms allow nothing that it is about, or other "
        "rules decide it.",
        "Rule soon ends on 2027-01-29.",
        "Rule soon permits the exact kind. Answers have no form for it yet, and name the service.",
        "Rule later begins on 2027-02-01.",
        "Rule vain has no effect: the signed terms allow nothing that it is about, or other rules "
        "decide it.",
        "Rule in-time permits the exact kind. Answers have no form for it yet, and name the "
        "service.",
    ]


def test_a_rule_that_begins_or_ends_today_is_in_force() -> None:
    begins = rule('principal, action == Action::"S47_ENQUIRY", resource', first=str(TODAY))
    ends = rule('principal, action == Action::"CHILD_DEATH", resource', id_="ends", last=str(TODAY))
    said = [line for line in remarks(agreement(begins, ends), TODAY, SIGNED) if "Rule" in line]
    assert said == [f"Rule ends ends on {TODAY}."]


# ---- changes -------------------------------------------------------------------------------------


def test_no_change_changes_nothing() -> None:
    assert changes(READY, READY, TODAY, SIGNED) == ()


def test_a_change_says_who_loses_what() -> None:
    scope = 'principal, action == Action::"LEAVING_CARE", resource'
    (loses,) = changes(
        agreement(rule(scope)), agreement(rule(scope, detail="duty desk")), TODAY, SIGNED
    )
    assert (loses.purpose, loses.before, loses.after) == (
        Purpose.LEAVING_CARE,
        Detail.SERVICE,
        Detail.DUTY_DESK,
    )
    assert loses.asked_by == ("LOCAL_AUTHORITY: SOCIAL_WORKER, PERSONAL_ADVISER",)
    assert not loses.is_more


def test_to_be_told_of_a_duty_desk_is_more_than_nothing_and_counts_at_the_gravest() -> None:
    """Housing is told of in a referral only where significant harm is stated."""
    before = rule('principal, action == Action::"S47_ENQUIRY", resource')
    scope = 'principal, action == Action::"REFERRAL_TRIAGE", resource in Kind::"HOUSING"'
    desk = rule(scope, id_="desk", detail="duty desk")
    (gains, *_) = changes(agreement(before), agreement(before, desk), TODAY, SIGNED)
    assert (gains.purpose, gains.kinds) == (Purpose.REFERRAL_TRIAGE, ("HOUSING",))
    assert (gains.before, gains.after, gains.is_more) == (None, Detail.DUTY_DESK, True)
    (loses, *_) = changes(agreement(before, desk), agreement(before), TODAY, SIGNED)
    assert (loses.before, loses.after, loses.is_more) == (Detail.DUTY_DESK, None, False)


def test_what_the_terms_do_not_allow_is_no_change() -> None:
    scope = 'principal, action == Action::"TRANSFER_IN", resource'
    assert changes(agreement(rule(scope)), READY, TODAY, SIGNED)
    with_more = agreement(rule(), rule(scope, id_="vain"))
    assert changes(agreement(rule()), with_more, TODAY, SIGNED) == ()


def test_a_change_says_who_gains_and_where() -> None:
    before = agreement(
        rule('principal, action == Action::"S47_ENQUIRY", resource in Tier::"UNIVERSAL"')
    )
    now = rule(
        'principal in Area::"e99000001", action == Action::"S47_ENQUIRY", resource',
        id_="housing",
        more='when { resource in Kind::"HOUSING" }',
    )
    after = agreement(now, rule('principal in Role::"IRO", action, resource', id_="iro"))
    found = changes(before, after, TODAY, SIGNED)
    assert [change.is_more for change in found] == sorted(
        (change.is_more for change in found), reverse=True
    )
    gained = next(change for change in found if change.kinds == ("HOUSING",))
    assert (gained.purpose, gained.before, gained.after) == (
        Purpose.S47_ENQUIRY,
        None,
        Detail.SERVICE,
    )
    assert "POLICE (others of e99000001): MASH_PRACTITIONER, POLICE_PVP" in gained.asked_by
    assert not [requester for requester in gained.asked_by if "elsewhere" in requester]
    care = next(change for change in found if change.purpose is Purpose.CLA_CARE)
    assert care.asked_by == (
        "LOCAL_AUTHORITY (elsewhere): IRO",
        "LOCAL_AUTHORITY (others of e99000001): IRO",
    )
    assert "GP" in care.kinds
    assert "GP of the lead practitioner" not in care.kinds
    assert "HOUSING of the lead practitioner" in care.kinds
