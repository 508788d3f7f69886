"""Splink 5 on DuckDB, as a competent user would run it: Fellegi–Sunter on plaintext, fitted without
any truth.

    PYTHON benchmarks/rivals/splink_link.py --left L.csv --right R.csv --truth T.csv --json OUT

Names are tidied (case, accents, apostrophes, hyphens), columns that are wholly empty are left out.
u comes from random pairs, m by expectation maximisation over blocks on the names, the date and the
identifier, the prior from deterministic rules. Candidates come from many overlapping blocking
rules, so that it is the model that decides; a rule that one value makes explode is left out. A pair
is a match at a probability of one half.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from unicodedata import normalize

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

import duckdb
import jellyfish
import pyarrow as pa
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import EMTrainingException

from benchmarks.datasets.tables import Row, Tables
from benchmarks.rivals.figures import Scored, in_order, is_one_file, run

THRESHOLD = 0.5
# What the deterministic rules find of all pairs: a guess, as every user must make it
RECALL_OF_RULES = 0.7
MOST_RANDOM_PAIRS = 1e8
MOST_PAIRS_OF_A_RULE = 10_000_000
FEWEST_PAIRS_TO_TRAIN = 30

_TIDY = (
    "nullif(trim(regexp_replace(replace(lower(strip_accents({0})), '''', ''), "
    "'[^a-z0-9]+', ' ', 'g')), '')"
)
_COLUMNS = f"""
    unique_id,
    {_TIDY.format("forename")} as forename,
    {_TIDY.format("middle_names")} as middle_names,
    {_TIDY.format("surname")} as surname,
    nullif(forename_sound, '') as forename_sound,
    nullif(surname_sound, '') as surname_sound,
    nullif(dob, '') as dob,
    nullif(left(upper(sex), 1), '') as sex,
    nullif(upper(trim(postcode)), '') as postcode,
    nullif(regexp_extract(upper(postcode), '^[A-Z]{{1,2}}[0-9][A-Z0-9]?'), '') as outcode,
    nullif(regexp_extract(upper(postcode), '^[A-Z]{{1,2}}[0-9][A-Z0-9]? [0-9]'), '') as sector,
    nullif(health_number, '') as health_number
"""

# What two records must share to be compared; SQL on a record of each. Any one is enough. Those that
# are too wide for large files are left out there, and then narrower ones below do their work.
BLOCKS: tuple[tuple[str, ...], ...] = (
    ("health_number",),
    ("dob",),
    ("postcode",),
    ("forename",),
    ("surname",),
    ("outcode", "left(dob, 4)"),
    ("forename", "surname"),
    ("forename_sound", "surname_sound", "left(dob, 4)"),
    ("forename_sound", "surname_sound", "right(dob, 5)"),
    ("left(forename, 3)", "left(surname, 3)"),
    ("surname", "right(dob, 5)"),
    ("surname", "left(dob, 7)"),
    ("surname", "left(dob, 4)", "right(dob, 2)"),
    ("forename", "right(dob, 5)"),
    ("forename", "left(dob, 7)"),
    ("forename", "left(dob, 4)", "right(dob, 2)"),
    ("surname", "outcode"),
    ("forename", "outcode", "left(dob, 4)"),
    ("left(forename, 1)", "left(surname, 1)", "right(dob, 5)"),
    ("left(forename, 1)", "left(surname, 1)", "left(dob, 7)"),
)
SWAPPED = (
    "l.forename = r.surname and l.surname = r.forename",
    "left(l.dob, 4) = left(r.dob, 4) and substr(l.dob, 6, 2) = right(r.dob, 2)"
    " and right(l.dob, 2) = substr(r.dob, 6, 2) and left(l.surname, 1) = left(r.surname, 1)",
)
# Not the postcode, nor a surname with it: what it found similar there would be the household, not
# the person.
TRAINING = (("forename", "surname"), ("dob",), ("health_number",))
DETERMINISTIC = (
    ("forename", "surname", "dob"),
    ("surname", "dob", "postcode"),
    ("forename", "dob", "postcode"),
    ("forename", "surname", "postcode"),
    ("health_number",),
)


def comparisons(filled: set[str], is_full_postcode: bool) -> list[object]:
    """Return one comparison for each column that holds anything."""
    wanted: list[object] = [forename(), cl.NameComparison("surname")]
    if "middle_names" in filled:
        wanted.append(middle_names())
    if "dob" in filled:
        wanted.append(cl.DateOfBirthComparison("dob", input_is_string=True))
    if "sex" in filled:
        wanted.append(cl.ExactMatch("sex"))
    if "postcode" in filled:
        wanted.append(postcode(is_full_postcode))
    if "health_number" in filled:
        wanted.append(cl.DamerauLevenshteinAtThresholds("health_number", [1, 2]))
    return wanted


def forename() -> object:
    """``NameComparison``, with a level for names in each other's place.

    Splink's own ``ForenameSurnameComparison`` has that level too, but one scale for both names; it
    did worse wherever it was tried.
    """
    return cl.CustomComparison(
        output_column_name="forename",
        comparison_levels=[
            cll.NullLevel("forename"),
            cll.ExactMatchLevel("forename", term_frequency_adjustments=True),
            cll.ColumnsReversedLevel("forename", "surname", symmetrical=True),
            *(cll.JaroWinklerLevel("forename", alike) for alike in (0.92, 0.88, 0.7)),
            cll.ElseLevel(),
        ],
    )


def middle_names() -> object:
    """An initial may be written for a name."""
    initial = (
        "left(middle_names_l, 1) = left(middle_names_r, 1)"
        " and (length(middle_names_l) = 1 or length(middle_names_r) = 1)"
    )
    return cl.CustomComparison(
        output_column_name="middle_names",
        comparison_levels=[
            cll.NullLevel("middle_names"),
            cll.ExactMatchLevel("middle_names", term_frequency_adjustments=True),
            cll.JaroWinklerLevel("middle_names", 0.9),
            cll.CustomLevel(initial, label_for_charts="initial"),
            cll.ElseLevel(),
        ],
    )


def postcode(is_full: bool) -> object:
    """A slip of the pen before the places around, which only a full postcode names."""
    around = [cll.ExactMatchLevel("sector"), cll.ExactMatchLevel("outcode")] if is_full else []
    return cl.CustomComparison(
        output_column_name="postcode",
        comparison_levels=[
            cll.NullLevel("postcode"),
            cll.ExactMatchLevel("postcode", term_frequency_adjustments=True),
            cll.DamerauLevenshteinLevel("postcode", 1),
            *around,
            cll.DamerauLevenshteinLevel("postcode", 2),
            cll.ElseLevel(),
        ],
    )


def pairs_of(
    connection: duckdb.DuckDBPyConnection, block: Sequence[str], tables: Sequence[str]
) -> int:
    """Return how many pairs of ``tables`` (or of one) agree in the expressions ``block``."""
    keys = ", ".join(f"{expression} as k{n}" for n, expression in enumerate(block))
    counts = [
        f"(select {keys}, count(*) as n from {table} group by all)"  # noqa: S608
        for table in (tables[0], tables[-1])
    ]
    using = ", ".join(f"k{n}" for n in range(len(block)))
    sql = (
        f"select coalesce(sum(l.n * r.n), 0) from {counts[0]} l join {counts[1]} r using ({using})"  # noqa: S608
    )
    return int(_number(connection, sql))


def link(tables: Tables) -> tuple[list[Scored], float, dict[str, object]]:
    started = time.perf_counter()
    logging.getLogger("splink").setLevel(logging.ERROR)
    one_file = is_one_file(tables)
    connection = duckdb.connect()
    names = ["records"] if one_file else ["left_records", "right_records"]
    for name, rows in zip(names, (tables.left, tables.right), strict=False):
        connection.register("raw", _arrow(rows))
        connection.execute(f"create table {name} as select {_COLUMNS} from raw")  # noqa: S608
    filled = {
        column
        for column in ("middle_names", "dob", "sex", "postcode", "outcode", "health_number")
        if all(_share(connection, name, f"{column} is not null") > 0 for name in names)
    }
    is_full = all(_share(connection, name, "sector is not null") > 0.3 for name in names)
    known = filled | {"forename", "surname"}

    def usable(blocks: Iterable[Sequence[str]], fewest: int = 1) -> list[object]:
        """Blocks of columns that hold something, that any pair is in, and that are not too many
        pairs.
        """
        return [
            block_on(*block)
            for block in blocks
            if columns_of(block) <= known
            and fewest <= pairs_of(connection, block, names) <= MOST_PAIRS_OF_A_RULE
        ]

    api = DuckDBAPI(connection)
    linker = Linker(
        [api.register(name, dataset_display_name=f"{name}_in") for name in names],
        SettingsCreator(
            link_type="dedupe_only" if one_file else "link_only",
            comparisons=comparisons(filled, is_full),
            blocking_rules_to_generate_predictions=[*usable(BLOCKS), *SWAPPED],
            retain_matching_columns=False,
        ),
        log_level=logging.ERROR,
    )
    training = linker.training
    rules = usable(DETERMINISTIC)
    if rules:  # if none finds a pair, Splink's own prior is used: one in ten thousand
        training.estimate_probability_two_random_records_match(rules, recall=RECALL_OF_RULES)
    training.estimate_u_using_random_sampling(max_pairs=MOST_RANDOM_PAIRS, seed=1)
    trained = 0
    teaching = (block for block in TRAINING if known - {"outcode"} - columns_of(block))
    for block in usable(teaching, FEWEST_PAIRS_TO_TRAIN):
        # A block may be all matches or none, and then a probability comes out as 0, which Splink
        # refuses.
        with suppress(ValueError, EMTrainingException):
            training.estimate_parameters_using_expectation_maximisation(block)
            trained += 1
    predicted = linker.inference.predict().as_duckdbpyrelation()
    rows = predicted.project("unique_id_l, unique_id_r, match_probability").fetchall()
    pairs = in_order((Scored(*row) for row in rows), one_file)
    return (
        pairs,
        THRESHOLD,
        {
            "version": splink_version(),
            "pairs_scored": len(pairs),
            "seconds": round(time.perf_counter() - started, 1),
            "columns": sorted(known),
            "blocks_trained": trained,
        },
    )


def columns_of(block: Sequence[str]) -> set[str]:
    return {
        column
        for expression in block
        for column in ("forename", "surname", "dob", "postcode", "outcode", "health_number")
        if column in expression
    }


def _arrow(rows: Sequence[Row]) -> pa.Table:
    columns = {name: [getattr(row, name) for row in rows] for name in _READ}
    sounds = {f"{name}_sound": list(map(sound, columns[name])) for name in ("forename", "surname")}
    return pa.table({"unique_id": list(range(len(rows))), **columns, **sounds})


def sound(name: str) -> str:
    """Return the Soundex of the letters; empty for none."""
    letters = "".join(c for c in normalize("NFKD", name).upper() if "A" <= c <= "Z")
    return jellyfish.soundex(letters)


_READ = ("forename", "middle_names", "surname", "dob", "sex", "postcode", "health_number")


def _share(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> float:
    return _number(connection, f"select coalesce(avg(({condition})::int), 0) from {table}")  # noqa: S608


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    """Fetched to the end: a result that is left half read holds the connection."""
    return float(connection.execute(sql).fetchall()[0][0])


def splink_version() -> str:
    import splink

    return f"splink {splink.__version__}, duckdb {duckdb.__version__}"


if __name__ == "__main__":
    run("splink", link)
