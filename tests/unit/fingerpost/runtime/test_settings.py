"""Settings are exact."""

from __future__ import annotations

from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId
from fingerpost.runtime import settings
from fingerpost.runtime.settings import HostPort, load
from fingerpost.runtime.settings_form import formed


class Mode(Enum):
    FAST = "fast"


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: Path


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    member: MemberId
    federation: FederationId
    port: int
    tls: Tls
    agencies: tuple[AgencyId, ...] = ()
    peers: dict[str, MemberId] = {}
    extra: Path | None = None
    backup: MemberId | None = None
    more: tuple[Tls, ...] = ()
    ratio: float = 1.0
    mode: Mode = Mode.FAST
    poll: Annotated[float, msgspec.Meta(ge=1, le=15)] = 1.0
    word: Annotated[str, msgspec.Meta(pattern="^[a-c]$", description="a, b or c")] = "a"
    listen: HostPort = "localhost:1"
    pair: tuple[int, int] = (1, 2)
    days: tuple[date, ...] = ()


class Loose(msgspec.Struct, frozen=True):
    port: int


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inner: Loose


WHOLE = """
member = "oak-node"
federation = "england-pilot"
port = 7
agencies = ["e08000025.oak-primary", "e08000025.council"]
extra = "/absolute/file"
backup = "oak-two"
ratio = 2
mode = "fast"
[tls]
key = "keys/tls.pem"
[peers]
first = "elm-node"
[[more]]
key = "other.pem"
"""

LEAST = 'member="a"\nfederation="b"\nport=1\ntls={key="k"}\n'


def but(old: str, new: str) -> str:
    """The least settings with one change."""
    assert old in LEAST
    return LEAST.replace(old, new)


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    path.chmod(0o644)
    return path


def fault(path: Path, form: type = Sample) -> str:
    """What is said about settings that are refused."""
    with pytest.raises(Defect) as caught:
        load(path, form)
    return str(caught.value)


def test_everything_has_its_type_and_paths_start_at_the_file(tmp_path: Path) -> None:
    got = load(written(tmp_path, WHOLE), Sample)
    assert got == Sample(
        member=MemberId("oak-node"),
        federation=FederationId("england-pilot"),
        port=7,
        tls=Tls(tmp_path / "keys/tls.pem"),
        agencies=(AgencyId("e08000025.oak-primary"), AgencyId("e08000025.council")),
        peers={"first": MemberId("elm-node")},
        extra=Path("/absolute/file"),
        backup=MemberId("oak-two"),
        more=(Tls(tmp_path / "other.pem"),),
        ratio=2.0,
    )


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"party": "service"}):
    member: MemberId
    party: Mode
    tls: Tls
    ports: tuple[int, int]
    agencies: tuple[AgencyId, ...]
    more: tuple[Tls, ...]
    elsewhere: Path
    ratio: float = 1.0
    large: bool = False
    left_out: Path | None = None


def kept(folder: Path, **changed: object) -> Kept:
    values: dict[str, object] = {
        "member": MemberId("oak-node"),
        "party": Mode.FAST,
        "tls": Tls(folder / "keys/tls.pem"),
        "ports": (1, 2),
        "agencies": (AgencyId("e08000025.oak-primary"), AgencyId("e08000025.council")),
        "more": (Tls(folder / "one.pem"), Tls(folder / "other.pem")),
        "elsewhere": Path('/media/a "quoted" näme'),
        "ratio": 2.5,
        "large": True,
    }
    return Kept(**{**values, **changed})  # type: ignore[arg-type]


def test_what_is_written_reads_back_and_paths_start_at_the_file(tmp_path: Path) -> None:
    text = settings.written(kept(tmp_path), tmp_path).decode()
    assert 'service = "fast"' in text
    assert 'key = "keys/tls.pem"' in text
    assert load(written(tmp_path, text), Kept) == kept(tmp_path)


@pytest.mark.parametrize("value", [Path("/a\x7f"), {"a": 1}, b"bytes"])
def test_what_a_file_cannot_hold_is_not_written(tmp_path: Path, value: object) -> None:
    with pytest.raises(Defect):
        settings.written(kept(tmp_path, elsewhere=value), tmp_path)


def test_a_relative_settings_path_is_resolved_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, LEAST)
    monkeypatch.chdir(tmp_path)
    assert load(Path("settings.toml"), Sample).tls.key == tmp_path / "k"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (LEAST + "unknown = 1\n", "unknown"),
        (but('key="k"', 'key="k", colour="s3cret"'), "colour"),
        (but("port=1", 'port="s3cret"'), "port"),
        (but("port=1", "port=1.5"), "port"),
        (but("port=1\n", ""), "port"),
        (but('"a"', '"S3CRET and more"'), "member: expected a member's id"),
        (but('"a"', '{value="s3cret"}'), "member"),
        (LEAST + 'agencies=["s3cret"]\n', "agencies no. 1: expected an agency's id"),
        (LEAST + "ratio=nan\n", "ratio"),
        (LEAST + "ratio=-inf\n", "ratio"),
        (LEAST + 'mode="s3cret"\n', "mode"),
        (LEAST + 'extra=""\n', "extra"),
        (but('{key="k"}', '{key="s3cret\\u0000"}'), "key"),
        (LEAST + "port = 2\n", "TOML"),
        ("s3cret s3cret", "TOML"),
        ("port=1" + "0" * 5000, "TOML"),
    ],
)
def test_anything_else_is_fatal_and_not_repeated(tmp_path: Path, text: str, named: str) -> None:
    words = fault(written(tmp_path, text))
    assert named in words
    assert "s3cret" not in words.lower()


class Listens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listen_requesters: str = ""
    broker_requesters: str = ""


@pytest.mark.parametrize("name", ["listen", "broker"])
def test_a_setting_that_was_renamed_is_unknown_and_the_new_name_is_told(
    tmp_path: Path, name: str
) -> None:
    path = written(tmp_path, f'{name}_askers = "broker.example:7442"')
    with pytest.raises(Defect, match=rf"{name}_askers: .* it is named {name}_requesters now"):
        load(path, Listens)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (but("port=1", "prot=1"), "prot: there is no such setting here; did you mean port?"),
        (but("port=1", "prot=1"), "port: missing; expected a whole number"),
        (LEAST + "qqq=1\n", "qqq: there is no such setting here; there are member, federation,"),
        (
            WHOLE + "port=1\n",
            "more no. 1, port: there is no such setting here; it belongs at the top",
        ),
        (LEAST + 'key="k"\n', "key: there is no such setting here; it belongs in [tls]"),
        (but('tls={key="k"}', ""), "tls: missing; expected a section [tls]"),
        (but('{key="k"}', '"k"'), "tls: expected a section [tls], found text in quotation"),
        (but("port=1", 'port="1"'), "port: expected a whole number, found text in quotation"),
        (but("port=1", "port=true"), "port: expected a whole number, found true or false"),
        (
            LEAST + "days=['2026-03-01']\n",
            "expected a day without quotation marks, such as 2026-12-18, found text in quotation",
        ),
        (LEAST + "days=[2026-03-01T08:00:00]\n", "expected a day without quotation marks"),
        (but("port=1", "port=2026-03-01"), "expected a whole number, found a date or a time"),
        (but('"k"', "[]"), "tls.key: expected a path in quotation marks, found a list"),
        (LEAST + "more=1\n", "more: expected sections [[more]], found a whole number"),
        (LEAST + 'mode="slow"\n', "mode: expected one of fast"),
        (LEAST + "poll=16.0\n", "poll: expected a number from 1 to 15"),
        (LEAST + "pair=[1]\n", "pair: expected a list of 2, found 1"),
        (LEAST + 'word="x"\n', "word: expected a, b or c"),
        (LEAST + "word=1\n", "word: expected a, b or c, found a whole number"),
        (LEAST + 'listen="0.0.0.0"\n', "listen: expected host:port in quotation marks, such as"),
        (LEAST + "ratio=1" + "0" * 400 + "\n", "ratio: expected a number"),
        (LEAST + '"new\\nline"=1\n', "new\ufffdline: there is no such setting"),
    ],
)
def test_a_fault_is_said_in_plain_words(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    words = fault(path)
    assert words.startswith(f"{path}: ")
    assert said in words
    for word_of_the_library in ("$", "`", "Object", "array", "object", "`str`", "field", "Struct"):
        assert word_of_the_library not in words


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    lines = fault(written(tmp_path, 'port=true\ntls={kee="k"}\n')).splitlines()
    assert lines[0] == f"{tmp_path / 'settings.toml'}: 5 faults"
    keys = ["tls.kee", "tls.key", "port", "member", "federation"]
    assert sorted(line.strip().partition(": ")[0] for line in lines[1:]) == sorted(keys)


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    days: tuple[date, ...] = ()


def test_a_list_of_days_is_read_and_written_back(tmp_path: Path) -> None:
    found = load(written(tmp_path, "days=[2026-12-24,2027-01-02]\n"), Closed)
    assert found.days == (date(2026, 12, 24), date(2027, 1, 2))
    (tmp_path / "again.toml").write_bytes(settings.written(found, tmp_path))
    assert load(tmp_path / "again.toml", Closed) == found


class Paired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    least: int
    most: int

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise Defect("least: more than most")


def test_settings_that_do_not_fit_each_other_are_named_with_their_file(tmp_path: Path) -> None:
    assert load(written(tmp_path, "least=1\nmost=2\n"), Paired) == Paired(1, 2)
    path = written(tmp_path, "least=2\nmost=1\n")
    assert fault(path, Paired) == f"{path}: least: more than most"


def test_of_very_many_faults_the_first_are_said(tmp_path: Path) -> None:
    lines = fault(written(tmp_path, LEAST + "[[more]]\n" * 40)).splitlines()
    assert lines[0].endswith(": 40 faults")
    assert lines[1] == "  more no. 1, key: missing; expected a path in quotation marks"
    assert lines[-1] == "  and 20 more"
    assert len(lines) == 22


values = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["fast", "a", "e99000001.oak", "", "x y"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "first", "value"]), inner, max_size=2)
    ),
    max_leaves=6,
)


NAMES = st.sampled_from([field.name for field in msgspec.structs.fields(Sample)])


@given(st.dictionaries(NAMES, values))
def test_what_has_the_form_becomes_settings(more: dict[str, object]) -> None:
    least = {"member": "a", "federation": "b", "port": 1, "tls": {"key": "k"}}
    try:
        form = formed(Sample, {**least, **more})
    except Defect:
        return
    msgspec.convert(form, Sample, strict=True, dec_hook=lambda _, value: Path(value))


def test_a_type_that_takes_unknown_fields_is_refused(tmp_path: Path) -> None:
    assert "Loose must be frozen" in fault(written(tmp_path, "inner={port=1}"), Outer)


def test_files_that_cannot_be_settings(tmp_path: Path) -> None:
    path = written(tmp_path, LEAST)
    path.chmod(0o666)
    assert "writable by everybody" in fault(path)
    path.chmod(0o600)
    path.write_bytes(b"\xff\xfe")
    assert "UTF-8" in fault(path)
    path.write_bytes(b"#" * 300_000)
    assert "longer" in fault(path)
    assert fault(tmp_path / "none.toml").endswith(
        "none.toml: cannot be read: there is no such file"
    )
    assert fault(tmp_path).endswith("cannot be read: it is a folder")


@given(st.binary(max_size=200))
def test_no_bytes_end_otherwise_than_in_settings_or_a_defect(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(Defect):  # nothing random names every required field
        load(path, Sample)


def test_a_path_may_be_a_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(but('key="k"', 'key="${CREDENTIALS_DIRECTORY}/tls.key"'))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/unit.service")
    assert load(path, Sample).tls.key == Path("/run/credentials/unit.service/tls.key")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(Defect, match="no credentials were handed to this process"):
        load(path, Sample)


def test_no_other_variable_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/elsewhere")
    path = tmp_path / "settings.toml"
    path.write_text(but('key="k"', 'key="${HOME}/tls.key"'))
    assert load(path, Sample).tls.key == tmp_path / "${HOME}" / "tls.key"
