"""Changes that break what the threat model says of how people are brought to talk."""

from __future__ import annotations

from typing import Final

from mutants.mutation import NOTES, Mutation

_CONVENING: Final = "tests/unit/practitioner/test_convening.py::"
_SEATS: Final = "practitioner/asking/convening.py"
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
        f"{_CONVENING}test_only_childrens_social_care_calls_a_strategy_discussion",
        _SEATS,
        "if role not in STRATEGY_ROLES or kind is not AgencyKind.LOCAL_AUTHORITY:",
        "if role not in STRATEGY_ROLES:",
    ),
)
