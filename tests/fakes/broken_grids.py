"""What systems, spreadsheets and people do to the cells, columns and rows of an export, each at
random places. None of it is told how the import reads a file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final

from fakes.damages import of_grid
from fakes.invented_exports import DATES, RAW, Grid, Line

_NAMES: Final = ("forename", "surname")
_HERS: Final = ("forename", "surname", "dob", "postcode", "sex")
_FLAGS: Final = ("shield", "sensitive", "lead", "early_help")
_NUMBERS: Final = ("local_id", "health_number", "upn", "desk_phone", "ooh_phone")


def _hit(grid: Grid, random: Random) -> list[Line]:
    """Which rows are hit: all, most, some or one; or all from one on."""
    lines = grid.lines
    if not lines:
        return []
    match random.choice(("all", "all", "most", "some", "one", "from")):
        case "all":
            return [*lines]
        case "most":
            return [line for line in lines if random.random() < 0.7]
        case "some":
            return [line for line in lines if random.random() < 0.2]
        case "one":
            return [random.choice(lines)]
        case _:
            return lines[random.randrange(len(lines)) :]


def _change(grid: Grid, random: Random, column: str, do: Callable[[str], str]) -> None:
    place = grid.place(column)
    for line in _hit(grid, random):
        line.cells[place] = do(line.cells[place])


def _some_column(grid: Grid, random: Random, columns: tuple[str, ...]) -> str:
    return random.choice([column for column in columns if column in grid.header])


# ---- columns -------------------------------------------------------------------------------------


@of_grid
def column_dropped(grid: Grid, random: Random) -> None:
    place = random.randrange(len(grid.header))
    del grid.header[place]
    for line in grid.lines:
        del line.cells[place]


@of_grid
def column_renamed(grid: Grid, random: Random) -> None:
    place = random.randrange(len(grid.header))
    grid.header[place] = random.choice(("", "Column1", f"{grid.header[place]}_1", "Notes", "name"))


@of_grid
def two_columns_swapped(grid: Grid, random: Random) -> None:
    """The names stay, what stands below them changes places."""
    one, other = random.sample(range(len(grid.header)), 2)
    for line in grid.lines:
        line.cells[one], line.cells[other] = line.cells[other], line.cells[one]


@of_grid
def two_columns_of_the_child_swapped(grid: Grid, random: Random) -> None:
    columns = ("forename", "surname", "middle_names", "dob", "start", "end", "postcode", "upn")
    one, other = random.sample([grid.place(c) for c in columns if c in grid.header], 2)
    for line in _hit(grid, random):
        line.cells[one], line.cells[other] = line.cells[other], line.cells[one]


@of_grid
def column_sorted_by_itself(grid: Grid, random: Random) -> None:
    """Every child gets another child's cell."""
    column = _some_column(grid, random, (*_HERS, "local_id", "health_number"))
    grid.set_column(column, sorted(grid.column(column), reverse=random.random() < 0.3))


@of_grid
def columns_sorted_without_the_others(grid: Grid, random: Random) -> None:
    """A range was marked that ends within the table, and then sorted."""
    first = random.randrange(1, len(grid.header))
    order = sorted(range(len(grid.lines)), key=lambda n: grid.lines[n].cells[first:])
    right = [grid.lines[n].cells[first:] for n in order]
    for line, cells in zip(grid.lines, right, strict=True):
        line.cells[first:] = cells


@of_grid
def column_moved_by_a_row(grid: Grid, random: Random) -> None:
    """A cell was deleted in the middle of a column, or put in, and those below moved."""
    column = _some_column(grid, random, (*_HERS, "shield", "local_id", "status"))
    cells = grid.column(column)
    at = random.randrange(len(cells))
    moved = cells[:at] + cells[at + 1 :] + [""]
    if random.random() < 0.5:
        moved = [*cells[:at], "", *cells[at:-1]]
    grid.set_column(column, moved)


@of_grid
def cells_moved_to_the_right(grid: Grid, random: Random) -> None:
    at = random.randrange(len(grid.header))
    for line in _hit(grid, random):
        line.cells.insert(at, "")
        if random.random() < 0.9:
            line.cells.pop()


@of_grid
def cells_moved_to_the_left(grid: Grid, random: Random) -> None:
    at = random.randrange(len(grid.header))
    for line in _hit(grid, random):
        del line.cells[at]
        line.cells.append("")


@of_grid
def column_filled_from_the_first(grid: Grid, random: Random) -> None:
    column = random.choice(grid.header)
    place = grid.place(column)
    first = grid.lines[0].cells[place]
    for line in _hit(grid, random):
        line.cells[place] = first


@of_grid
def column_emptied(grid: Grid, random: Random) -> None:
    _change(grid, random, random.choice(grid.header), lambda _: "")


@of_grid
def column_of_errors(grid: Grid, random: Random) -> None:
    error = random.choice(("#REF!", "#N/A", "#VALUE!", "#NAME?", "#####", "NULL", "None", "nan"))
    _change(grid, random, random.choice(grid.header), lambda _: error)


@of_grid
def columns_of_blanks_added(grid: Grid, random: Random) -> None:
    more = random.choice((1, 3, 300))
    for line in _hit(grid, random):
        line.cells += [""] * more


# ---- dates ---------------------------------------------------------------------------------------


def _as(form: str) -> Callable[[str], str]:
    def written(text: str) -> str:
        return date.fromisoformat(text).strftime(form) if text else ""

    return written


def _serial(begins: date) -> Callable[[str], str]:
    return lambda text: str((date.fromisoformat(text) - begins).days) if text else ""


@of_grid
def dates_in_another_form(grid: Grid, random: Random) -> None:
    """Of all rows, or of some of them."""
    forms = (
        "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m-%d-%y", "%d-%b-%y", "%y%m%d", "%d %B %Y", "%Y",
        "%Y-%m", "%d %b", "%A", "w%W-%Y", "%Y%m%d", "%d%m%Y", "%Y-%m-%dT00:00:00Z", "%j/%Y",
    )  # fmt: skip
    place = grid.place(random.choice(DATES))
    written = _as(random.choice(forms))
    for line in _hit(grid, random):
        line.cells[place] = written(line.cells[place])


@of_grid
def dates_of_two_forms(grid: Grid, random: Random) -> None:
    place = grid.place(random.choice(("dob", "dob", "start")))
    one, other = random.sample(("%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%Y-%d-%m", "%d/%m/%y"), 2)
    for line in grid.lines:
        line.cells[place] = _as(random.choice((one, other)))(line.cells[place])


@of_grid
def days_taken_for_months(grid: Grid, random: Random) -> None:
    """A spreadsheet of another country makes dates of those that can be, and leaves the others."""
    place = grid.place("dob")

    def turned(text: str) -> str:
        day = date.fromisoformat(text)
        return day.replace(day=day.month, month=day.day).isoformat() if day.day <= 12 else text

    for line in _hit(grid, random):
        line.cells[place] = turned(line.cells[place])


@of_grid
def dates_as_numbers_of_days(grid: Grid, random: Random) -> None:
    begins = random.choice((date(1899, 12, 30), date(1904, 1, 1)))
    place, written = grid.place(random.choice(("dob", "start"))), _serial(begins)
    for line in _hit(grid, random):
        line.cells[place] = written(line.cells[place])


@of_grid
def dates_in_utc(grid: Grid, random: Random) -> None:
    """Midnight of a summer's day is 23 hours of the day before."""
    place = grid.place("dob")

    def written(text: str) -> str:
        day = date.fromisoformat(text)
        summer = date(day.year, 4, 5) <= day <= date(day.year, 10, 20)
        return f"{day - timedelta(days=1)}T23:00:00Z" if summer else f"{day}T00:00:00Z"

    for line in _hit(grid, random):
        line.cells[place] = written(line.cells[place])


@of_grid
def dates_that_stand_for_none(grid: Grid, random: Random) -> None:
    none = random.choice(("1900-01-01", "01/01/1900", "9999-12-31", "00/00/0000", "1970-01-01"))
    _change(grid, random, random.choice(DATES), lambda _: none)


@of_grid
def dates_some_days_or_years_off(grid: Grid, random: Random) -> None:
    by = timedelta(days=random.choice((-1, 1, 1462, -1462, 365, -36525)))

    def off(text: str) -> str:
        return (date.fromisoformat(text) + by).isoformat() if text else ""

    _change(grid, random, random.choice(("dob", "dob", "start")), off)


# ---- names, numbers, words -----------------------------------------------------------------------


@of_grid
def names_blanked(grid: Grid, random: Random) -> None:
    for column in random.choice((_NAMES, _NAMES[:1], _NAMES[1:])):
        _change(grid, random, column, lambda _: "")


@of_grid
def names_cut_short(grid: Grid, random: Random) -> None:
    chars = random.choice((1, 3, 6, 8))
    for column in random.choice((_NAMES, _NAMES[:1], _NAMES[1:])):
        _change(grid, random, column, lambda text: text[:chars])


@of_grid
def names_changed_by_a_program(grid: Grid, random: Random) -> None:
    changed: Callable[[str], str] = random.choice(
        (
            str.upper,
            str.lower,
            lambda text: f"Miss {text}",
            lambda text: f"{text} (known as)",
            lambda text: f"'{text}",
            lambda text: f"={text}",
            "  ".join,
            lambda text: f" {text}\u00a0",
            lambda text: text.replace("-", "\u2011"),
            lambda text: text.replace("'", "&#39;"),
            lambda text: f"{text}*",
            lambda text: text[::-1],
            lambda text: f"<b>{text}</b>",
            lambda text: "Redacted",
            lambda text: "Pupil",
            lambda text: "x" * len(text),
        )
    )
    for column in random.choice((_NAMES, _NAMES[:1], _NAMES[1:])):
        _change(grid, random, column, changed)


@of_grid
def accents_damaged(grid: Grid, random: Random) -> None:
    codecs = ("cp1252", "cp850", "mac-roman", "cp437", "iso8859-2", "cp1250", "latin-1", "utf-8")
    written, read = random.sample(codecs, 2)
    damaged: Callable[[str], str] = random.choice(
        (
            lambda text: text.encode(written, "replace").decode(read, "replace"),
            lambda text: text.encode(written, "replace").decode(read, "replace"),
            lambda text: text.encode(written, "replace").decode(read, "ignore"),
            lambda text: text.encode("ascii", "replace").decode(),
            lambda text: text.encode("ascii", "ignore").decode(),
            lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
            lambda text: text.encode("ascii", "backslashreplace").decode(),
            lambda text: "".join(c if c.isascii() else "_" for c in text),
        )
    )
    for column in _NAMES:
        _change(grid, random, column, damaged)


def _power(text: str) -> str:
    return f"{float(text):.5E}" if text.isdigit() else text


@of_grid
def numbers_as_powers_of_ten(grid: Grid, random: Random) -> None:
    _change(grid, random, random.choice(_NUMBERS), lambda text: _power(text.replace(" ", "")))


@of_grid
def leading_zeros_lost(grid: Grid, random: Random) -> None:
    _change(grid, random, random.choice(_NUMBERS), lambda text: text.replace(" ", "").lstrip("0"))


@of_grid
def numbers_cut_short(grid: Grid, random: Random) -> None:
    chars = random.choice((1, 2, 4, 9))
    _change(grid, random, random.choice(_NUMBERS), lambda text: text[:chars])


@of_grid
def numbers_with_decimals_or_commas(grid: Grid, random: Random) -> None:
    changed: Callable[[str], str] = random.choice(
        (
            lambda text: f"{text}.0" if text.isdigit() else text,
            lambda text: f"{int(text):,}" if text.isdigit() else text,
            lambda text: f"'{text}",
            lambda text: f'="{text}"',
        )
    )
    _change(grid, random, random.choice(_NUMBERS), changed)


@of_grid
def numbers_given_anew(grid: Grid, random: Random) -> None:
    """The system counts its rows, or was replaced by another one."""
    numbers = [*range(1, len(grid.lines) + 1)]
    random.shuffle(numbers)
    grid.set_column("local_id", [str(number) for number in numbers])


@of_grid
def flag_words_changed(grid: Grid, random: Random) -> None:
    yes, no = random.choice(
        (
            ("Y", "N"), ("T", "F"), ("1", "0"), ("ja", "nein"), ("x", ""), ("see file", ""),
            ("Level 2", "Level 0"), ("no", "yes"), ("✓", "✗"), ("yes", "?"), ("", ""), ("F", "F"),
        )
    )  # fmt: skip
    changed = {"yes": yes, "no": no}
    _change(grid, random, random.choice(_FLAGS), lambda text: changed.get(text, text))


@of_grid
def status_words_changed(grid: Grid, random: Random) -> None:
    opened, closed = random.choice(
        (
            ("Active", "Left"), ("Current", "Leaver"), ("open", "closed"), ("O", "C"), ("1", "0"),
            ("CLOSED", "OPEN"), ("PLANNED", "PLANNED"), ("", ""), ("OPEN", "OPEN"),
            ("CLOSED", "CLOSED"),
        )
    )  # fmt: skip
    changed = {"OPEN": opened, "CLOSED": closed}
    _change(grid, random, "status", lambda text: changed.get(text, text))


@of_grid
def kind_words_changed(grid: Grid, random: Random) -> None:
    word = random.choice(("Primary", "School", "EDU SCHOOL", "edu_school", "GP", "Early help"))
    _change(grid, random, "kind", lambda _: word)


@of_grid
def cell_of_many_characters(grid: Grid, random: Random) -> None:
    column = random.choice(grid.header)
    for line in random.sample(grid.lines, min(2, len(grid.lines))):
        line.cells[grid.place(column)] = random.choice(("A", "1", "é", " ")) * 100_000


@of_grid
def control_characters_in_cells(grid: Grid, random: Random) -> None:
    sign = random.choice("\x07\x1b\x0b\x0c\x1f\u200b\ufeff\u202e\x85\u2028")

    def marked(text: str) -> str:
        half = len(text) // 2
        return text[:half] + sign + text[half:]

    _change(grid, random, random.choice(grid.header), marked)


@of_grid
def line_breaks_in_cells(grid: Grid, random: Random) -> None:
    raw = random.choice(("", RAW))
    _change(grid, random, random.choice(grid.header), lambda text: f"{raw}{text[:2]}\n{text[2:]}")


@of_grid
def separators_in_cells_without_quotes(grid: Grid, random: Random) -> None:
    sign = random.choice(",;\t|")
    _change(grid, random, random.choice(grid.header), lambda text: f"{RAW}{text}{sign} Jr")


@of_grid
def quotes_left_open(grid: Grid, random: Random) -> None:
    column = random.choice(grid.header)
    changed: Callable[[str], str] = random.choice(
        (
            lambda text: f'{RAW}"{text}',
            lambda text: f'{RAW}{text}"',
            lambda text: f'{RAW}{text[:1]}"{text[1:]}',
        )
    )
    _change(grid, random, column, changed)


# ---- rows ----------------------------------------------------------------------------------------


@of_grid
def rows_doubled(grid: Grid, random: Random) -> None:
    grid.lines += [Line(line.of, [*line.cells]) for line in _hit(grid, random)]


@of_grid
def rows_doubled_with_another_date(grid: Grid, random: Random) -> None:
    place = grid.place("dob")
    for line in [*_hit(grid, random)]:
        cells = [*line.cells]
        cells[place] = "2014-02-03"
        grid.lines.append(Line(line.of, cells))


@of_grid
def rows_of_half_a_child(grid: Grid, random: Random) -> None:
    """A report writes what repeats only once: the second half of a row is a row of its own."""
    at = random.randrange(1, len(grid.header))
    lines = []
    hit = {id(line) for line in _hit(grid, random)}
    for line in grid.lines:
        if id(line) in hit:
            empty = [""] * len(line.cells)
            lines.append(Line(line.of, [*line.cells[:at], *empty[at:]]))
            lines.append(Line(line.of, [*empty[:at], *line.cells[at:]]))
        else:
            lines.append(line)
    grid.lines = lines


@of_grid
def totals_and_titles_within(grid: Grid, random: Random) -> None:
    texts = ("Total", "Count: 12", "Page 2 of 3", "Year 7", "Pupils of Oak", "End of report")
    for _ in range(random.randint(1, 3)):
        cells = [random.choice(texts), *[""] * (len(grid.header) - 1)]
        grid.lines.insert(random.randrange(len(grid.lines) + 1), Line(None, cells))


@of_grid
def header_repeated(grid: Grid, random: Random) -> None:
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(grid.lines) + 1)
        grid.lines.insert(at, Line(None, [*grid.header]))


@of_grid
def rows_in_another_order(grid: Grid, random: Random) -> None:
    random.shuffle(grid.lines)


@of_grid
def rows_between_two_children_joined(grid: Grid, random: Random) -> None:
    """A row lost its end, and the next its beginning: two children are one row."""
    at = random.randrange(len(grid.lines) - 1)
    cut = random.randrange(1, len(grid.header))
    first, second = grid.lines[at], grid.lines[at + 1]
    grid.lines[at : at + 2] = [Line(first.of, [*first.cells[:cut], *second.cells[cut:]])]
