"""The agreement that one agency of the demonstration narrows."""

from __future__ import annotations

from datetime import date

import pytest

from agency_node.policy.agreement import read_agreement
from agency_node.policy.store import ready
from agency_node.policy.vocabulary import Detail, Involved, Requester
from deploy.demo.members import narrow
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Role
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId

TODAY = date(2026, 4, 1)


def test_a_concern_is_told_to_ring_the_duty_desk_and_urgent_care_the_service() -> None:
    text = ready(TODAY, TODAY)
    held = read_agreement(narrow(text)).on(TODAY)
    asking = Requester(AgencyId("e99000001.oak"), AgencyKind.SCHOOL, Role.DSL)
    practice = Involved(Kind.GP)
    assert held.ruling(asking, Purpose.SAFEGUARDING_CONCERN, practice).detail is Detail.DUTY_DESK
    assert held.ruling(asking, Purpose.URGENT_CARE, practice).detail is Detail.SERVICE
    with pytest.raises(Defect, match="no rule for a concern"):
        narrow(narrow(text))
