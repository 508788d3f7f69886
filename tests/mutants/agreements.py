"""What breaks the claims on agreements: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import ANSWERS, NODE, Mutation

_POLICY: Final = "agency_node/policy/agreement.py"

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
)
