"""Names: how they are written, which sex a forename suggests, and the invented staff.

Lives here: tables of names and pure rules on them. Invariants: a forename found in a table always
gives the same sex; ``clearly_different`` is stricter than any matcher's tolerance, so that what
rests on it (twins) is beyond argument.
"""

from __future__ import annotations

import re
from functools import cache
from random import Random
from typing import Final

import jellyfish
from nicknames import NickNamer

from fingerpost.private.demographics import Sex

FEMALE: Final = tuple(
    """
    Abbey Abby Alana Aleisha Alessandra Alexandra Alice Alicia Alisha Alissa Alyssa Amber Amelia Amy
    Angelica Angelina Annabel Annabelle Annalise April Arabella Ashleigh Ava Bella Bethany Bianca
    Brianna Bridget Brigette Brooke Caitlin Caitlyn Carla Carly Carmen Cassandra Catherine Charlotte
    Chelsea Chelsie Chloe Claudia Clodagh Courtney Danielle Ebony Eliza Elizabeth Ella Ellen Ellie
    Emily Emma Erin Eve Felicity Gabrielle Gemma Georgia Gillian Giorgia Grace Hannah Harriet Hayley
    Heather Holly Imogen India Indiana Isabella Isabelle Isobel Jacinta Jacqueline Jade Jaimee Jasmine
    Jasmyn Jayde Jenna Jessica Joselyn Josephine Julia Juliana Kaitlin Kaitlyn Kate Katelin Katelyn
    Katie Kayla Keely Kelsey Kiana Kiera Kiria Kirra Kylie Kylee Lara Laura Lauren Layla Leah Lia Lily
    Livia Louise Lucy Lydia Mackenzie Maddison Madeleine Madeline Madison Makayla Matilda Maya Megan Mia
    Michaela Mikaela Mikayla Miranda Molly Naomi Natalia Nicola Nicole Nikita Olivia Paige Paris Phoebe
    Rachael Rachel Raquel Rebecca Renee Roberta Rosie Ruby Samantha Samara Sara Sarah Shanaye Shantal
    Sienna Simone Skye Sonja Sophie Stella Stephanie Tabitha Tahlia Talia Taliah Tara Tayah
    Taylah Tegan Tess Tia Tiahnee Tiana Tiarna Tiffany Tori Vanessa Victoria Willow Yasmin Zali Zarlia
    Zoe Sara-Louise Alexa-Rose Ayla Alannah Elana Eboni Hanna Marleigh Meg Mhary Miah Mya Portia
    """.split()  # noqa: SIM905 - a table of names reads better as text
)
MALE: Final = tuple(
    """
    Adam Aidan Aiden Alexander Andrew Angus Anthony Archie Barnaby Beau Ben Benjamin Billy Blake Bradley
    Brandon Braedon Brayden Brock Brody Brydon Bryce Caleb Callum Calvin Cameron Channing Charles Charlie
    Christian Christopher Connor Cooper Corey Daniel David Dean Dillon Dominic Dylan Edward
    Elijah Elton Ethan Evan Ewan Fergus Finn Flynn Gabriel George Gianni Gus Hamish Harley Harrison Harry
    Harvey Hayden Heath Henry Hudson Hugh Isaac Isaiah Jack Jackson Jacob James Jarod Jared Jason Jasper
    Jayden Jesse Jock Joe Joel John Jonathon Jordan Joshua Judah Kane Keaton Kobe Konstantinos Kyle
    Lachlan Lewis Liam Lochlan Logan Lucas Luke Malakai Marcus Mason Matteus Matthew Max Michael Mitchell
    Nathan Ned Nicholas Noah Oliver Oscar Owen Patrick Peter Reuben Rhys Robert Rohan Ryan Samuel Scott
    Sean Sebastian Seth Shane Silas Simon Solomon Thomas Timothy Toby Tommy Travis Trey Tristan Tyler Ty
    William Xavier Zac Zachariah Zachary Zane John-Paul Lachlan-John Jaykob Jed Jai Jake Kydan Tynan
    """.split()  # noqa: SIM905
)
STAFF_FORENAMES: Final = (
    "Amina", "Bryn", "Carys", "Dilip", "Esther", "Farah", "Gwen", "Hal", "Ines", "Jerome",
    "Kemi", "Lorna", "Marek", "Nadia", "Orla", "Priya", "Quentin", "Ros", "Stefan", "Una",
)  # fmt: skip
STAFF_SURNAMES: Final = (
    "Aldcroft", "Benbow", "Chivers", "Dunstable", "Eccleshaw", "Fairbrass", "Gathercole", "Hindmarch",
    "Inskip", "Jobling", "Kettlewell", "Lowther", "Mapstone", "Nettleship", "Oakeshott", "Pobjoy",
    "Quarrell", "Rushworth", "Sagar", "Tattersall",
)  # fmt: skip

_WORD: Final = re.compile(r"[^\W\d_]+")
_SEX: Final = {
    name.lower(): sex for sex, names in ((Sex.MALE, MALE), (Sex.FEMALE, FEMALE)) for name in names
}


def proper(name: str) -> str:
    """``o'shannessy`` becomes ``O'Shannessy``; a stray space of a published error stays."""
    return _WORD.sub(lambda word: word[0].capitalize(), name)


def sex_of(forename: str, rng: Random) -> Sex:
    """By the table; else drawn. Always draws once, so that the table does not shift later draws."""
    drawn = rng.choice((Sex.FEMALE, Sex.MALE))
    return _SEX.get(forename.lower(), drawn)


def middle_name(sex: Sex, rng: Random) -> str:
    return rng.choice(FEMALE if sex is Sex.FEMALE else MALE)


def sounds_alike(one: str, other: str) -> bool:
    """Equal American Soundex of the letters alone; an empty name sounds like nothing."""
    first, second = _letters(one), _letters(other)
    return bool(first and second) and jellyfish.soundex(first) == jellyfish.soundex(second)


def clearly_different(one: str, other: str) -> bool:
    """Two forenames that nobody takes for one: other sound, little in common, no shared short
    form.
    """
    first, second = _letters(one).lower(), _letters(other).lower()
    return (
        bool(first and second)
        and first[0] != second[0]
        and not sounds_alike(one, other)
        and jellyfish.jaro_winkler_similarity(first, second) < 0.6
        and not (_short_forms(first) & _short_forms(second))
    )


def _letters(name: str) -> str:
    return "".join(c for c in name if c.isascii() and c.isalpha())


def _short_forms(name: str) -> set[str]:
    namer = _namer()
    return {name} | namer.nicknames_of(name) | namer.canonicals_of(name)


@cache
def _namer() -> NickNamer:
    return NickNamer()
