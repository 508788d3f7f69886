"""The program: four files, the same for the same words."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.population.__main__ import FILES, main


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, *words: str) -> None:
    main(["--children", "400", "--seed", "5", "--out", str(folder), *words])


def test_files_agree_with_one_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path)
    left, right = rows(tmp_path / "left.csv"), rows(tmp_path / "right.csv")
    truth, groups = rows(tmp_path / "truth.csv"), rows(tmp_path / "groups.csv")
    lefts, rights = {row["record_id"] for row in left}, {row["record_id"] for row in right}
    assert len(lefts) == len(left)
    assert {pair["left_id"] for pair in truth} <= lefts
    assert {pair["right_id"] for pair in truth} <= rights
    assert {row["left_id"] for row in groups} == lefts
    assert 150 < len(truth) < 250
    assert len(left) + len(right) - len(truth) == 400
    assert f"{len(truth)} pairs" in capsys.readouterr().out


def test_clean_records_of_a_pair_agree_and_typical_ones_differ(tmp_path: Path) -> None:
    def differing(errors: str) -> int:
        folder = tmp_path / errors
        run(folder, "--errors", errors)
        left = {row["record_id"]: row for row in rows(folder / "left.csv")}
        right = {row["record_id"]: row for row in rows(folder / "right.csv")}
        return sum(
            any(
                left[p["left_id"]][f] != right[p["right_id"]][f]
                for f in ("forename", "surname", "dob")
            )
            for p in rows(folder / "truth.csv")
        )

    assert differing("clean") == 0
    assert 0 < differing("typical") < differing("bad")


def test_the_same_words_write_the_same_files(tmp_path: Path) -> None:
    run(tmp_path / "one")
    run(tmp_path / "other")
    run(tmp_path / "third", "--seed", "6")
    for name in ("left.csv", "right.csv", "truth.csv", "groups.csv"):
        one = (tmp_path / "one" / name).read_bytes()
        assert one == (tmp_path / "other" / name).read_bytes()
        assert one != (tmp_path / "third" / name).read_bytes()


def test_overlap_and_names_and_rates_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "uk_forename.csv").write_text(
        "name,p\nzebedee,0.5\nzinnia,0.5\n"
        + "".join(f"{a}{b}la,0.01\n{a}{b}lo,0.01\n" for a in ("be", "ka", "mu") for b in "aeiou"),
        encoding="utf-8",
    )
    (tmp_path / "uk_surname.csv").write_text("surname,p\nquillfeather,1\n", encoding="utf-8")
    run(tmp_path, "--names", str(tmp_path), "--overlap", "1", "--errors", "clean")
    left = rows(tmp_path / "left.csv")
    assert len(rows(tmp_path / "truth.csv")) == len(left) == 400
    assert sum("Quillfeather" in row["surname"] for row in left) > 150


def test_all_are_under_18_on_another_day(tmp_path: Path) -> None:
    run(tmp_path, "--until", "2030-01-01", "--errors", "clean")
    born = [row["dob"] for row in rows(tmp_path / "left.csv")]
    assert min(born) > "2012-01-01"
    assert "2026-09-01" < max(born) < "2030-01-01"


# ---- what cannot be done -----------------------------------------------------------------------


def fault_of(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    """Run the program, which must refuse, and return the fault that it shows."""
    with pytest.raises(SystemExit) as ended:
        run(folder, *words)
    assert ended.value.code == 2
    out, fault = capsys.readouterr()
    assert not out
    return fault


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--errors", "typcal"), "--errors typcal: neither clean, typical, bad nor a JSON file"),
        (("--errors", "{folder}"), "nor a JSON file that can be read"),
        (("--errors", '{"typign": 0.1}'), "no such preset or knob: typign"),
        (("--errors", '{"typing": 3}'), "typing must be between 0 and 1"),
        (("--errors", '{"typing": '), "no JSON (line 1)"),
        (("--errors", '{"like": "tpical"}'), "no such preset or knob: like"),
        (("--errors", '{"like": ["bad"]}'), "--errors "),
        (("--errors", '{"until": 3}'), "--errors "),
        (("--errors", "[]"), "a JSON object of knobs is expected"),
        (("--overlap", "1.5"), "a share between 0 and 1 is needed"),
        (("--overlap", "nan"), "a share between 0 and 1 is needed"),
        (("--overlap", "half"), "--overlap"),
        (("--children", "0"), "at least one child is needed"),
        (("--until", "tomorrow"), "--until"),
        (("--names", "{folder}"), "uk_forename.csv is not there"),
        (("--colour", "red"), "--colour"),
    ],
)
def test_what_cannot_be_done_is_one_plain_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str], said: str
) -> None:
    option, value = words
    if value[0] in "{[" and value != "{folder}":
        (tmp_path / "rates.json").write_text(value, encoding="utf-8")
        value = str(tmp_path / "rates.json")
    fault = fault_of(capsys, tmp_path / "out", option, value.replace("{folder}", str(tmp_path)))
    assert len(fault.splitlines()) == 1
    assert said in fault
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", FILES)
def test_no_file_takes_the_place_of_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("somebody's")
    fault = fault_of(capsys, tmp_path)
    assert f"{tmp_path / name}: exists already; it is not overwritten\n" in fault
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "somebody's"


def test_the_folder_is_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plain").touch()
    assert "is no folder" in fault_of(capsys, tmp_path / "plain")


def test_it_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path)
    shown = capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    for name in FILES:
        assert f"Wrote {tmp_path / name}: " in shown
    assert f"left.csv: {len(rows(tmp_path / 'left.csv')):,} records" in shown
