"""The shipped tables of names: one name in one place, and never two children in one name."""

from __future__ import annotations

import itertools
from typing import Final

import pytest

from fingerpost.private.linkage.agreement import Level
from fingerpost.private.linkage.name_agreement import word_level
from fingerpost.private.linkage.name_tables import (
    UNLISTED_FORENAME_BITS,
    UNLISTED_SURNAME_BITS,
    canonical,
    forename_bits,
    formal_names,
    is_known_forename,
    read_table,
    surname_bits,
)
from unit.fingerpost.private.linkage.children import pairs

# Names that parents give to two of their children, often to twins, because they sound alike, begin
# alike or belong together. Taking any of these for one name would take two children for one.
GIVEN_TOGETHER: Final = """
ella bella, ella ellie, ella emma, ella eva, emma emily, emily amelia, amelia emilia, amelia ava,
ava eva, ava ada, ava mia, mia maya, mia amelia, isla ayla, isla lila, lily lola, lily molly,
lily rose, lily poppy, poppy daisy, ruby rose, daisy maisie, maisie millie, millie molly,
millie tilly, millie lily, molly polly, holly ivy, holly hollis, ellie evie, evie elsie,
elsie edie, eva eve, hannah anna, hannah emma, hannah joanna, jessica jasmine, jade jasmine,
katie caitlin, kayla layla, layla lila, leah lucy, lucy lacey, lexi lacey, maddison addison,
madison megan, megan morgan, reagan teagan, nancy anna, niamh naomi, olivia oliver, phoebe chloe,
sophie sienna, sienna savannah, scarlett summer, zara lara, zoe chloe, imogen isobel,
isabelle annabelle, arabella isabella, bethany brittany, erin eve, faith hope, hope joy,
georgia georgina, natalie natasha, nicole michelle, rebecca rachel, ruth rachel, sarah sasha,
shannon sharon, tara tia, harriet henrietta, charlotte chloe, lauren laura, eleanor elizabeth,
alice alicia, florence flora, matilda martha, mabel maud, aiden jayden, aiden caden,
jayden kayden, jayden brayden, hayden jayden, jack jake, jack jacob, jack zack, jacob joshua,
jake luke, jake blake, james john, john jonathan, joseph joshua, josh joel, jude luke,
kian kieran, kyle tyler, leo theo, leo luca, liam william, liam logan, lucas luke, lucas lewis,
logan rohan, mason jason, mason logan, max alex, matthew mark, mark marcus, matthew michael,
michael mitchell, nathan nathaniel, nathan ethan, noah jonah, oliver oscar,
ollie archie, alfie archie, alfie albie, albie bobby, teddy freddie, freddie frankie,
ronnie reggie, reggie robbie, riley ryan, ryan rhys, ryan brian, rory rowan, samuel simon,
sean shane, sebastian benjamin, taylor tyler, thomas toby, tommy teddy, harry harvey,
harley harvey, harrison jackson, daniel danielle, dylan declan, callum cameron, connor cormac,
ciaran cillian, finn flynn, eoin evan, euan evan, rhys rhodri, ioan iwan, ffion fflur,
sioned sian, aoife aoibheann, caoimhe ciara, roisin roise, hassan hussain, hassan hamza,
hasan husnain, hafsa habiba, aisha asma, aisha alisha, amina aminat, amina amira, amira samira,
sana saba, sana hana, sara zara, zainab zahra, zain zayan, zain rayyan, ayaan rayyan, ayaan ayman,
ali aliyan, adil adeel, adam idris, ahmed hamid, muhammad mahmood, muhammad mustafa, musa isa,
musa mustafa, ibrahim ismail, ismail ishaq, yusuf yunus, yusuf yahya, yasin yasir, umar uthman,
umar umair, salman sulaiman, sadia saima, saima samina, samina samia, nadia nazia, razia shazia,
rehan rohan, imran irfan, kamran imran, sajid wajid, majid sajid, khalid walid, tahir tariq,
farhan farhad, maryam marwa, maha maham, iman inaya, inaya anaya, ayesha ayat,
abdulrahman abdullah, abdulrahman abdulrahim, mohamed mohamud, hodan hibo, fadumo farhiya,
ifrah ikran, nasra nasteho, sahra samira, yasmin yusra, liban bilan, amandeep ramandeep,
amandeep mandeep, gurpreet harpreet, jaspreet jasleen, jasmeen jasleen, harleen gurleen,
manpreet navpreet, simran kiran, arjan arman, arjun aryan, karan kiran, rohan rohit,
anisha manisha, anisha alisha, nisha anisha, priya riya, riya diya, diya divya, anika ananya,
neha nisha, ravi raj, sunil sunita, jay ajay, vijay ajay, sanjay vijay, ramesh rajesh,
kavya kavin, tharshan dharshini, abisha anisha, nila nithya, taiwo kehinde, oluwaseun oluwaseyi,
oluwatobi oluwatosin, oluwadamilola oluwadamilare, adebayo adebola, ayomide ayobami,
temitope temilade, ifeoma ifeanyi, chidera chidinma, chinedu chinonso, chiamaka chidimma,
chukwuemeka chukwuebuka, kwame kwaku, kofi kojo, ama akua, abena akosua, nana yaa, zofia zuzanna,
zofia sonia, maja maria, jakub jan, jan janina, oliwia oliwier, oliwia lilianna, julia julian,
natalia nadia, nikola nikodem, wiktor wiktoria, dominik dominika, patryk patrycja, andrei andreea,
alexandru alexandra, ioana oana, ionela ileana, mihai mihaela, stefan stefania, daria maria,
luka liepa, lukas nojus, joana joao, mateus matilde, tiago diogo, ines iris, wai ming,
yuhan yuchen, xinyi xinyue, zihan zixuan, minh linh, anh khanh, elif emir, eylul elif,
berat baran, deniz defne, can cem, dilan dilara, rojin rojda, aram aran, parsa parisa,
arash armin, sara sahar, niloufar negar, selam senait, robel rahel, natan natnael, yonas yonatan,
hermela heran, arben arber, era erisa, dovid dina, chaya chana, rivka rochel, moshe mordechai,
yaakov yitzchok, shmuel shlomo, malik jamal, kimani amani, tyrese tyrell, jermaine tremaine,
shanice shanelle, aaliyah maliah, nevaeh heaven, khloe kylie, keisha aisha
"""
PAIRS: Final = tuple(
    (pair.split()[0], pair.split()[1]) for pair in GIVEN_TOGETHER.replace("\n", " ").split(",")
)
BANDS: Final = (20, 40, 100, 250, 500, 1000, 2000, 4000, 8000)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_names_that_siblings_are_given_together_are_two_names(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert word_level(one, other) not in (Level.EXACT, Level.VARIANT)
    assert word_level(other, one) not in (Level.EXACT, Level.VARIANT)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_likeness_lets_one_sibling_pass_for_the_other(one: str, other: str) -> None:
    """Names that differ by a letter are held apart because the tables know both."""
    alike = word_level(one, other) is Level.NEAR
    assert not alike or (is_known_forename(one) and is_known_forename(other))


def test_no_name_stands_in_two_groups_of_spellings() -> None:
    groups: list[list[str]] = read_table("variants.json")["spellings"]
    names = list(itertools.chain.from_iterable(groups))
    assert len(names) == len(set(names))
    assert all(len(group) > 1 for group in groups)
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)


def test_the_canonical_spelling_of_a_canonical_spelling_is_itself() -> None:
    for name in _every_name():
        assert canonical(canonical(name)) == canonical(name), name


def test_every_formal_name_is_canonical_and_another_name() -> None:
    nicknames: dict[str, list[str]] = read_table("variants.json")["nicknames"]
    for nickname in nicknames:
        for formal in formal_names(nickname):
            assert canonical(formal) == formal
            assert formal != canonical(nickname)


@pytest.mark.parametrize("table", ["forenames", "surnames"])
def test_the_bands_are_sorted_and_hold_each_name_once_in_its_canonical_spelling(
    table: str,
) -> None:
    bands: dict[str, list[str]] = read_table("frequent_names.json")[table]
    steps = [int(band.removeprefix("1/")) for band in bands]
    assert steps == sorted(steps)
    assert set(steps) <= set(BANDS)
    names = list(itertools.chain.from_iterable(bands.values()))
    assert len(names) == len(set(names))
    assert all(canonical(name) == name for name in names)
    assert all(list(listed) == sorted(listed) for listed in bands.values())


def test_every_listed_forename_is_a_known_one() -> None:
    bands: dict[str, list[str]] = read_table("frequent_names.json")["forenames"]
    assert all(is_known_forename(name) for listed in bands.values() for name in listed)


def test_a_listed_name_gives_fewer_bits_than_one_that_no_table_has() -> None:
    for table, bits, unlisted in (
        ("forenames", forename_bits, UNLISTED_FORENAME_BITS),
        ("surnames", surname_bits, UNLISTED_SURNAME_BITS),
    ):
        for band, listed in read_table("frequent_names.json")[table].items():
            for name in listed:
                assert bits(name) < unlisted, (band, name)


@pytest.mark.parametrize(
    ("one", "other"),
    pairs("""
abdulrahman = abdirahman; adjoa = adwoa; aliyah = aaliyah; aneesah = anisa; oleksandra = alexandra;
dawit = david; fatoumata = fatima; gebremedhin = ghebremedhin; hsieh = xie; izabella = isabella;
jaxon = jackson; jalloh = diallo; kazlauskiene = kazlauskas; kayley = kayleigh; kwabina = kwabena;
lillie = lily; luiz = luis; oluwasegun = olusegun; papadopoulou = papadopoulos; parvin = parveen;
rivky = rivka; saanvi = sanvi; sandip = sandeep; shayma = chaima; soulaymane = sulaiman;
tiago = thiago; tymoteusz = timothy; weronika = veronica; xaawo = hawa; yelyzaveta = elizabeth;
zaynah = zaina
"""),
)
def test_one_name_is_found_in_its_spellings(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("short", "formal"),
    pairs("""
seun = oluwaseun; emeka = chukwuemeka; ayo = ayomide; ionut = ioan; ionel = ion;
costel = constantin; zsuzsi = zsuzsanna; giorgos = george; lanre = olanrewaju; tobe = tobechukwu;
archie = archibald; teddy = theodore; zander = alexander
"""),
)
def test_a_short_form_leads_to_the_formal_name(short: str, formal: str) -> None:
    assert word_level(short, formal) is Level.VARIANT
    assert word_level(formal, short) is Level.VARIANT


def _every_name() -> frozenset[str]:
    variants, frequent = read_table("variants.json"), read_table("frequent_names.json")
    names = set(itertools.chain.from_iterable(variants["spellings"]))
    names.update(variants["nicknames"], *variants["nicknames"].values())
    for table in ("forenames", "surnames"):
        names.update(*frequent[table].values())
    return frozenset(names) | frozenset(frequent["known_forenames"])
