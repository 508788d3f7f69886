"""Nothing passes the log that the catalogue does not name."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber, Handle, MemberId
from fingerpost.runtime import logs

CATALOGUE = {"stream.opened": frozenset({"member", "count", "why", "error"})}


def logger_into(stream: io.StringIO, *, strict: bool) -> logs.Logger:
    return logs.configure("test-party", CATALOGUE, strict=strict, stream=stream, now=lambda: 12.5)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class FullDisk(io.StringIO):
    tried = False

    def flush(self) -> None:
        self.tried = True
        raise OSError(28, "No space left on device")


class Reason(Enum):
    NIGHT = 3


def test_an_event_is_one_line_of_json() -> None:
    stream = io.StringIO()
    log = logger_into(stream, strict=True)
    log.info("stream.opened", member=MemberId("oak"), count=3, why=Code.QUOTA)
    log.warning("stream.opened", member=AgencyId("e08000025.oak"), count=EpochNumber(4), why=True)
    log.error("stream.opened", why=Reason.NIGHT, count=0.25, error=Refused(Code.QUOTA, "x"))
    log.debug("stream.opened", why="constant text", error=ValueError("Amy Pond"))
    common = {"event": "stream.opened", "party": "test-party", "time": 12.5}
    assert lines(stream) == [
        {**common, "level": "info", "member": "oak", "count": 3, "why": "quota"},
        {**common, "level": "warning", "member": "e08000025.oak", "count": "4", "why": True},
        {**common, "level": "error", "why": "NIGHT", "count": 0.25, "error": "Refused:quota"},
        {**common, "level": "debug", "why": "constant text", "error": "ValueError"},
    ]


BAD: list[dict[str, object]] = [
    {"name": "Amy Pond"},
    {"why": "Zoë"},
    {"why": "x" * 65},
    {"why": "a\nb"},
    {"why": b"bytes"},
    {"why": None},
    {"why": ["list"]},
    {"why": float("nan")},
    {"why": Handle("0" * 32)},
    {"exc_info": ValueError("Amy Pond")},
    {"why": type("Text", (str,), {})("constant")},
]


@pytest.mark.parametrize("fields", BAD)
def test_tests_raise_and_production_drops(fields: dict[str, object]) -> None:
    stream = io.StringIO()
    log = logger_into(stream, strict=True)
    with pytest.raises(Defect) as caught:
        log.info("stream.opened", count=1, **fields)
    assert "Amy" not in str(caught.value)
    assert stream.getvalue() == ""
    log = logger_into(stream, strict=False)
    log.info("stream.opened", count=1, **fields)
    (line,) = lines(stream)
    assert line.keys() == {"event", "party", "time", "level", "count"}


def test_an_unknown_event_does_not_pass() -> None:
    stream = io.StringIO()
    with pytest.raises(Defect, match="not in the catalogue"):
        logger_into(stream, strict=True).info("unheard.of")
    logger_into(stream, strict=False).error("unheard.of", count=1)
    logger_into(stream, strict=False).debug("stream.opened")
    assert stream.getvalue() == ""


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=80)), st.text(max_size=80))
def test_whatever_is_given_only_catalogued_names_come_out(
    fields: dict[str, str], event: str
) -> None:
    stream = io.StringIO()
    log = logger_into(stream, strict=False)
    fields = {name: text for name, text in fields.items() if name not in {"event", "self"}}
    log.info(event, **fields)
    log.info("stream.opened", **fields)
    (line,) = lines(stream)
    allowed = CATALOGUE["stream.opened"] | logs.RESERVED
    assert line.keys() <= allowed
    assert line["party"] == "test-party"


def test_a_log_that_cannot_be_written_ends_nothing() -> None:
    stream = io.StringIO()
    log = logger_into(stream, strict=True)
    stream.close()
    log.error("stream.opened", count=1)
    full = FullDisk()
    logs.configure("test-party", CATALOGUE, strict=True, stream=full).info("stream.opened")
    assert full.tried


def test_a_catalogue_cannot_take_reserved_names() -> None:
    for catalogue in ({"a": frozenset({"party"})}, {"process.started": frozenset[str]()}):
        with pytest.raises(Defect, match="reserved"):
            logs.configure("other-party", catalogue, strict=True)
    with pytest.raises(Defect, match="other-party"):
        logs.get_logger("other-party")


@pytest.fixture
def hooks() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], sys.excepthook, threading.excepthook, sys.unraisablehook)
    yield
    logging.captureWarnings(False)
    root.handlers[:], sys.excepthook, threading.excepthook, sys.unraisablehook = before


@pytest.mark.usefixtures("hooks")
def test_libraries_cannot_get_past_the_list() -> None:
    stream = io.StringIO()
    logger_into(stream, strict=True)
    logs.take_over("test-party")
    try:
        raise ValueError("Amy Pond")
    except ValueError as error:
        logging.getLogger("asyncio").exception("Amy Pond was %s", "here")
        sys.excepthook(type(error), error, None)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("Amy Pond", stacklevel=1)

    def fail() -> None:
        raise KeyError("Amy Pond")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert "Amy" not in stream.getvalue()
    assert [(line["source"], line.get("error")) for line in lines(stream)] == [
        ("asyncio", "ValueError"),
        ("uncaught", "ValueError"),
        ("py.warnings", None),
        ("thread", "KeyError"),
    ]
