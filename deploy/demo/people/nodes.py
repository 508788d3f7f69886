"""The 13 nodes: hosts for many agencies, councils and trusts with their own, charities with one.

Lives here: the list. Which agency sits where is in ``agencies``. All of them are invented.
"""

from __future__ import annotations

from typing import Final

from deploy.demo.people.places import Node
from fingerpost.protocol.ids import MemberId

SCHOOL_SUPPLIER: Final = Node(MemberId("inkwell-schools"), "Inkwell School Systems")
GP_SUPPLIER: Final = Node(MemberId("surgerybook"), "Surgerybook Practice Systems")
WEXCOMBE_COUNCIL: Final = Node(MemberId("wexcombe-council"), "Wexcombe Borough Council")
HARROWDALE_COUNCIL: Final = Node(MemberId("harrowdale-council"), "Harrowdale City Council")
ACADEMIES: Final = Node(MemberId("kestrel-academies"), "Kestrel Ridge Academies")
HOSPITALS: Final = Node(MemberId("twyfold-hospitals"), "Twyfold Hospitals Trust")
COMMUNITY_HEALTH: Final = Node(MemberId("twyfold-community"), "Twyfold Community Health Trust")
POLICE: Final = Node(MemberId("severnmoor-police"), "Severnmoor Police")
FAMILY_CHARITY: Final = Node(MemberId("lanternlight"), "Lanternlight Family Support")
YOUTH_CHARITY: Final = Node(MemberId("tollgate-youth"), "Tollgate Youth Project")
LANDLORD: Final = Node(MemberId("fennick-homes"), "Fennick Homes")
NURSERIES: Final = Node(MemberId("thimblehall"), "Thimblehall Nurseries")
WELFARE_TRUST: Final = Node(MemberId("marrowfield-trust"), "Marrowfield Young Carers Trust")

NODES: Final = (
    SCHOOL_SUPPLIER,
    GP_SUPPLIER,
    WEXCOMBE_COUNCIL,
    HARROWDALE_COUNCIL,
    ACADEMIES,
    HOSPITALS,
    COMMUNITY_HEALTH,
    POLICE,
    FAMILY_CHARITY,
    YOUTH_CHARITY,
    LANDLORD,
    NURSERIES,
    WELFARE_TRUST,
)
