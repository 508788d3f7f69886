"""Names: what is a name, what is not, and which spellings are one."""

from __future__ import annotations

import pytest

from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.private.linkage import normalise
from fingerpost.private.linkage.name_tables import canonical, fold, formal_names, phonetic
from fingerpost.private.linkage.names import Name, words
from unit.fingerpost.private.linkage.children import child, pairs


def present(forename: str, surname: str, middle_names: str = "") -> Name:
    return normalise(
        Demographics(forename=forename, middle_names=middle_names, surname=surname)
    ).names[0]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Wałęsa", "walesa"),
        ("Søren", "soeren"),
        ("Weiß", "weiss"),
        ("Işıl", "isil"),
        ("Kjær", "kjaer"),
        ("Mu\u0308ller", "muller"),
        ("Müller", "muller"),
        ("Þór", "thor"),
        ("ＡＢ", "ab"),
        ("Zoë", "zoe"),
        ("José\u200b", "jose"),
    ],
)
def test_letters_without_a_decomposition_have_rules_of_our_own(text: str, plain: str) -> None:
    assert words(text) == (plain,)


def test_a_composed_and_a_decomposed_letter_are_one_in_any_script() -> None:
    assert words("\u0439") == words("\u0438\u0306")  # й


@pytest.mark.parametrize(
    "surname",
    ["O'Brien", "O’Brien", "OʼBrien", "O`Brien", "O´Brien", "O‘Brien", "O Brien", "OBrien"],
)
def test_every_apostrophe_and_none_give_one_name(surname: str) -> None:
    assert present("Aoife", surname).surname == "obrien"


@pytest.mark.parametrize(
    "surname", ["McDonald", "M'Donald", "Mac Donald", "Mc Donald", "MacDonald"]
)
def test_mac_mc_and_m_are_one_in_a_key(surname: str) -> None:
    assert canonical(present("Iona", surname).surname) == "mcdonald"


@pytest.mark.parametrize("word", ["mack", "macey", "mace"])
def test_not_every_mac_is_a_prefix(word: str) -> None:
    assert canonical(word) == word


@pytest.mark.parametrize(
    ("surname", "parts", "whole"),
    [
        ("van der Berg", ("berg",), "vanderberg"),
        ("de Souza", ("souza",), "desouza"),
        ("D'Souza", ("souza",), "dsouza"),
        ("al-Sayed", ("sayed",), "alsayed"),
        ("bin Rashid", ("rashid",), "binrashid"),
        ("ap Rhys", ("rhys",), "aprhys"),
        ("St. John", ("stjohn",), "stjohn"),
        ("Hartley-Voss", ("hartley", "voss"), "hartleyvoss"),
        ("Hartley Voss", ("hartley", "voss"), "hartleyvoss"),
        ("García Lorca", ("garcia", "lorca"), "garcialorca"),
        ("Le", ("le",), "le"),
        ("Smith Jr", ("smith",), "smith"),
    ],
)
def test_a_surname_has_components_and_a_whole(
    surname: str, parts: tuple[str, ...], whole: str
) -> None:
    name = present("Esme", surname)
    assert (name.surnames, name.surname) == (parts, whole)


@pytest.mark.parametrize(
    "forename",
    [
        *("Baby", "Baby Smith", "Baby of Sarah", "BABY OF SARAH JANE", "B/O Sarah", "Baby Boy"),
        *("Male Infant", "Infant", "Boy", "Girl", "Twin 1", "Twin II", "Newborn"),
        "Baby Girl Twin B",
    ],
)
def test_a_description_of_a_newborn_is_no_name_nor_is_the_mothers(forename: str) -> None:
    form = normalise(Demographics(forename=forename, surname="Ashdown"))
    assert form.names == (Name(surnames=("ashdown",), surname="ashdown"),)
    assert form.newborn


def test_a_newborn_without_a_surname_field_has_the_familys_name_but_never_the_mothers() -> None:
    assert normalise(Demographics(forename="Baby Smith")).names[0].surname == "smith"
    assert normalise(Demographics(forename="Baby of Sarah")).names[0] == Name()


@pytest.mark.parametrize(
    ("forename", "order"),
    [
        ("Twin 1", 1),
        ("Twin II", 2),
        ("Twin B", 2),
        ("Twin2", 2),
        ("Oliver (Twin 1)", 1),
        ("Baby", None),
    ],
)
def test_a_birth_order_is_read(forename: str, order: int | None) -> None:
    assert normalise(Demographics(forename=forename, surname="Ashdown")).birth_order == order


def test_a_named_twin_keeps_the_name() -> None:
    assert present("Oliver (Twin 1)", "Ashdown").forenames == ("oliver",)


@pytest.mark.parametrize(
    "text", ["Unknown", "Not known", "N/K", "N/A", "FNU", "XXX", "TBC", "-", "?"]
)
def test_a_placeholder_is_no_name(text: str) -> None:
    assert present(text, text) == Name()


@pytest.mark.parametrize("forename", ["Na", "Bo", "Master", "Van", "Baylor", "Boyd"])
def test_a_rare_name_is_no_placeholder(forename: str) -> None:
    assert present(forename, "Ashdown").forenames == (forename.lower(),)


@pytest.mark.parametrize(("forename", "surname"), [("FNU", "Ahmadzai"), ("Ahmadzai", "LNU")])
def test_a_person_of_one_name_has_it_as_forename(forename: str, surname: str) -> None:
    assert present(forename, surname) == Name(forenames=("ahmadzai",))


def test_a_whole_name_in_the_first_field_is_parted() -> None:
    assert present("Tamsin Ashdown", "") == present("Tamsin", "Ashdown")


def test_another_name_is_filled_up_from_the_present_one() -> None:
    others = (OtherName("", "Ashdown"), OtherName("Tammy", ""), OtherName("", "Okonkwo"))
    tamsin = Demographics(forename="Tamsin", surname="Okonkwo", other_names=others)
    names = normalise(tamsin).names
    assert [(n.forename, n.surname) for n in names] == [
        ("tamsin", "okonkwo"),
        ("tamsin", "ashdown"),
        ("tammy", "okonkwo"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    pairs("""
mohammed = mohd; hussain = hossein; aisha = ayesha; qureshi = koreshi; niamh = neve;
wojciech = voytek; catherine = kathryn; philip = filip; kowalska = kowalski; kovalskiy = kovalska;
ivanova = ivanov; abdulrahman = abdurrahman
"""),
)
def test_spellings_of_one_name_have_one_canonical_form(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("nickname", "formal"),
    pairs("""
bob = robert; kuba = jacob; kasia = catherine; liz = elizabeth; mo = muhammad
"""),
)
def test_a_nickname_leads_to_its_formal_name(nickname: str, formal: str) -> None:
    assert formal in formal_names(nickname)


@pytest.mark.parametrize(
    ("one", "other"),
    [("mueller", "muller"), ("soerensen", "sorensen"), ("rashid", "rasheed"), ("marc", "mark")],
)
def test_letters_written_for_one_another_fold(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    pairs("""
catherine = katherine; philip = filip; geoffrey = jeffrey; wright = right; usama = osama
"""),
)
def test_the_phonetic_code_joins_first_letters_that_soundex_parts(one: str, other: str) -> None:
    assert phonetic(fold(one)) == phonetic(fold(other))


def test_nothing_of_a_person_is_printed() -> None:
    form = normalise(child("Tamsin", postcode="LS6 2AB", health_number="9434765919"))
    printed = repr((form, form.names, form.postcode, form.health_number, form.birth))
    assert not any(part in printed.lower() for part in ("tamsin", "ashdown", "ls6", "943"))
