"""Changes that break what the threat model says of how people are brought to talk."""

from __future__ import annotations

from typing import Final

from mutants.mutation import NOTES, Mutation

_CONVENING: Final = "tests/unit/practitioner/test_convening.py::"
_SEATS: Final = "practitioner/asking/convening.py"
_AUDIT: Final = "tests/unit/fingerpost/audit/test_audit.py::"
_RETENTION: Final = "fingerpost/audit/retention.py"
_MEETING: Final = "practitioner/present/meeting.py"

TALKING: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{NOTES}test_a_meeting_is_told_to_every_agency_of_a_node_that_knows_the_child_"
        "and_to_no_other",
        "agency_node/notes/service.py",
        "if (note.kind is NoteKind.CONVENED or thread.agency == note.agency)",
        "if thread.agency == note.agency",
    ),
    Mutation(
        f"{_CONVENING}test_the_invitation_says_nothing_of_why_or_of_what_an_agency_is_involved_for",
        _MEETING,
        'yield f"Called by {meeting.called_by}. Reference: {operation}."',
        'yield "; ".join(map(_seat, found.invited))',
    ),
    Mutation(
        f"{_CONVENING}test_a_place_cannot_add_to_the_invitation",
        _MEETING,
        "    made: bytes = calendar.to_ical()\n",
        '    made: bytes = calendar.to_ical().replace(b"\\\\n", b"\\r\\n")\n',
    ),
    Mutation(
        f"{_CONVENING}test_who_did_not_answer_is_rung_and_never_left_out",
        _SEATS,
        "unanswered = [each for each in others if each.lacks_answer]",
        "unanswered = [each for each in others if each.lacks_answer and each.duty_desk == '1']",
    ),
    Mutation(
        "tests/unit/practitioner/test_talking.py::"
        "test_what_nobody_answered_is_not_recorded_and_asked_no_more",
        "practitioner/asking/talking.py",
        "if e.operation not in said and now < closes_at(e.at)]",
        "if e.operation not in said]",
    ),
    Mutation(
        "tests/unit/practitioner/test_second_persons.py::"
        "test_on_duty_is_who_signed_in_within_eight_hours_and_may_decide",
        "practitioner/asking/second_persons.py",
        "        if now - ON_DUTY_SECONDS < each.at\n        and each",
        "        if each",
    ),
    Mutation(
        "tests/unit/practitioner/test_second_person_cli.py::"
        "test_a_lookup_that_could_not_wait_is_reviewed_or_listed",
        "practitioner/cli/second_person.py",
        "        (each.operation, each.purpose.name, _clock(each.at), *_times(each, now)) for each",
        "        (str(each.requester and each.requester.name), *_times(each, now)) for each",
    ),
    Mutation(
        "tests/unit/practitioner/test_accounts.py::"
        "test_an_account_that_ended_is_no_account_and_its_name_is_never_given_again",
        "practitioner/sign_in/accounts.py",
        "            before = self._kept(connection, account.agency, account.subject)\n",
        "            before = self._account(connection, account.agency, account.subject)\n",
    ),
    Mutation(
        f"{_AUDIT}test_no_entry_ends_before_three_years_or_much_later",
        _RETENTION,
        '    return month.value < f"{int(year) - KEPT_YEARS:04}-{of_year}"\n',
        '    return month.value < f"{int(year) - 1:04}-{of_year}"\n',
    ),
    Mutation(
        f"{_AUDIT}test_a_months_key_is_destroyed_three_years_after_it_and_the_chain_holds",
        "fingerpost/audit/log.py",
        "if key.secret is not None and retention.is_due(key.month, reached)",
        "if key.secret is not None and False",
    ),
    Mutation(
        f"{_AUDIT}test_under_a_legal_hold_nothing_is_forgotten_until_two_persons_lift_it",
        _RETENTION,
        "    if one.value.lower() == other.value.lower():\n",
        "    if False:\n",
    ),
    Mutation(
        f"{_AUDIT}test_a_hold_of_another_process_counts",
        "fingerpost/audit/log.py",
        "            if not due or self._holds(connection):\n",
        "            if not due or self._in_force:\n",
    ),
    Mutation(
        "tests/unit/practitioner/test_gateway_rights.py::"
        "test_the_reply_is_the_same_whatever_was_found",
        "fingerpost/membership/audit_commands.py",
        "lines) or NOTHING_GIVEN, AFTERWARDS]))",
        "lines) or str(len(tuple(log.show(0, NEVER, decrypt=False)))), AFTERWARDS]))",
    ),
    Mutation(
        f"{_CONVENING}test_only_childrens_social_care_calls_a_strategy_discussion",
        _SEATS,
        "if role not in STRATEGY_ROLES or kind is not AgencyKind.LOCAL_AUTHORITY:",
        "if role not in STRATEGY_ROLES:",
    ),
)
