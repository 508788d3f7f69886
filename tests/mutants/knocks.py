"""What breaks the claims on knocks: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import NODE, Mutation

_HERE: Final = f"{NODE}test_node_knocks.py::"
_RULES: Final = f"{NODE}test_knock_lanes.py::"
_LANES: Final = "agency_node/notices/lanes.py"
_KEPT: Final = "agency_node/notices/service.py"
_SHOWN: Final = "agency_node/cli/knocks.py"

KNOCKS: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{_HERE}test_there_is_a_notice_for_each_entry_of_the_log_whatever_was_found",
        _KEPT,
        "            yield notice\n",
        "            if notice.is_open:\n                yield notice\n",
    ),
    Mutation(
        f"{_HERE}test_it_rests_before_each_lookup_and_each_step_of_earlier_ones",
        _KEPT,
        "            self._rest()\n            notice = ",
        "            notice = ",
    ),
    Mutation(
        f"{_RULES}test_two_lookups_from_different_areas_switch_the_first_lane_off_for_the_third",
        _LANES,
        "return len(areas) >= SCATTERED",
        "return len(areas) > SCATTERED",
    ),
    Mutation(
        f"{_RULES}test_a_question_that_nobody_vouched_for_does_not_knock",
        _LANES,
        "if purpose is None or not is_knock(finding, answer):",
        "if not is_knock(finding, answer):",
    ),
    Mutation(
        f"{_HERE}test_a_lookup_of_which_one_query_named_the_agency_is_no_knock",
        _SHOWN,
        "if its and not told:",
        "if its:",
    ),
    Mutation(
        f"{_HERE}test_what_cannot_be_recorded_opens_no_name",
        _SHOWN,
        '        log.append(AuditEvent(KNOCK_OPENED, actor, reason, now, {"entry": number}))\n',
        "",
    ),
)
