"""What breaks the claims on knocks: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import ANSWERS, NODE, Mutation

_HERE: Final = f"{NODE}test_node_knocks.py::"
_RULES: Final = f"{NODE}test_knock_lanes.py::"
_LANES: Final = "agency_node/notices/lanes.py"
_KEPT: Final = "agency_node/notices/service.py"
_SENT: Final = f"{NODE}test_knock_messages.py::"
_SERVED: Final = f"{NODE}test_knock_servers.py::"
_SENDING: Final = "agency_node/notices/sending.py"
_SHOWN: Final = "agency_node/cli/knocks.py"

KNOCKS: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{NODE}test_node_indistinguishable.py::"
        "test_a_silence_shows_and_costs_what_an_unknown_child_does",
        ANSWERS,
        "looked_up=len(looked),",
        "looked_up=len(looked) + len(entries),",
    ),
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
        "if its and not lookup.named_us:",
        "if its:",
    ),
    Mutation(
        f"{_HERE}test_the_list_names_nobody",
        _SHOWN,
        "return asked(None, None) if by is None else asked(by.role, by.purpose)",
        "return asked(None, None) if by is None else by.name + asked(by.role, by.purpose)",
    ),
    Mutation(
        f"{_SENT}test_on_every_tick_one_message_leaves_whether_a_desk_is_due_or_not",
        _SENDING,
        "        while len(addresses) < most:\n",
        "        while told and len(addresses) < most:\n",
    ),
    Mutation(
        f"{_SERVED}test_a_webhook_says_yes_or_no_in_one_size_and_signed",
        "agency_node/notices/webhook.py",
        'written[:-1].ljust(BODY_BYTES - 1) + b"}"',
        "written",
    ),
    Mutation(
        f"{_SENT}test_a_server_that_fails_loses_nothing_and_neither_does_a_restart",
        _SENDING,
        "            if reply is Reply.TAKEN:\n                self",
        "            if reply:\n                self",
    ),
    Mutation(
        f"{_SERVED}test_a_server_that_is_not_the_agencys_gets_no_message",
        "agency_node/notices/smtp_mail.py",
        "    context.minimum_version = ssl.TLSVersion.TLSv1_2\n",
        "    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n",
    ),
)
