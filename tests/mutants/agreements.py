"""What breaks the claims on agreements, places and desks: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import ANSWERS, NODE, TOLD, Mutation

_POLICY: Final = "agency_node/policy/agreement.py"
_DUTY: Final = "agency_node/desks/duty.py"
_PLACES: Final = "agency_node/policy/places.py"

AGREEMENTS: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{NODE}test_agreement_matrix.py::"
        "test_whatever_the_rules_they_never_widen_the_terms_and_the_engine_decides",
        _POLICY,
        "if not terms.allows(involved.kind, lead=lead, significant_harm=significant_harm):",
        "if False:",
    ),
    Mutation(
        f"{NODE}test_agreement_matrix.py::test_nothing_leaves_outside_the_terms_and_the_agreement",
        _POLICY,
        "        if not result.allowed:\n",
        "        if not numbers:\n",
    ),
    Mutation(
        f"{NODE}test_agreement.py::test_a_text_with_a_fault_is_refused_whole_and_says_why",
        "agency_node/policy/refused.py",
        "    if name in CLOSED[type_]:\n",
        "    if name:\n",
    ),
    Mutation(
        f"{NODE}test_agreements_cli.py::test_a_preview_is_recorded_before_it_is_shown",
        "agency_node/cli/agreements.py",
        "            log.append(AuditEvent(PREVIEWED, actor, reason, int(time.time()), fields))\n",
        "            pass\n",
    ),
    Mutation(
        f"{NODE}test_node_agreements.py::"
        "test_what_no_rule_permits_is_answered_as_if_the_child_were_unknown",
        "agency_node/answering/disclosure.py",
        "told = [(row, ruling) for row, ruling in ruled_ if ruling.detail]",
        "told = list(ruled_)",
    ),
    Mutation(
        f"{NODE}test_node_agreements.py::"
        "test_without_an_agreement_that_holds_nobody_is_answered_about_any_child",
        ANSWERS,
        "in_force = agreement.answering(asking.day) if agreement is not None else None",
        "in_force = agreement.on(asking.day) if agreement is not None else None",
    ),
    # ---- places ----------------------------------------------------------------------------------
    Mutation(
        f"{NODE}test_places.py::test_what_each_place_may_say",
        _PLACES,
        "    if terms.home_only:\n",
        "    if False:\n",
    ),
    Mutation(
        f"{NODE}test_places.py::"
        "test_nothing_leaves_from_a_place_outside_what_place_terms_and_tier_allow",
        TOLD,
        "    if asks.place is Place.NOT_NAMED:\n",
        "    if False:\n",
    ),
    Mutation(
        f"{NODE}test_places.py::test_a_postcode_that_a_far_record_kept_does_not_show_the_new_place",
        _PLACES,
        "given=serves(agency, beside, federation) and gives_home(",
        "given=gives_home(",
    ),
    Mutation(
        f"{NODE}test_places.py::test_to_name_an_area_to_ask_further_is_not_to_know_the_place",
        _PLACES,
        "    if given or (named and terms.names_areas):\n",
        "    if given or named:\n",
    ),
    Mutation(
        f"{NODE}test_places.py::test_of_a_missing_child_other_areas_tell_nothing_whatever_is_known",
        _PLACES,
        "    if terms.home_only:\n",
        "    if terms.home_only and not given:\n",
    ),
    Mutation(
        f"{NODE}test_node_disclosure.py::"
        "test_of_a_place_that_was_not_named_nothing_is_told_or_to_ring_one_desk",
        TOLD,
        "        pointers = [_FRONT_DOOR] if told else []\n",
        "        pointers = [_duty_desk(row.status) for row, _ in told]\n",
    ),
    Mutation(
        "tests/simulation/test_places.py::"
        "test_who_does_not_know_the_new_home_learns_no_more_than_a_front_door",
        _PLACES,
        "        front_door=is_front_door(federation.agency(agency)),\n",
        "        front_door=True,\n",
    ),
    # ---- desks -----------------------------------------------------------------------------------
    Mutation(
        f"{NODE}test_desks_on_duty.py::test_who_has_left_is_not_shown_by_name_or_number",
        _DUTY,
        '        worker_name="" if gone or note else row.worker_name,\n',
        '        worker_name="" if note else row.worker_name,\n',
    ),
    Mutation(
        f"{NODE}test_desks_on_duty.py::"
        "test_at_every_moment_a_number_is_named_and_nobody_who_has_left",
        _DUTY,
        "        (worker, not gone),\n",
        "        (worker, True),\n",
    ),
    Mutation(
        f"{NODE}test_desks_on_duty.py::"
        "test_a_clock_that_is_not_verified_names_the_duty_desk_and_nobody_who_may_have_left",
        _DUTY,
        "    return not clock or not _between(",
        "    return not _between(",
    ),
    Mutation(
        f"{NODE}test_desks_on_duty.py::"
        "test_a_school_is_rung_in_term_and_its_councils_education_desk_in_the_holidays",
        _DUTY,
        "        (education, out_of_term),\n",
        "        (education, False),\n",
    ),
)
