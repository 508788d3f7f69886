"""The documents of ``docs/adoption`` name what is there: tests, purposes of the code lists, and
risks that follow from their matrix.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from architecture.test_docs import CODE, rows_of, section_of
from architecture.test_threat_model import collected, named
from fingerpost.protocol.codes import Purpose

TREE = Path(__file__).resolve().parents[2]
FOLDER = TREE / "docs" / "adoption"
PAGES = sorted(FOLDER.glob("*.md"))
SAFETY = FOLDER / "clinical-safety.md"

RISK = re.compile(r"([A-Z][a-z]+), ([A-Z][a-z ]+): ([1-5])")
CONTROLS = "**Controls in the product**"
OF_USERS = "**Controls of those who use it**"


def hazards() -> dict[str, str]:
    """The text of each hazard, by its number."""
    parts = re.split(r"^### (H\d\d) ", section_of(SAFETY, "Hazard log"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def controls(hazard: str) -> list[str]:
    """Each control in the product, with the indented lines that belong to it."""
    between = hazard.partition(CONTROLS)[2].partition(OF_USERS)[0]
    return re.findall(r"^- .*(?:\n  .*)*", between, re.MULTILINE)


def matrix() -> dict[tuple[str, str], str]:
    """Risk by severity and likelihood."""
    text = section_of(SAFETY, "How risk is stated")
    (header,) = re.findall(r"^\| likelihood \| (.*) \|$", text, re.MULTILINE)
    return {
        (severity, row[0]): risk
        for row in rows_of(text)
        for severity, risk in zip(header.split(" | "), row[1:], strict=True)
    }


@pytest.mark.parametrize(
    ("page", "path", "name"),
    sorted({(page.name, *each) for page in PAGES for each in named(page.read_text("utf-8"))}),
)
def test_a_test_that_is_named_exists(page: str, path: str, name: str) -> None:
    assert (TREE / path).is_file(), page
    assert name in collected(TREE / path), page


def test_hazards_are_numbered_in_order() -> None:
    assert list(hazards()) == [f"H{n:02}" for n in range(1, len(hazards()) + 1)]
    assert len(hazards()) >= 9


@pytest.mark.parametrize("number", hazards())
def test_each_control_of_a_hazard_names_the_test_that_shows_it(number: str) -> None:
    found = controls(hazards()[number])
    assert found
    assert [control for control in found if not named(control)] == []


@pytest.mark.parametrize("number", hazards())
def test_a_hazard_says_all_that_the_form_asks(number: str) -> None:
    hazard = hazards()[number]
    assert {row[0] for row in rows_of(hazard)} == {
        "cause",
        "effect",
        "before controls",
        "after controls",
    }
    assert hazard.split(OF_USERS)[1].strip().startswith("- ")
    assert "**What remains.**" in hazard


def test_each_risk_follows_from_the_matrix() -> None:
    risks = matrix()
    left = set()
    for number, hazard in hazards().items():
        before, after = (RISK.fullmatch(row[1]) for row in rows_of(hazard)[-2:])
        assert before, number
        assert after, number
        assert risks[before[1], before[2]] == before[3], number
        assert risks[after[1], after[2]] == after[3], number
        assert after[3] <= before[3], number
        assert int(after[3]) < 4, number
        left |= {number} if after[3] == "3" else set()
    (said,) = re.findall(r"^These are left at 3, .*: (.*)\.$", SAFETY.read_text("utf-8"), re.M)
    assert said.split(", ") == sorted(left)


def test_the_lawful_basis_of_every_purpose_is_stated_once() -> None:
    rows = rows_of(section_of(FOLDER / "lawful-basis.md", "Purpose by purpose"))
    assert [CODE.findall(row[0]) for row in rows] == [[each.name] for each in Purpose]
    assert all(cell for row in rows for cell in row)


def test_a_control_without_a_test_would_be_noticed() -> None:
    shown, bare = controls(
        f"{CONTROLS}\n\n- One.\n  `tests/a.py::test_b`\n- Two, and no test.\n\n{OF_USERS}\n\n- x\n"
    )
    assert named(shown) == [("tests/a.py", "test_b")]
    assert not named(bare)


def test_each_measure_of_the_impact_assessment_leads_to_what_shows_it() -> None:
    section = section_of(FOLDER / "impact-assessment.md", "5 and 6. Risks and measures")
    rows = rows_of(section)
    assert len(rows) > 10
    shows = re.compile(
        r"\.\./(?:threat-model|known-weaknesses|operations|matching)\.md#|clinical-safety"
    )
    for risk, judged, measures, left in rows:
        assert re.fullmatch(r"(remote|possible|probable), (minimal|significant|severe)", judged)
        assert named(measures) or shows.search(measures), risk
        assert re.match(r"(remote|possible|probable), (minimal|significant|severe)", left), risk


def test_rates_by_group_are_those_that_were_measured() -> None:
    """A figure that is measured anew is to change on both pages."""
    shown = section_of(FOLDER / "equality-impact.md", "Measured by name")
    page = section_of(TREE / "docs" / "matching.md", "Measured")
    even, missed = (
        page.partition(title)[2].partition(end)[0]
        for title, end in (
            ("### Evenness\n", "\nVersion 1:"),
            ("### How often a record is missed\n", "\n### "),
        )
    )
    measured = even + missed
    rates = re.findall(r"(?<![\d.])\.\d{3}|\d\.\d(?= times| in 100)|\d+ of 29", shown)
    assert len(rates) >= 7
    for rate in rates:
        assert re.search(rf"(?<![\d.]){re.escape(rate)}(?!\d)", measured), rate


@pytest.mark.parametrize(
    "part", ["node", "gateway", "Broker operator", "Key holder", "Authority and issuer"]
)
def test_every_party_has_a_record_of_what_it_processes(part: str) -> None:
    text = (FOLDER / "processing-records.md").read_text("utf-8")
    (section,) = re.findall(rf"^## [^\n]*{part}[^\n]*\n(.*?)(?=^## |\Z)", text, re.M | re.DOTALL)
    asked = {"purposes", "persons", "data", "recipients", "kept for", "measures"}
    assert asked <= {line.strip("| ").split(" | ")[0] for line in section.splitlines()}
