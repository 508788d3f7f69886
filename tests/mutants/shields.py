"""What lets a feed, a file or one operator undo a shield: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import ANSWERS, NODE, TOLD, WITNESS, Mutation

SHIELDS: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{NODE}test_import_shields.py::test_a_shield_survives_the_next_import",
        "agency_node/importing/shielding.py",
        "    growing = _Growing(before, upn=upn, now=now)\n    for demographics in earlier",
        "    growing = _Growing(Register(), upn=upn, now=now)\n    for demographics in earlier",
    ),
    Mutation(
        f"{NODE}test_import_shields.py::test_nobody_once_shielded_is_unshielded_by_any_imports",
        "agency_node/importing/shielding.py",
        "            known = Known(upn=self._upn)  # the next turn looks at what is new\n",
        "            return frozenset(found)\n",
    ),
    Mutation(
        "tests/simulation/test_shielded_children.py::"
        "test_no_lookup_names_an_agency_that_shields_the_child",
        "agency_node/records/meeting.py",
        "if birth in _SAME_DATE and _may_be_one_forename(one, other):",
        "if False:",
    ),
    Mutation(
        f"{NODE}test_import_shields.py::test_whoever_is_the_same_as_a_likely_child_is_likely_too",
        "agency_node/records/meeting.py",
        "pending = self._pending.same(child) or _one(self._pending.alike(child, form))",
        "pending = ()",
    ),
    Mutation(
        "tests/simulation/test_shielded_children.py::"
        "test_who_asks_about_a_shielded_child_in_no_file_is_recorded",
        "agency_node/importing/shield_records.py",
        "if inputs and its not in present:",
        "if False:",
    ),
    Mutation(
        f"{NODE}test_node_shields.py::test_a_shield_withholds_whatever_the_records_say",
        TOLD,
        "return NOTHING if withheld else disclosed",
        "return disclosed",
    ),
    Mutation(
        f"{NODE}test_import_shields.py::test_nothing_of_a_hidden_child_is_stored",
        "agency_node/importing/staging.py",
        "        if n not in made.hidden\n",
        "",
    ),
    Mutation(
        f"{NODE}test_import_shields.py::test_without_its_register_nothing_is_imported",
        WITNESS,
        "return None if witnessed is None else Fault.GONE",
        "return None",
    ),
    Mutation(
        f"{NODE}test_node_shields.py::test_without_its_register_an_agency_answers_about_no_child",
        ANSWERS,
        "if not known or shields is None or agreement is None",
        "if not known or agreement is None",
    ),
    Mutation(
        f"{NODE}test_node_disclosure.py::test_a_shielded_row_of_a_twin_withholds_too",
        TOLD,
        "if any(row.shielded for row in (*rows, *near)):",
        "if any(row.shielded for row in rows):",
    ),
    Mutation(
        "tests/simulation/test_shielded_children.py::"
        "test_the_postcode_of_a_refuge_shields_whoever_has_it",
        "agency_node/importing/shielding.py",
        "if child.refuge and n not in left_out:",
        "if False:",
    ),
    Mutation(
        "tests/simulation/test_shielded_children.py::"
        "test_the_postcode_of_a_refuge_is_in_no_record_no_key_and_no_shield",
        "agency_node/records/refuges.py",
        "    return replace(who, postcode=postcode, former_postcodes=former)\n",
        "    return who\n",
    ),
    Mutation(
        f"{NODE}test_node_officers.py::test_one_typed_or_borrowed_statement_lifts_nothing",
        "fingerpost/private/officers.py",
        "if not len(people) == len(keys) == len(statements) == 2:",
        "if False:",
    ),
    Mutation(
        f"{NODE}test_node_officers.py::"
        "test_names_that_are_typed_lift_nothing_where_officers_can_sign",
        "agency_node/cli/officers.py",
        "    if not passport_key:\n",
        "    if by and second:\n",
    ),
    Mutation(
        f"{NODE}test_node_officers.py::test_statements_are_used_once",
        "agency_node/records/shields.py",
        "if {digest for digest, _ in self.used} & {digest for digest, _ in new}:",
        "if False:",
    ),
)
