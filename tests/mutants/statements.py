"""What breaks the claims on what a requester states, what a second person signs, and what her
agency's own records say: see ``claims``.
"""

from __future__ import annotations

from typing import Final

from mutants.mutation import (
    APPROVED,
    CONCLUDED,
    DECIDED,
    GATEWAY,
    PRIVATE,
    RULES,
    SEALED,
    Mutation,
)

STATEMENTS: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{PRIVATE}test_query_sealing.py::test_facts_are_judged_at_the_moment_of_the_query",
        SEALED,
        "require_stated(why, terms, inner.demographics, core.issued_at)",
        "require_stated(why, terms, inner.demographics, int(now))",
    ),
    Mutation(
        f"{PRIVATE}test_purpose_rules.py::"
        "test_further_than_nearer_areas_only_once_nobody_there_knows_the_child",
        RULES,
        "        raise Refused(Code.NOT_ALLOWED, PurposeRule.FURTHER)",
        "        pass",
    ),
    Mutation(
        f"{PRIVATE}test_purpose_rules.py::"
        "test_an_enquiry_for_a_council_is_at_the_request_of_a_council_of_the_federation",
        RULES,
        "    if kind is not AgencyKind.LOCAL_AUTHORITY or (\n",
        "    if (\n",
    ),
    Mutation(
        f"{PRIVATE}test_purpose_rules.py::"
        "test_only_a_council_to_which_she_is_seconded_is_rung_in_the_place_of_her_agency",
        RULES,
        "    if role is not Role.MASH_PRACTITIONER or council not in agency.seconded_to:\n",
        "    if role is not Role.MASH_PRACTITIONER:\n",
    ),
    Mutation(
        "tests/unit/practitioner/test_outcome.py::"
        "test_a_child_is_new_only_by_a_verified_answer_of_the_own_agency",
        CONCLUDED,
        "        return OwnRecord.NOT_KNOWN\n",
        "        return OwnRecord.NEW_TODAY\n",
    ),
    Mutation(
        "tests/simulation/test_one_lookup.py::"
        "test_a_known_child_is_not_called_new_where_too_little_was_asked",
        CONCLUDED,
        "    return OwnRecord.NEW_TODAY if strength.sure else OwnRecord.NOT_KNOWN\n",
        "    return OwnRecord.NEW_TODAY\n",
    ),
    Mutation(
        "tests/simulation/test_second_people.py::"
        "test_an_approval_of_something_else_is_refused_where_it_opens",
        SEALED,
        "    approvals = require_approved(of, agency, federation.code_lists, core.issued_at)\n",
        "    approvals = ()\n",
    ),
    Mutation(
        f"{PRIVATE}test_approvals.py::test_it_holds_for_nothing_else",
        APPROVED,
        "    if approval.child != of.child(approval.salt):",
        "    if approval.child == b'':",
    ),
    Mutation(
        f"{PRIVATE}test_approvals.py::test_without_either_signature_it_is_none",
        APPROVED,
        "    _require_signed(approval.key, by_person, PayloadType.APPROVAL, statement)\n",
        "",
    ),
    Mutation(
        f"{GATEWAY}test_second_person_cli.py::test_nobody_else_and_nobody_herself_decides",
        DECIDED,
        "    return not own and may_decide(session.role, purpose)",
        "    return may_decide(session.role, purpose)",
    ),
    Mutation(
        f"{GATEWAY}test_second_persons.py::"
        "test_what_nobody_reviews_in_time_is_an_exception_until_somebody_does",
        DECIDED,
        "if now >= due(e.purpose, e.at).confirmed)",
        "if now > due(e.purpose, e.at).reviewed)",
    ),
)
