"""What breaks the claims on marked records and the self-test: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import ANSWERS, Mutation

_HERE: Final = "tests/simulation/test_marked_records.py::"
_TEST: Final = "agency_node/answering/self_test.py"

MARKED: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{_HERE}test_keys_that_no_question_has_are_found_by_the_test",
        ANSWERS,
        "if not disclosed.pointers and self._missed(agency, number):",
        "if False:",
    ),
    Mutation(
        f"{_HERE}test_one_missing_shard_is_found_and_what_is_named_stands",
        _TEST,
        "if led != {locator(key, tags[each]) for each in marked.asked_inputs()}:",
        "if not led:",
    ),
    Mutation(
        f"{_HERE}test_all_that_is_not_disclosed_looks_the_same_also_then",
        ANSWERS,
        "if not disclosed.pointers and self._missed(agency, number):",
        "if examined is None and self._missed(agency, number):",
    ),
    Mutation(
        f"{_HERE}test_no_question_from_outside_opens_a_marked_record",
        "agency_node/records/index.py",
        "if tags.is_marked(at) == marked",
        "if tags.is_marked(at) or not marked",
    ),
    Mutation(
        f"{_HERE}test_the_inputs_of_marked_records_are_no_child_s",
        "fingerpost/private/linkage/blocking_keys.py",
        "_MARKED_DOMAIN if marked else _DOMAIN",
        "_DOMAIN",
    ),
    Mutation(
        f"{_HERE}test_where_the_holders_refuse_nothing_is_said_to_be_missed",
        _TEST,
        "self._not_before = now + AGAIN_SECONDS\n                return\n",
        "self._not_before = now + AGAIN_SECONDS\n                continue\n",
    ),
    Mutation(
        "tests/unit/fingerpost/protocol/test_caseload.py::"
        "test_marked_records_take_no_room_from_children_and_give_none",
        "fingerpost/protocol/caseload.py",
        "marked = marked_keys(len(hosted(member.id)))",
        "marked = 10 * marked_keys(len(hosted(member.id)))",
    ),
)
