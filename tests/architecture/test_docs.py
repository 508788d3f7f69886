"""The pages, as far as a machine can check whether they are true: links, command lines, numbers,
events, words.
"""

from __future__ import annotations

import re
import runpy
import shlex
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from enum import IntEnum
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import agency_node.wiring
import authority.issuer.wiring
import broker.wiring
import key_holder.wiring
import practitioner.wiring
from fingerpost.private.justification import (
    AGREEING,
    NOT_YET_WORKING_DAYS,
    REASONS,
    Engagement,
    Facts,
    Informed,
    Origin,
    ReportedBy,
)
from fingerpost.private.purpose_rules import (
    JOINED_DAYS,
    RULES_OF,
    TIME_BOX_SECONDS,
    PurposeRule,
    widening_reasons,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Cannot, Kind, Purpose, Role, Status, WideningReason
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import SCHOOL_INTAKE
from fingerpost.protocol.feed_age import FOUNDING_AGES
from fingerpost.protocol.messages import SIZE_CLASSES
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS
from fingerpost.protocol.terms import Fact, Tier, tier_of
from fingerpost.runtime.logs import RUNTIME_EVENTS
from practitioner.cli.facts import STATED, option, read_facts
from unit.deploy.command_lines import TREE, programs, require_taken

DOCS = TREE / "docs"
PAGES = sorted([*TREE.glob("*.md"), *DOCS.rglob("*.md")])
pages = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(TREE)))

FENCE = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
AS_A_USER = re.compile(r"^(?:\$ )?(?:(?:sudo -u|runuser -u) [a-z-]+ (?:-- )?)?")


@cache
def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def prose_of(page: Path) -> str:
    """Without code."""
    return CODE.sub("", FENCE.sub("", text_of(page)))


def headings_of(page: Path) -> set[str]:
    """As anchors are commonly made: lower case, punctuation gone, hyphens for spaces."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def section_of(page: Path, heading: str) -> str:
    text = text_of(page)
    start = text.index(f"\n## {heading}\n") + 1
    end = text.find("\n## ", start)
    return text[start:] if end < 0 else text[start:end]


def rows_of(section: str) -> list[list[str]]:
    """The cells of all tables, without headers and rules."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [n for n, row in enumerate(rows) if all(set(cell) <= {"-"} for cell in row)]
    return [row for n, row in enumerate(rows) if n not in rules and n + 1 not in rules]


# ---- links --------------------------------------------------------------------------------------


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+://", target):
            continue  # another's page
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.is_file(), target
        assert found.is_relative_to(TREE), target
        if anchor:
            assert anchor in headings_of(found), target


@pages
def test_places_of_the_tree_that_are_named_exist(page: Path) -> None:
    tops = (
        "agency_node|authority|benchmarks|broker|deploy|docs|"
        "fingerpost|fuzz|key_holder|practitioner|proto|tests"
    )
    for code in CODE.findall(text_of(page)):
        if re.fullmatch(rf"(?:{tops})/[\w./*-]*", code):
            assert list(TREE.glob(code.rstrip("/"))), code


def test_every_page_can_be_reached_from_the_first() -> None:
    seen: set[Path] = set()
    waiting = [TREE / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for target in LINK.findall(FENCE.sub("", text_of(page))):
            found = (page.parent / target.partition("#")[0]).resolve()
            if found.suffix == ".md" and found.is_file():
                waiting.append(found)
    assert {str(p.relative_to(TREE)) for p in set(PAGES) - seen} <= {"CHANGELOG.md"}


# ---- command lines ------------------------------------------------------------------------------


def _is_program(word: str) -> bool:
    """Also one that does not exist: a line that begins so is to be judged, never passed over."""
    return re.fullmatch(r"fingerpost(-[a-z-]+)?", word) is not None


def command_lines() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in FENCE.findall(text_of(page)):
            for line in re.sub(r" *\\\n *", " ", block).splitlines():
                command = AS_A_USER.sub("", line.strip())
                if command and _is_program(command.split()[0]):
                    yield str(page.relative_to(TREE)), command


COMMAND_LINES = list(command_lines())


@pytest.mark.parametrize(("page", "line"), COMMAND_LINES)
def test_a_command_line_is_one_that_the_program_takes(page: str, line: str) -> None:
    require_taken(shlex.split(line, comments=True))


def test_every_program_is_shown_in_use() -> None:
    shown = {line.split()[0] for _, line in COMMAND_LINES}
    assert shown == set(programs())


@pages
def test_a_command_in_passing_exists(page: Path) -> None:
    for code in CODE.findall(FENCE.sub("", text_of(page))):
        words = code.split()
        if _is_program(words[0]) and len(words) > 1 and "…" not in code:
            require_taken(words, whole=False)


@pages
def test_targets_of_the_makefile_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TREE / "Makefile").read_text("utf-8"), re.MULTILINE))
    for block in [*CODE.findall(text_of(page)), *FENCE.findall(text_of(page))]:
        for name in re.findall(r"^make ([a-z-]+)", block, re.MULTILINE):
            assert name in targets, name


# ---- names and numbers --------------------------------------------------------------------------


def test_the_import_contracts_are_those_of_the_build() -> None:
    linter = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    listed = [row[0] for row in rows_of(section_of(DOCS / "architecture.md", "Import contracts"))]
    built = [contract["name"] for contract in linter["contracts"]]
    assert sorted(listed) == sorted(f"**{name}**" for name in built)


def test_the_guarantees_have_one_name_each() -> None:
    protocol = rows_of(section_of(DOCS / "protocol.md", "1. Guarantees"))
    readme = rows_of(section_of(TREE / "README.md", "What it guarantees"))
    assert [row[0] for row in protocol] == [f"G{n}" for n in range(1, 9)]
    assert [f"{row[0]} {row[1]}" for row in protocol] == [row[0] for row in readme]


def numbers(*values: int) -> set[str]:
    return {f"{value:,}" for value in values}


SIZES = {
    "query, whole": numbers(limits.QUERY_BYTES),
    "inner part, padded; sealed": numbers(limits.INNER_BYTES, limits.SEALED_BYTES),
    "passport": numbers(limits.PASSPORT_BYTES),
    "approval; approvals in a query": numbers(limits.APPROVAL_BYTES, limits.APPROVALS),
    **{
        f"answer part of up to {of.agencies} {'agency' if of.agencies == 1 else 'agencies'}: "
        "pointers; padded; sealed": numbers(of.pointers, of.plain_bytes, of.sealed_bytes)
        for of in SIZE_CLASSES
    },
    "message; frame of queries or answers": numbers(limits.MESSAGE_BYTES, limits.FRAME_BYTES),
    "metadata file": numbers(limits.METADATA_FILE_BYTES),
    "blinded or evaluated element; proof": numbers(limits.POINT_BYTES, 64),
    "HPKE public key; overhead": numbers(
        limits.HYBRID_PUBLIC_KEY_BYTES, limits.HPKE_OVERHEAD_BYTES
    ),
}


def test_sizes_are_those_of_the_code() -> None:
    rows = rows_of(section_of(DOCS / "protocol.md", "12. Sizes"))
    shown = {row[0]: set(re.findall(r"[\d,]*\d", row[1])) for row in rows}
    assert shown == SIZES


PARAMETERS = {
    "answer delay": numbers(limits.ANSWER_DELAY_MS),
    "gathering": numbers(limits.GATHERING_MS),
    "queries that a node takes in a tick, for as long as they come": numbers(
        limits.QUERIES_PER_TICK
    ),
    "a practitioner (handle)": numbers(limits.PRACTITIONER_PER_HOUR, limits.PRACTITIONER_PER_DAY),
    "a practitioner of a duty desk (MASH, EDT)": {
        str(limits.DESK_PER_HOUR),
        str(limits.DESK_PER_DAY),
    },
    "a practitioner's reserve for emergencies": {str(limits.RESERVE_PER_DAY)},
    "an agency": numbers(limits.AGENCY_PER_DAY),
    "greatest age of records, by kind of agency": numbers(
        *{age.days for age in FOUNDING_AGES}, limits.FEED_DAYS
    ),
    "school holidays, by area (in the area's file)": set(),
    "keys of a child, in the mean": {*f"{limits.KEYS_PER_CHILD_HUNDREDTHS / 100:.2f}".split(".")},
    "keys of the declared caseload that a node may have evaluated in an epoch": numbers(
        limits.INDEXING_PERCENT
    ),
    "growth of a node in a week": numbers(limits.GROWTH_PERCENT),
    "intakes: kinds of agency, first and last day of a year, share": {
        *SCHOOL_INTAKE.first.split("-"),
        *SCHOOL_INTAKE.last.split("-"),
        *numbers(SCHOOL_INTAKE.percent),
    },
    "revisions of the wire, each with its beginning": {*map(str, limits.REVISIONS)},
    "epochs": numbers(limits.EPOCH_DAYS, limits.EPOCH_OVERLAP_DAYS),
}


def test_parameters_are_those_of_the_code() -> None:
    section = section_of(DOCS / "protocol.md", "10. Parameters")
    shown = {row[0]: set(re.findall(r"[\d,]*\d", row[1])) for row in rows_of(section)}
    assert shown == PARAMETERS
    (fixed,) = re.findall(r"^Fixed: (.*)$", section, re.MULTILINE)
    for words in (
        f"slot {limits.SLOT_SECONDS} s",
        f"query life {limits.QUERY_LIFE_SECONDS} s",
        f"clock skew {limits.CLOCK_SKEW_SECONDS} s",
        f"tick {limits.TICK_MS} ms",
        f"passport {limits.PASSPORT_SECONDS} s",
        f"certificate {limits.CERTIFICATE_DAYS} days",
        f"every {limits.TIMESTAMP_EVERY_SECONDS} s",
        f"at most {limits.STREAM_AGE_SECONDS:,} s",
    ):
        assert words in fixed


def test_the_words_of_an_agency_are_all_explained() -> None:
    rows = rows_of(section_of(DOCS / "protocol.md", "6. The answer"))
    assert [row[0] for row in rows] == [status.name for status in Status]


def test_every_refusal_is_explained() -> None:
    rows = rows_of(section_of(DOCS / "operations.md", "12. Refusals and what to do"))
    assert [row[0].strip("`") for row in rows] == [code.value for code in Code]


STATED_AS = {
    Fact.REFERENCE: "a reference (`--reference`)",
    Fact.REQUESTED: "which council requested it (`requested-by`)",
    Fact.LEAD: "the day on which a social worker named her lead practitioner (`lead-since`)",
    Fact.REASON: "a ground (`reason`)",
    Fact.ENGAGEMENT: "what the agency has to do with the child (`engagement`)",
    Fact.INFORMED: "whether child or family were informed (`informed`)",
    Fact.AGREED: "who agreed (`agreed-by`) and on which day (`agreed-on`)",
    Fact.STRATEGY_DISCUSSION: (
        "the day of the strategy discussion, or since when it is awaited, at most "
        f"{NOT_YET_WORKING_DAYS} working days (`strategy-discussion`)"
    ),
    Fact.ARRIVAL: "the time of arrival (`arrived-at`), or the NHS number",
    Fact.JOINED: (
        "the day on which the child came into the agency's records, at most "
        f"{JOINED_DAYS} days ago (`joined-on`), and from where (`origin`)"
    ),
    Fact.HIDING: "that nothing points to a family that hides (`not-hiding`)",
    Fact.APPROVAL: "a second person's approval (`approve`)",
    Fact.REPORTED: "who reported it (`reported-by`)",
    Fact.CHECKED: "that your records were checked for domestic abuse and refuge (`checked`)",
    Fact.NOTIFIED: "the day on which the death was notified (`notified-on`)",
    Fact.TIME_BOX: (
        "since when the child is searched for (`missing-since`), and after "
        f"{TIME_BOX_SECONDS // 3600} hours which manager renewed that (`renewed-by`) and when "
        "(`renewed-at`)"
    ),
    Fact.REVIEW: "who reviews it by the end of the next working day (`reviewer`)",
}
OWN_OPTIONS = {PurposeRule.REFERENCE: "--reference", PurposeRule.APPROVAL: "approve"}
OPTIONS = {
    fact: {OWN_OPTIONS.get(rule) or option(STATED[rule].field) for rule in rules}
    for fact, rules in RULES_OF.items()
}


def codes(names: Iterable[IntEnum]) -> str:
    return ", ".join(f"`{each.name}`" for each in sorted(names))


def codes_section() -> str:
    section = section_of(DOCS / "operations.md", "2. Federation operator")
    return section[section.index("### Purposes, roles, kinds") :]


def part(start: str, end: str) -> list[list[str]]:
    """The tables between two sentences of the section on codes."""
    section = codes_section()
    return rows_of(section[section.index(start) : section.index(end)])


WHAT, WHERE, NEVER = "What must be stated is", "A role must exist at", "A `MASH_PRACTITIONER` of"


def test_each_fact_has_one_phrase_with_the_option_that_states_it() -> None:
    assert set(STATED_AS) == set(OPTIONS) == set(Fact)
    for fact, phrase in STATED_AS.items():
        assert set(CODE.findall(phrase)) == OPTIONS[fact]


def test_terms_of_purposes_are_those_of_the_code_row_by_row() -> None:
    rows = part("### Purposes, roles, kinds", WHAT)
    assert [row[:4] for row in rows] == [
        [
            f"`{terms.purpose.name}`",
            codes(terms.roles),
            "; ".join(STATED_AS[fact] for fact in sorted(terms.takes)),
            terms.reach.name
            + (", told by the own area alone" if terms.home_only else "")
            + (", then NATIONAL_RING (`nobody-nearer`)" if terms.ring else ""),
        ]
        for terms in TERMS
    ]
    laws = {(row[0], row[4]) for row in rows}
    assert len(laws) == len({terms.purpose for terms in TERMS})
    assert all(re.search(r"\d{4}", law) for _, law in laws)


def test_values_of_facts_are_those_of_the_code() -> None:
    rows = dict(part(WHAT, WHERE))
    assert {f"`reason` of `{purpose.name}`": codes(REASONS[purpose]) for purpose in REASONS} == {
        name: rows.pop(name) for name in [*rows] if name.startswith("`reason`")
    }
    agreeing = {f"`agreed-by` of `{each.name}`": codes(AGREEING[each]) for each in AGREEING}
    assert agreeing == {name: rows.pop(name) for name in [*rows] if "agreed-by" in name}
    free = {"engagement": Engagement, "informed": Informed, "origin": Origin}
    for name, choices in (free | {"reported-by": ReportedBy}).items():
        assert rows.pop(f"`{name}`") == codes(choices)
    left = [name for names in rows for name in CODE.findall(names)]
    chosen = {"reason", "agreed-by", "reported-by", *free}
    assert sorted(left) == sorted(
        option(each.field) for each in STATED.values() if option(each.field) not in chosen
    )
    by_sample = {name: value for names, value in rows.items() for name in CODE.findall(names)}
    for name, value in by_sample.items():
        for sample in CODE.findall(value):
            stated = read_facts([f"{name}={sample}"], Purpose.URGENT_CARE, 1_800_000_000)
            assert stated != Facts()


def test_roles_of_agencies_are_those_of_the_code_row_by_row() -> None:
    assert part(WHERE, NEVER) == [[f"`{at.kind.name}`", codes(at.roles)] for at in ROLES_AT]


def test_roles_and_purposes_of_no_row_are_named() -> None:
    section = codes_section()
    (roles,) = re.findall(r"^The roles (.*) stand in no row", section, re.MULTILINE)
    asking = {role for terms in TERMS for role in terms.roles}
    assert CODE.findall(roles) == [role.name for role in Role if role not in asking]
    purposes = re.findall(r"^`(\w+)` has no row", section, re.MULTILINE)
    with_row = {terms.purpose for terms in TERMS}
    assert purposes == [purpose.name for purpose in Purpose if purpose not in with_row]


def test_the_tiers_of_kinds_are_those_of_the_code() -> None:
    rows = rows_of(section_of(DOCS / "disclosure.md", "Purpose by tier"))
    shown = {row[0].strip("`"): CODE.findall(row[2]) for row in rows if len(CODE.findall(row[2]))}
    assert shown == {
        tier.name: [kind.name for kind in Kind if tier_of(kind) is tier]
        for tier in Tier
        if tier is not Tier.NONE
    }


def test_the_tiers_of_purposes_are_those_of_the_code() -> None:
    rows = rows_of(section_of(DOCS / "disclosure.md", "Purpose by tier"))[len(Tier) :]
    shown = []
    for purposes, tier, _ in rows:
        first, *others = CODE.findall(tier)
        at_harm = frozenset(name for name in others if name in Tier.__members__)
        patterns = set(others) - at_harm
        also = frozenset(k.name for k in Kind if any(fnmatch(k.name, p) for p in patterns))
        assert all(any(fnmatch(kind.name, p) for kind in Kind) for p in patterns)
        shown += [(purpose, first, at_harm, also) for purpose in CODE.findall(purposes)]
    assert len(set(shown)) == len(shown)
    assert set(shown) == {
        (
            terms.purpose.name,
            terms.tier.name,
            frozenset(tier.name for tier in terms.tier_at_harm),
            frozenset(kind.name for kind in terms.also),
        )
        for terms in TERMS
    }


def test_reasons_to_widen_are_those_of_the_code() -> None:
    section = section_of(DOCS / "protocol.md", "5. The query")
    rows = [row for row in rows_of(section) if row[0].split()[0] in WideningReason.__members__]
    shown = {}
    before = ""
    for name, number, purposes in rows:
        if purposes != "the same":
            before = purposes
        shown[WideningReason[name.split()[0]]] = int(number), before.split(", ")
    assert {because: (number, sorted(names)) for because, (number, names) in shown.items()} == {
        because: (
            because.value,
            sorted(each.name for each in Purpose if because in widening_reasons(each)),
        )
        for because in WideningReason
    }


def test_why_an_agency_cannot_answer_is_explained() -> None:
    (row,) = [
        row
        for row in rows_of(section_of(DOCS / "protocol.md", "6. The answer"))
        if row[0] == Status.CANNOT_ANSWER.name
    ]
    assert re.findall(r"\b([A-Z][A-Z_]+)\b", row[2]) == [reason.name for reason in Cannot]


def test_kinds_that_an_export_may_hold_are_listed() -> None:
    text = text_of(DOCS / "import.md")
    kinds = text[text.index("### Kinds\n") : text.index("\n## What becomes of a row")]
    usual, sensitive = kinds.split("Sensitive", 1)
    assert CODE.findall(usual) == [kind.name for kind in Kind if not kind.sensitive]
    assert CODE.findall(sensitive) == [kind.name for kind in Kind if kind.sensitive]


def test_events_that_are_to_be_watched_are_logged() -> None:
    known = {
        *RUNTIME_EVENTS,
        *agency_node.wiring.EVENTS,
        *authority.issuer.wiring.LOG_EVENTS,
        *broker.wiring.EVENTS,
        *key_holder.wiring.EVENTS,
        *practitioner.wiring.EVENTS,
    }
    rows = rows_of(section_of(DOCS / "operations.md", "11. What to watch"))
    named = [event for row in rows for event in CODE.findall(row[0])]
    assert named
    assert set(named) <= known


# ---- decisions, pictures, words -----------------------------------------------------------------

DECISIONS = sorted((DOCS / "decisions").glob("0*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda path: str(path.stem))
def test_a_decision_says_why_and_what_follows(page: Path) -> None:
    text = text_of(page)
    assert text.startswith(f"# {page.name[:4]} ")
    assert re.findall(r"^\*\*(\w+)\.\*\* ", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
    ]


def test_decisions_are_numbered_and_listed_under_their_titles() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert len(set(numbers)) == len(numbers)
    listed = re.findall(
        r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$",
        text_of(DOCS / "decisions" / "README.md"),
        re.MULTILINE,
    )
    titles = [text_of(page).splitlines()[0].removeprefix("# ") for page in DECISIONS]
    assert [f"{number} {title}" for number, _, title in listed] == titles
    assert [name for _, name, _ in listed] == [page.name for page in DECISIONS]


@pytest.mark.parametrize("picture", sorted(DOCS.rglob("*.svg")), ids=lambda path: str(path.stem))
def test_a_picture_can_be_read_by_everybody_and_fetches_nothing(picture: Path) -> None:
    root = ET.fromstring(text_of(picture))  # noqa: S314 (our own file)
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    for name in ("title", "desc"):
        found = root.find(f"{space}{name}")
        assert found is not None
        assert found.text
    for element in root.iter():
        assert element.tag.removeprefix(space) not in {"script", "image", "foreignObject", "use"}
        assert not any(name.endswith("href") for name in element.attrib)


NOT_OUR_WORDS = {
    r"black-?list|white-?list|denylist|deny list": "deny-list",
    r"client id|user id": "account, member or handle",
    r"keyholder": "key holder",
    r"look-up": "lookup",
    r"search(?:es)? (?:for|of) (?:a|the) child": "lookup",
    r"web ?service": "the party's name",
    r"data lake|central index of ours": "there is none",
    r"\w+(?:ormaliz|rganiz|uthoriz|ecogniz|erializ|ynchroniz)\w*": "British spelling",
    r"behavior|color|center|artifacts?": "British spelling",
}


@pages
def test_one_word_for_one_thing(page: Path) -> None:
    for pattern, ours in NOT_OUR_WORDS.items():
        found = re.search(rf"\b(?:{pattern})\b", prose_of(page), re.IGNORECASE)
        assert not found, f"{found.group()}: {ours}"


def test_the_glossary_says_each_word_once() -> None:
    words = [row[0] for row in rows_of("\n" + text_of(DOCS / "glossary.md"))]
    assert len(words) > 50
    assert sorted(words) == sorted(set(words))
    for part in ("node", "gateway", "key holder", "broker", "authority", "issuer"):
        assert part in words


# ---- that these tests can fail ------------------------------------------------------------------


def test_a_table_is_read_without_header_and_rule() -> None:
    assert rows_of("| a | b |\n|---|---|\n| 1 | 2 |\n") == [["1", "2"]]


@pytest.mark.parametrize(
    "line",
    [
        "fingerpost-broker run --settings x",
        "$ fingerpost-x y",
        "sudo -u fingerpost-node fingerpost-node run",
    ],
)
def test_a_line_that_begins_with_a_program_is_judged(line: str) -> None:
    assert _is_program(AS_A_USER.sub("", line).split()[0])


def test_the_picture_of_the_rooms_is_drawn_from_the_code() -> None:
    drawing = runpy.run_path(str(DOCS / "pictures" / "rooms.py"))["picture"]()
    kept = (DOCS / "pictures" / "rooms.svg").read_text("utf-8")
    assert kept == drawing, "run docs/pictures/rooms.py"
