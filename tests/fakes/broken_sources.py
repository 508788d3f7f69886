"""Sound and broken exports of councils and health services about invented children: the Standard
Safeguarding Dataset and FHIR R4. All of it follows from a seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from agency_node.importing.sources.reading import Content
from agency_node.importing.sources.ssds_tables import Texts
from deploy.invented.fhir import Resource, bundle, labelled
from fakes.council import Council
from fakes.import_world import AS_OF
from fakes.invented_names import names_of_a_class
from fakes.surgery import episode, lines, organization, patient, practitioner, role

_FORENAMES: Final = ("Quillon", "Zéphyrine", "Marigold", "Peregrine", "Chloé", "Oswin", "Siân")
_SURNAMES: Final = ("Brackenwood", "O'Fenwick", "Tarrowby-Hale", "Brontë", "Umberleigh", "Núñez")


@dataclass(frozen=True)
class Child:
    number: str
    forename: str
    surname: str
    born: date
    postcode: str
    shield: bool
    female: bool


def children(random: Random, count: int) -> list[Child]:
    """Children of whom no two have one name."""
    names = names_of_a_class(random, _FORENAMES, _SURNAMES, count)
    return [
        Child(
            f"{n + 1:03}{random.randrange(1000):03}",
            first,
            last,
            AS_OF - timedelta(days=random.randrange(400, 17 * 365)),
            f"WX{random.randint(1, 19)} {random.randint(1, 9)}QD",
            random.random() < 0.15,
            random.random() < 0.5,
        )
        for n, (first, last) in enumerate(names)
    ]


@dataclass(frozen=True)
class Broken:
    """A broken export.

    ``hers``: by child, the lines that are about her. ``unknown``: from this line on, the report
    names plans of persons who are not there.
    """

    damage: str
    content: Content
    hers: Mapping[str, set[int]]
    unknown: int = 0


# ---- FHIR ----------------------------------------------------------------------------------------

Resources = list[Resource]
OfResources = Callable[[Resources, Random], None]


def resources(some: Sequence[Child], random: Random) -> Resources:
    found = []
    for child in some:
        found.append(
            patient(
                child.number,
                name=[{"use": "official", "family": child.surname, "given": [child.forename]}],
                birthDate=child.born.isoformat(),
                gender="female" if child.female else "male",
                address=[{"use": "home", "postalCode": child.postcode}],
                meta=labelled("R" if child.shield else "U"),
            )
        )
        found += [
            episode(f"E{child.number}{n}", of=child.number) for n in range(random.randint(1, 2))
        ]
    if random.random() < 0.5:
        random.shuffle(found)
    return [*found, role(), practitioner(), organization()]


def _hit(some: Sequence[Any], random: Random) -> list[Any]:
    """All of them, most, some or one."""
    share = random.choice((1.0, 1.0, 0.7, 0.2))
    return [each for each in some if random.random() < share] or [random.choice(some)]


def _of(found: Resources, kind: str, random: Random) -> Resources:
    return _hit([each for each in found if each["resourceType"] == kind], random)


def field_lost(found: Resources, random: Random) -> None:
    kind = random.choice(("Patient", "EpisodeOfCare"))
    name = random.choice(
        ("name", "birthDate", "address", "id", "gender")
        if kind == "Patient"
        else ("patient", "status", "type", "period", "careManager")
    )
    for each in _of(found, kind, random):
        each.pop(name, None)


def field_of_another_type(found: Resources, random: Random) -> None:
    for each in _of(found, random.choice(("Patient", "EpisodeOfCare")), random):
        name = random.choice([*each])
        each[name] = random.choice((1, None, True, "x", [], {}, [[]], [1], {"a": 1}, "é" * 3000))


def dates_in_another_form(found: Resources, random: Random) -> None:
    form = random.choice(("%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%Y%m%d", "%Y-%m", "%Y", "%d/%m/%y"))
    for each in _of(found, "Patient", random):
        if isinstance(born := each.get("birthDate"), str):
            each["birthDate"] = date.fromisoformat(born).strftime(form)


def names_in_another_form(found: Resources, random: Random) -> None:
    do: Callable[[str, str], list[Resource]] = random.choice(
        (
            lambda first, last: [{"text": f"{first} {last}"}],
            lambda first, last: [{"text": f"{last}, {first}"}],
            lambda first, last: [{"family": last.upper(), "given": [first.upper()]}],
            lambda first, last: [{"use": "old", "family": last, "given": [first]}],
            lambda first, last: [{"use": "usual", "given": [first]}, {"family": last}],
            lambda first, last: [{"family": "", "given": []}],
            lambda first, last: [],
        )
    )
    for each in _of(found, "Patient", random):
        name = each["name"][0]
        each["name"] = do(name["given"][0], name["family"])


def words_changed(found: Resources, random: Random) -> None:
    name = random.choice(("status", "type"))
    for each in _of(found, "EpisodeOfCare", random):
        word = random.choice(("Active", "open", "completed", "394537008", ""))
        each[name] = word if name == "status" else [{"coding": [{"code": word}]}]


def references_of_another_form(found: Resources, random: Random) -> None:
    do: Callable[[str], str] = random.choice(
        (
            lambda to: to.replace("/", "%2F"),
            lambda to: f"https://other.example/{to}/_history/2",
            lambda to: to.rpartition("/")[2],
            lambda to: f"#{to}",
            lambda to: f"{to}0",
            lambda to: "Patient/1",
            str.lower,
        )
    )
    for each in _of(found, "EpisodeOfCare", random):
        each["patient"]["reference"] = do(each["patient"]["reference"])


def labels_changed(found: Resources, random: Random) -> None:
    code = random.choice(("RESTRICTED", "r", "VERY", "?", "S", "REDACTED"))
    for each in _of(found, "Patient", random):
        if each["meta"]["security"][0]["code"] == "R":
            each["meta"] = labelled(code)


def records_twice_or_merged(found: Resources, random: Random) -> None:
    for each in _of(found, "Patient", random):
        again = json.loads(json.dumps(each))
        if random.random() < 0.5:
            again["id"] += "x"
            again["link"] = [
                {"type": "replaced-by", "other": {"reference": f"Patient/{each['id']}"}}
            ]
            again["active"] = False
        else:
            again["birthDate"] = "2012-01-01"
        found.insert(random.randrange(len(found)), again)


def not_in_use(found: Resources, random: Random) -> None:
    for each in _of(found, "Patient", random):
        each["active"] = False


OF_RESOURCES: Final[Sequence[OfResources]] = (
    field_lost, field_of_another_type, dates_in_another_form, names_in_another_form, words_changed,
    references_of_another_form, labels_changed, records_twice_or_merged, not_in_use,
)  # fmt: skip


def _entry_lost(content: bytes, random: Random) -> bytes:
    found = json.loads(content)
    del found["entry"][random.randrange(len(found["entry"]))]
    return json.dumps(found).encode()


def _cut(content: bytes, random: Random) -> bytes:
    at = random.randrange(1, len(content) - 2)
    return content[:at] if content[at - 1 : at] != b"\n" else content[: at + 1]


def _byte_changed(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + random.choice((b"\xff", b"\x00", b'"', b"{", b"")) + content[at + 1 :]


def _other_encoding(content: bytes, random: Random) -> bytes:
    text = json.dumps(json.loads(content), ensure_ascii=False)
    return text.encode(random.choice(("cp1252", "latin-1", "utf-16")), "replace")


OF_BYTES: Final = (_entry_lost, _cut, _byte_changed, _other_encoding)


def broken_fhir(some: Sequence[Child], number: int, random: Random) -> Broken:
    found = resources(some, random)
    of_lines = random.random() < 0.5
    damages = (*OF_RESOURCES, *(OF_BYTES[1:3] if of_lines else OF_BYTES))
    damage = damages[number % len(damages)]
    if damage in OF_RESOURCES:
        damage(found, random)
    content = lines(*found) if of_lines else bundle(*found)
    if damage in OF_BYTES:
        content = damage(content, random)
    hers: dict[str, set[int]] = {}
    for place, each in enumerate(found, 1):
        text = json.dumps(each, ensure_ascii=False)
        for child in some:
            if child.number in text or child.surname in text:
                hers.setdefault(child.number, set()).add(place)
    return Broken(damage.__name__.strip("_").replace("_", " "), content, hers)


# ---- the Standard Safeguarding Dataset -----------------------------------------------------------


def council_of(some: Sequence[Child], random: Random) -> Council:
    council = Council(leave_out=frozenset()).worker()
    for child in some:
        council.child(
            child.number,
            pers_forename=child.forename,
            pers_surname=child.surname,
            pers_dob=child.born.isoformat(),
            pers_sex="F" if child.female else "M",
            postcode=child.postcode,
            shield="yes" if child.shield else "",
        ).involved(child.number)
        if random.random() < 0.4:
            council.add("ssd_cp_plans", cppl_person_id=child.number)
    return council


def column_lost(council: Council, random: Random) -> None:
    table = random.choice([*council.rows])
    council.leave_out |= {random.choice(council.header(table))}


def table_emptied(council: Council, random: Random) -> None:
    council.rows[random.choice([*council.rows])] = []


def rows_lost(council: Council, random: Random) -> None:
    """From one on."""
    table = random.choice(("ssd_person", "ssd_involvements", "ssd_address", "ssd_cp_plans"))
    rows = council.rows[table]
    del rows[random.randrange(len(rows) + 1) :]


def _change(council: Council, random: Random, column: str, do: Callable[[str], str]) -> None:
    table = next(table for table in council.rows if column in council.header(table))
    for row in _hit(council.rows[table], random) if council.rows[table] else ():
        row[column] = do(row.get(column, ""))


def days_in_another_form(council: Council, random: Random) -> None:
    form = random.choice(
        ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%d-%b-%Y", "%Y-%m-%d 00:00:00.000", "%y%m%d", "%Y")
    )
    column = random.choice(("pers_dob", "pers_dob", "invo_involvement_start_date"))
    _change(council, random, column, lambda text: date.fromisoformat(text).strftime(form))


def numbers_in_another_form(council: Council, random: Random) -> None:
    column = random.choice(("pers_person_id", "invo_person_id", "addr_person_id", "cppl_person_id"))
    do: Callable[[str], str] = random.choice(
        (lambda n: f"{n}.0", lambda n: n.lstrip("0"), lambda n: f"{float(n):.2E}", lambda n: n[:3],
         lambda n: "", lambda n: f"0{n}")
    )  # fmt: skip
    _change(council, random, column, lambda text: do(text) if text else text)


def names_lost_or_filled(council: Council, random: Random) -> None:
    filler = random.choice(("", "SSD_PH", "PLACEHOLDER_DATA", "NULL", "#REF!", "Redacted"))
    for column in random.choice(
        (("pers_forename",), ("pers_surname",), ("pers_forename", "pers_surname"))
    ):
        _change(council, random, column, lambda _: filler)


def flags_of_another_system(council: Council, random: Random) -> None:
    word = random.choice(("Restricted", "Y", "1", "Level 2", "hidden", "true"))
    _change(council, random, "shield", lambda text: word if text else text)


def persons_twice(council: Council, random: Random) -> None:
    for row in _hit(council.rows["ssd_person"], random):
        council.rows["ssd_person"].append(row | {"pers_dob": random.choice(("", row["pers_dob"]))})


def columns_exchanged(council: Council, random: Random) -> None:
    one, other = random.sample(
        ("pers_forename", "pers_surname", "pers_dob", "pers_sex", "shield"), 2
    )
    for row in council.rows["ssd_person"]:
        row[one], row[other] = row.get(other, ""), row.get(one, "")


OF_COUNCILS: Final = (
    column_lost, table_emptied, rows_lost, days_in_another_form, numbers_in_another_form,
    names_lost_or_filled, flags_of_another_system, persons_twice, columns_exchanged,
)  # fmt: skip


def _text_cut(text: bytes, random: Random) -> bytes:
    """Within a line."""
    at = random.randrange(1, len(text))
    return text[: at if b"\n" not in text[at - 1 : at + 1] else at - 2]


def _quotation_opened(text: bytes, random: Random) -> bytes:
    at = random.choice([n for n, sign in enumerate(text) if sign == ord(",")])
    return text[: at + 1] + b'"' + text[at + 1 :]


def _text_in_cp1252(text: bytes, random: Random) -> bytes:
    return text.decode().encode("cp1252")


OF_TEXTS: Final = (_text_cut, _quotation_opened, _text_in_cp1252)


def broken_council(some: Sequence[Child], number: int, random: Random) -> Broken:
    council = council_of(some, random)
    of_council = {damage.__name__: damage for damage in OF_COUNCILS}
    of_text = {damage.__name__: damage for damage in OF_TEXTS}
    names = (*of_council, *of_text, "table_lost")
    name = names[number % len(names)]
    if name in of_council:
        of_council[name](council, random)
    texts = council.texts()
    table = random.choice(("ssd_person", "ssd_involvements", "ssd_address"))
    if name in of_text:
        texts[table] = of_text[name](texts[table], random)
    if name == "table_lost":
        del texts[random.choice([*texts])]
    hers: dict[str, set[int]] = {}
    for line, row in enumerate(council.rows["ssd_person"], 2):
        for child in some:
            if child.number == row["pers_person_id"] or child.postcode in row.values():
                hers.setdefault(child.number, set()).add(line)
    unknown = len(council.rows["ssd_person"]) + 2
    return Broken(name.strip("_").replace("_", " "), Texts(texts), hers, unknown)


# ---- either --------------------------------------------------------------------------------------

SOURCES: Final[Mapping[str, Callable[[Sequence[Child], int, Random], Broken]]] = {
    "FHIR": broken_fhir,
    "council": broken_council,
}


def sound_export(source: str, some: Sequence[Child], random: Random) -> Content:
    if source == "FHIR":
        return bundle(*resources(some, random))
    return Texts(council_of(some, random).texts())


def case(source: str, number: int, seed: int) -> tuple[list[Child], Content | None, Broken]:
    """Return children, their sound export of an earlier day or none, and a broken one."""
    random = Random(f"{source} {seed} {number}")
    some = children(random, random.randint(4, 24))
    sound = sound_export(source, some, random) if random.random() < 0.5 else None
    return some, sound, SOURCES[source](some, number, random)
