"""FHIR R4: what patients and episodes mean, what refuses a file, and who is told of."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.sources.children import Export, SourceChild
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.fhir_file import is_json
from agency_node.importing.sources.fields import Flag
from agency_node.importing.sources.reading import Reading, read_export
from agency_node.importing.sources.reasons import Reason
from deploy.invented.fhir import bundle, labelled, numbered
from fakes.import_world import AS_OF
from fakes.surgery import episode, lines, organization, patient, practitioner, role, trust
from fingerpost.private.demographics import OtherName, PartialDate, Scheme, Sex
from fingerpost.protocol.codes import DeskKind, InvolvementStatus, Kind

A_SURGERY = Columns(constants={"kind": "GP"})
"""A surgery's patients have no episodes: its operator states the one kind."""
ADOPTED = "393547004"


def read(content: bytes, columns: Columns | None = None) -> Export:
    return read_export(content, as_of=AS_OF, columns=columns or Columns(), reading=Reading())


def one(*resources: dict[str, Any], columns: Columns | None = None) -> SourceChild:
    [child] = read(bundle(*resources), columns).children
    return child


def listed(**fields: Any) -> SourceChild:
    """One patient of a surgery's list."""
    return one(patient(**fields), organization(), columns=A_SURGERY)


def refused(content: bytes, columns: Columns | None = None) -> RefusedFile:
    with pytest.raises(RefusedFile) as why:
        read(content, columns)
    assert "Quillfeather" not in str(why.value)
    return why.value


# ---- patients ------------------------------------------------------------------------------------


def test_a_patient_of_a_list_is_read_with_the_surgerys_desk() -> None:
    child = listed(identifier=[numbered("9434765919")])
    who, [row] = child.demographics, child.involvements
    assert (child.local_id, who.forename, who.middle_names, who.surname) == (
        "A1", "Theodora", "Mae", "Quillfeather",
    )  # fmt: skip
    assert (who.dob, who.sex, who.postcode) == (date(2014, 5, 6), Sex.FEMALE, "WX1 3QD")
    assert (who.health_number, who.number_scheme) == ("9434765919", Scheme.NHS)
    assert (row.kind, row.status) == (Kind.GP, InvolvementStatus.OPEN)
    assert (row.desk_phone, row.desk_email, row.desk) == (
        "01632 960001", "desk@oak.example", DeskKind.DUTY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("birth", "read_as"),
    [
        ("2014-05-06", date(2014, 5, 6)),
        ("2014-05", PartialDate(2014, 5)),
        ("2014", PartialDate(2014)),
        ("", None),
    ],
)
def test_a_date_of_birth_has_its_own_precision(birth: str, read_as: object) -> None:
    assert listed(birthDate=birth).demographics.dob == read_as


@pytest.mark.parametrize(
    ("names", "present", "others"),
    [
        (
            [
                {"use": "usual", "family": "Quillfeather", "given": ["Teddy"]},
                {"use": "official", "family": "Quillfeather", "given": ["Theodora"]},
            ],
            ("Theodora", "Quillfeather"),
            (OtherName("Teddy", "Quillfeather"),),
        ),
        (
            [
                {"use": "official", "family": "Quillfeather", "given": ["Theodora"]},
                {"use": "old", "family": "Tarrowby", "given": ["Theodora"]},
                {"use": "maiden", "family": "Umberleigh"},
                {"use": "nickname", "given": ["Teddy"]},
            ],
            ("Theodora", "Quillfeather"),
            (
                OtherName("Teddy", "Quillfeather"),
                OtherName("Theodora", "Tarrowby"),
                OtherName("Theodora", "Umberleigh"),
            ),
        ),
        ([{"text": "QUILLFEATHER, Theodora (Miss)"}], ("Theodora (Miss)", "QUILLFEATHER"), ()),
        (
            [
                {"family": "Tarrowby", "given": ["Theodora"], "period": {"end": "2020-01-01"}},
                {"family": "Quillfeather", "given": ["Theodora"]},
            ],
            ("Theodora", "Quillfeather"),
            (OtherName("Theodora", "Tarrowby"),),
        ),
        ([{"use": "old", "family": "Tarrowby", "given": ["Oswin"]}], ("Oswin", "Tarrowby"), ()),
        ([{"family": "Tarrowby", "given": [None, " Oswin "]}], ("Oswin", "Tarrowby"), ()),
    ],
)
def test_names_are_read_by_their_use(
    names: list[dict[str, Any]], present: tuple[str, str], others: tuple[OtherName, ...]
) -> None:
    who = listed(name=names).demographics
    assert (who.forename, who.surname) == present
    assert who.other_names == others


def test_a_name_that_is_one_text_is_left_out_and_counted() -> None:
    found = read(bundle(patient(name=[{"text": "Theodora Quillfeather"}])), A_SURGERY)
    assert found.children[0].demographics.surname == ""
    assert any("cannot be split" in remark for remark in found.about)


@pytest.mark.parametrize(
    ("identifiers", "number"),
    [
        ([numbered("9434765919")], "9434765919"),
        ([{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "943 476 5919"}], "9434765919"),
        ([numbered("9434765919", status="04")], ""),
        ([numbered("9434765919", status="05")], ""),
        ([numbered("9434765919", use="old"), numbered("9434765870")], "9434765870"),
        ([numbered("9434765919", period={"end": "2020"}), numbered("9434765870")], "9434765870"),
        ([numbered("9434765919"), numbered("9434765870")], ""),
        ([numbered("9434765919", system="https://oak.example/hospital-number")], ""),
    ],
)
def test_a_number_in_force_that_its_record_does_not_doubt_is_read(
    identifiers: list[dict[str, Any]], number: str
) -> None:
    assert listed(identifier=identifiers).demographics.health_number == number


@pytest.mark.parametrize(
    ("system", "number", "scheme"),
    [
        ("urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53", "0605141231", Scheme.CHI),
        ("https://fhir.nhs.uk/Id/hsc-number", "3200000015", Scheme.HC),
    ],
)
def test_the_system_of_a_number_says_its_scheme(system: str, number: str, scheme: Scheme) -> None:
    who = listed(identifier=[numbered(number, system)]).demographics
    assert (who.health_number, who.number_scheme) == (number, scheme)


def test_a_temporary_address_is_never_read() -> None:
    """Attack: it may be a refuge."""
    who = listed(
        address=[
            {"use": "temp", "postalCode": "WX9 9ZZ"},
            {"use": "old", "postalCode": "WX3 1AA", "period": {"end": "2020-01-01"}},
            {"use": "home", "postalCode": "WX2 1AA", "period": {"end": "2024-01-01"}},
            {"use": "home", "postalCode": "WX1 3QD"},
        ]
    ).demographics
    assert (who.postcode, who.former_postcodes) == ("WX1 3QD", ("WX2 1AA", "WX3 1AA"))


# ---- who is protected ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meta", "flag"),
    [
        (labelled("U"), None),
        (labelled("N"), None),
        (labelled("R"), Flag.YES),
        (labelled("v"), Flag.YES),
        (labelled("U", "V"), Flag.YES),
        (labelled("SOMETHING"), Flag.UNREAD),
        (labelled("REDACTED"), Flag.HIDDEN),
        (labelled("R", "REDACTED"), Flag.HIDDEN),
        ({"security": [{"code": ADOPTED}]}, Flag.HIDDEN),
        ({"tag": [{"code": ADOPTED}]}, Flag.HIDDEN),
        ({"tag": [{"code": "R"}]}, None),
    ],
)
def test_labels_shield_and_hide(meta: dict[str, Any], flag: Flag | None) -> None:
    found = read(bundle(patient(meta=meta)), A_SURGERY)
    assert [row.flag for row in found.flagged] == ([flag] if flag else [])
    assert found.children[0].involvements[0].shielded is (flag is not None)


@pytest.mark.parametrize("url", ["Patient/A1", "https://oak.example/fhir/Patient/A1"])
def test_a_flag_that_says_adopted_hides(url: str) -> None:
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": ADOPTED}]},
        "subject": {"reference": url},
    }
    [found] = read(bundle(patient(), flag), A_SURGERY).flagged
    assert found.flag is Flag.HIDDEN
    assert not read(bundle(patient(), flag | {"status": "inactive"}), A_SURGERY).flagged


def test_a_shield_is_kept_of_whom_no_episode_names() -> None:
    found = read(bundle(*trust(patient(), patient("A2", meta=labelled("V")), episodes=[episode()])))
    [flagged] = found.flagged
    assert (flagged.local_id, flagged.flag) == ("A2", Flag.YES)
    assert flagged.demographics is not None
    assert [child.local_id for child in found.children] == ["A1"]


def test_a_label_on_an_episode_withholds_that_episode_alone() -> None:
    child = one(
        *trust(patient(), episodes=[episode(meta=labelled("R")), episode("E2", status="onhold")])
    )
    assert [row.sensitive for row in child.involvements] == [True, False]


# ---- episodes ------------------------------------------------------------------------------------


def test_an_episode_is_a_row_with_its_worker_and_her_desk() -> None:
    child = one(*trust(patient(), episodes=[episode()]))
    [row] = child.involvements
    assert (row.kind, row.status) == (Kind.HEALTH_VISITING, InvolvementStatus.OPEN)
    assert (row.worker_name, row.worker_role) == ("Ms Ottoline Vance", "Health visitor")
    assert (row.desk_phone, row.desk) == ("01632 960002", DeskKind.WORKER)


def test_no_number_is_taken_from_a_person() -> None:
    child = one(
        patient(telecom=[{"system": "phone", "value": "01632 960077"}]),
        episode(careManager={"reference": "Practitioner/W1"}),
        practitioner(),
        organization(telecom=[]),
    )
    assert child.involvements[0].desk_phone == ""
    assert child.involvements[0].worker_name == "Ms Ottoline Vance"


def test_a_team_or_a_service_has_a_desk_where_the_role_has_none() -> None:
    team = {
        "resourceType": "CareTeam",
        "id": "T1",
        "name": "0–19 team",
        "telecom": [{"system": "phone", "value": "01632 960003"}],
    }
    service = {
        "resourceType": "HealthcareService",
        "id": "H1",
        "type": [{"coding": [{"code": "SCHOOL_NURSING"}]}],
        "telecom": [{"system": "phone", "value": "01632 960004", "use": "work"}],
    }
    of_service = [{"reference": "HealthcareService/H1"}]
    child = one(
        patient(), team, service, role(telecom=[], healthcareService=of_service),
        episode(team=[{"reference": "CareTeam/T1"}]), episode("E2", type=[]),
    )  # fmt: skip
    assert [(row.kind, row.desk_phone, row.desk) for row in child.involvements] == [
        (Kind.HEALTH_VISITING, "01632 960003", DeskKind.TEAM),
        (Kind.SCHOOL_NURSING, "01632 960004", DeskKind.TEAM),
    ]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "planned", "period": {"start": "2027-03"}}, InvolvementStatus.PLANNED),
        ({"status": "waitlist"}, InvolvementStatus.PLANNED),
        ({"status": "active"}, InvolvementStatus.OPEN),
        ({"status": "onhold", "period": {"start": "2026"}}, InvolvementStatus.OPEN),
        ({"status": "finished", "period": {"end": "2026-06"}}, InvolvementStatus.RECENT),
        ({"status": "active", "period": {"end": "2026-06-01T10:00:00+01:00"}}, "RECENT"),
    ],
)
def test_the_state_of_an_episode(fields: dict[str, Any], status: object) -> None:
    child = one(*trust(patient(), episodes=[episode(**fields)]))
    assert child.involvements[0].status.name == getattr(status, "name", status)


@pytest.mark.parametrize(
    ("fields", "reason", "column"),
    [
        ({"status": "finished"}, Reason.END_MISSING, "status"),
        ({"status": "asleep"}, Reason.UNKNOWN_STATUS, "status"),
        ({"type": [{"text": "Baby clinic"}]}, Reason.UNKNOWN_KIND, "kind"),
        ({"period": {"start": "last week"}}, Reason.NOT_A_DATE, "start"),
    ],
)
def test_an_episode_that_cannot_be_read_is_named(
    fields: dict[str, Any], reason: Reason, column: str
) -> None:
    whole = episode("E2", of="A2")
    found = read(bundle(*trust(patient(), patient("A2"), episodes=[episode(**fields), whole])))
    [fault] = found.refused
    assert (fault.line, fault.reason, fault.column) == (1, reason, column)
    assert [child.local_id for child in found.children] == ["A2"]


def test_an_episode_entered_in_error_is_left_out_and_counted() -> None:
    found = read(
        bundle(*trust(patient(), episodes=[episode(), episode("E2", status="entered-in-error")]))
    )
    assert len(found.children[0].involvements) == 1
    assert "1 episode was entered in error and left out" in found.about


def test_an_episode_of_a_patient_who_is_not_there_is_a_row_without_a_name() -> None:
    found = read(bundle(*trust(patient(), episodes=[episode(), episode("E2", of="A9")])))
    assert [child.local_id for child in found.children] == ["A1", "A9"]
    assert found.children[1].demographics.surname == ""


def test_references_of_a_message_are_followed() -> None:
    content = json.loads(bundle(patient(), episode(patient={"reference": "urn:uuid:aa-1"})))
    content["entry"][0]["fullUrl"] = "urn:uuid:aa-1"
    [child] = read(json.dumps(content).encode()).children
    assert child.local_id == "A1"


# ---- who is not in use ---------------------------------------------------------------------------


def test_who_is_not_in_use_or_has_died_is_left_out_and_counted() -> None:
    found = read(
        bundle(
            patient(),
            patient("A2", active=False),
            patient("A3", deceasedBoolean=True),
            patient("A4", deceasedDateTime="2026-11-03"),
            patient("A5", deceasedDateTime="2020-01"),
        ),
        A_SURGERY,
    )
    assert [child.local_id for child in found.children] == ["A1", "A4"]
    assert found.children[1].involvements[0].status is InvolvementStatus.RECENT
    assert found.not_current == (5,)
    assert any(remark.startswith("2 patients are not in use") for remark in found.about)


def test_an_open_episode_of_who_has_died_on_no_known_day_is_named() -> None:
    found = read(bundle(*trust(patient(deceasedBoolean=True), episodes=[episode()])))
    assert [fault.reason for fault in found.refused] == [Reason.END_MISSING]


def merged(number: str = "A2", into: str = "A1", **fields: Any) -> dict[str, Any]:
    link = [{"other": {"reference": f"Patient/{into}"}, "type": "replaced-by"}]
    return patient(number, active=False, link=link, **fields)


def test_a_merged_record_brings_its_names_homes_numbers_and_label_along() -> None:
    old = merged(
        name=[{"family": "Tarrowby", "given": ["Theodora"]}],
        address=[{"postalCode": "WX7 1AA"}],
        identifier=[numbered("9434765919")],
        meta=labelled("R"),
    )
    found = read(bundle(patient(), old), A_SURGERY)
    [child] = found.children
    assert child.demographics.other_names == (OtherName("Theodora", "Tarrowby"),)
    assert child.demographics.former_postcodes == ("WX7 1AA",)
    assert child.demographics.health_number == "9434765919"
    assert child.involvements[0].shielded
    assert "1 record was merged into another of the file" in found.about


def test_episodes_of_a_merged_record_are_hers() -> None:
    found = read(bundle(*trust(patient(), merged(), episodes=[episode(of="A2")])))
    assert [child.local_id for child in found.children] == ["A1"]


@pytest.mark.parametrize("hidden", ["A1", "A2"])
def test_nothing_links_a_hidden_record_with_another(hidden: str) -> None:
    """Attack: the record from before an adoption, found by the name after it."""
    labels = {hidden: labelled("REDACTED")}
    found = read(
        bundle(
            patient(meta=labels.get("A1", {})),
            merged(name=[{"family": "Tarrowby", "given": ["Oswin"]}], meta=labels.get("A2", {})),
        ),
        A_SURGERY,
    )
    assert {row.local_id for row in found.flagged} == {hidden}
    assert all(not child.demographics.other_names for child in found.children)


def test_records_merged_in_a_circle_stay_by_themselves() -> None:
    one_, other = merged("A1", "A2"), merged("A2", "A1")
    found = read(bundle(one_ | {"active": True}, other | {"active": True}), A_SURGERY)
    assert [child.local_id for child in found.children] == ["A1", "A2"]


def test_two_patients_with_one_number_are_not_made_one() -> None:
    found = read(bundle(patient(), patient(birthDate="2015-01-01"), patient()), A_SURGERY)
    assert [(fault.line, fault.reason) for fault in found.refused] == [(2, Reason.DIFFERENT_CHILD)]
    assert len(found.children[0].involvements) == 1


def test_a_patient_without_a_number_is_named() -> None:
    nameless = patient()
    del nameless["id"]
    [fault] = read(bundle(patient("A2"), nameless), A_SURGERY).refused
    assert (fault.line, fault.column, fault.reason) == (2, "local_id", Reason.EMPTY)


# ---- what cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"birthDate": 20140506},
        {"name": {"family": "Quillfeather"}},
        {"name": [{"family": ["Quillfeather"]}]},
        {"active": "true"},
        {"modifierExtension": [{"url": "https://oak.example/not-this-patient"}]},
        {"implicitRules": "https://oak.example/rules"},
        {"name": [{"family": "Quillfeather"}] * 300},
    ],
)
def test_a_patient_of_another_form_is_named(fields: dict[str, Any]) -> None:
    found = read(bundle(patient("A2"), patient(**fields)), A_SURGERY)
    assert [(fault.line, fault.reason) for fault in found.refused] == [
        (2, Reason.RESOURCE_NOT_READ)
    ]
    assert [child.local_id for child in found.children] == ["A2"]


def test_an_episode_of_another_form_withholds_whom_it_names_where_labels_are_used() -> None:
    odd = episode("E2", meta=labelled("R"), period="2026")
    found = read(bundle(*trust(patient(), patient("A2"), episodes=[
        episode(), episode("E3", of="A2"), odd,
    ])))  # fmt: skip
    assert [child.involvements[0].shielded for child in found.children] == [True, False]


def test_a_labelled_patient_who_cannot_be_read_refuses_the_file() -> None:
    odd = patient("A2", birthDate=1, meta=labelled("V"))
    assert refused(bundle(patient(), odd), A_SURGERY).reason is Reason.SHIELD_OF_NOBODY


def test_a_role_that_cannot_be_read_loses_nobody() -> None:
    found = read(bundle(patient(), episode(), role(telecom="01632 960002"), organization()))
    assert found.children[0].involvements[0].desk_phone == "01632 960001"
    assert "1 resource about desks and workers could not be read" in found.about


def test_other_types_are_counted() -> None:
    other = {"resourceType": "Observation", "id": "O1", "valueString": "Quillfeather"}
    about = read(bundle(patient(), other), A_SURGERY).about
    assert "1 resource of another type was left out" in about


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bundle(patient(), link=[{"relation": "next", "url": "x"}]), Reason.FHIR_NOT_WHOLE),
        (bundle(patient(), total=2), Reason.FHIR_NOT_WHOLE),
        (
            bundle(patient(), {"resourceType": "OperationOutcome", "issue": []}),
            Reason.FHIR_NOT_WHOLE,
        ),
        (lines(patient()) + b'{"resourceType": "Patient", "id": "A2", "na', Reason.FHIR_NOT_WHOLE),
        (bundle(patient(), type="history"), Reason.FHIR_NOT_READ),
        (bundle(patient(), type="batch-response"), Reason.FHIR_NOT_READ),
        (bundle(patient())[:-2], Reason.FHIR_NOT_READ),
        (b'{"people": []}', Reason.FHIR_NOT_READ),
        (b'{"a":' * 100_000, Reason.FHIR_NOT_READ),
        (bundle(), Reason.EMPTY_FILE),
        (bundle(patient(animal={})), Reason.FHIR_OTHER_VERSION),
        (bundle(patient(), episode(careTeam=[])), Reason.FHIR_OTHER_VERSION),
        (bundle(patient(), issues={}), Reason.FHIR_OTHER_VERSION),
        (
            bundle(
                patient(
                    meta={
                        "profile": [
                            "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Patient-1"
                        ]
                    }
                )
            ),
            Reason.FHIR_OTHER_VERSION,
        ),
    ],
)
def test_a_file_that_is_a_part_or_another_is_refused(content: bytes, reason: Reason) -> None:
    assert refused(content, A_SURGERY).reason is reason


def test_a_refusal_names_the_type_of_another_release_and_no_type_that_is_none() -> None:
    why = refused(bundle(patient(), role(contact=[])), A_SURGERY)
    assert why.column == "PractitionerRole"
    odd = {"resourceType": "Quillfeather", "meta": {"profile": ["CareConnect"]}}
    assert refused(bundle(odd), A_SURGERY).column == "a resource"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n  "])
def test_lines_and_bundles_say_the_same(mark: bytes) -> None:
    resources = trust(patient(), patient("A2", birthDate="2015"), episodes=[episode()])
    pretty = json.dumps(json.loads(bundle(*resources)), indent=1, sort_keys=True).encode()
    written = (bundle(*resources), lines(*resources), pretty)
    said = [
        ([(c.demographics, c.involvements) for c in found.children], found.about[1:])
        for found in (read(mark + content) for content in written)
    ]
    assert said[0] == said[1] == said[2]
    assert len(said[0][0]) == 1


def test_lines_that_were_cut_off_between_two_do_not_end_a_line() -> None:
    """A copy that broke off before the end of a line; a file that never had it has one line less
    of nothing.
    """
    whole = lines(patient(), patient("A2"), patient("A3")).rstrip(b"\n")
    assert read(whole + b"\n", A_SURGERY).ended
    for content in (whole, whole.rpartition(b"\n")[0]):
        found = read(content, A_SURGERY)
        assert (found.ended, found.cut) == (False, False)
    assert read(bundle(patient()), A_SURGERY).ended
    unread = read(whole + b"\n" + lines(patient("A4", birthDate=7)).rstrip(b"\n"), A_SURGERY)
    assert [fault.reason for fault in unread.refused] == [Reason.RESOURCE_NOT_READ]
    assert not unread.cut, "it is whole, whatever its form"


@pytest.mark.parametrize(
    ("content", "is_it"), [(b' {"a":1}', True), (b"local_id,{", False), (b"", False)]
)
def test_json_is_known_by_how_it_begins(content: bytes, is_it: bool) -> None:
    assert is_json(content) is is_it


def test_a_list_without_a_kind_asks_for_it() -> None:
    why = refused(bundle(patient()))
    assert (why.reason, why.column) == (Reason.COLUMN_MISSING, "kind")


# ---- whole files ---------------------------------------------------------------------------------

LABELS = st.sampled_from(
    [{}, {}, labelled("U"), labelled("R"), labelled("?"), labelled("REDACTED")]
)


@st.composite
def a_trust(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    count = draw(st.integers(1, 6))
    patients = []
    for n in range(count):
        fields: dict[str, Any] = {
            "name": [{"family": "Quillfeather", "given": [f"Oswin{'abcdefg'[n]}"]}],
            "meta": draw(LABELS),
            "active": draw(st.booleans()),
            "birthDate": draw(st.sampled_from(["2014-05-06", "2014", "soon", ""])),
        }
        if draw(st.integers(0, 3)) == 0:
            other = f"Patient/A{draw(st.integers(0, count))}"
            kind = draw(st.sampled_from(["replaced-by", "replaces", "seealso"]))
            fields["link"] = [{"other": {"reference": other}, "type": kind}]
        if draw(st.integers(0, 5)) == 0:
            fields["gender"] = 1
        patients.append(patient(f"A{n}", **fields))
    episodes = [
        episode(
            f"E{n}",
            of=f"A{draw(st.integers(0, count))}",
            status=draw(st.sampled_from(["active", "finished", "entered-in-error", "what"])),
            period=draw(st.sampled_from([{}, {"end": "2026-06"}, {"end": "2001"}, {"start": "?"}])),
        )
        for n in range(draw(st.integers(0, 6)))
    ]
    return patients, episodes


@given(a_trust())
def test_each_patient_is_in_one_place(
    made: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    """A child, merged into one, a refused row, no longer current, or counted as left out; and the
    label of each of them is kept."""
    patients, episodes = made
    columns = Columns() if episodes else A_SURGERY
    if not any(each["status"] != "entered-in-error" for each in episodes):
        columns = A_SURGERY
    try:
        found = read(bundle(*patients, *episodes), columns)
    except RefusedFile as why:
        assert why.faults
        return
    placed = Counter(line for child in found.children for line in child.lines)
    placed += Counter(fault.line for fault in found.refused) + Counter(found.not_current)
    left = [int(remark.split()[0]) for remark in found.about[1:] if "merged into" in remark]
    left += [int(remark.split()[0]) for remark in found.about if "not imported" in remark]
    assert sum(not placed[line] for line in range(1, len(patients) + 1)) == sum(left)
    flags = {
        each["id"]
        for each in patients
        if {c["code"] for c in each["meta"].get("security", ())} - {"U"} and each["gender"] != 1
    }
    merged_into = sum(int(each.split()[0]) for each in found.about if "merged into" in each)
    assert len(flags - {row.local_id for row in found.flagged}) <= merged_into


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_raise_anything_but_a_refusal(junk: bytes, at: int) -> None:
    whole = bundle(*trust(patient(), episodes=[episode()]))
    try:
        read(whole[:at] + junk + whole[at:])
    except RefusedFile as why:
        assert why.faults


def test_what_the_maker_of_ndjson_can_count_is_its_lines() -> None:
    """A bulk export says how many resources each of its files holds, and not how many rows an
    import makes from them.
    """
    content = lines(*trust(patient(), episodes=[episode(), episode("E2")]))
    assert read(content).held == content.count(b"\n")
