"""Logs: JSON lines on stderr, in which no person can appear.

Law: an event is logged only if the party's catalogue names it, with only the fields that the
catalogue allows, and only values of types that hold no free text. In production everything else is
dropped; in tests (``strict``) it raises. An exception is written as a type name and a code, never
as its text: the text may hold what somebody sent. The audit log is separate (``fingerpost.audit``).

The Handle of a practitioner is a person's pseudonym, so it is not among the ids that may be logged.
"""

from __future__ import annotations

import contextlib
import logging
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from enum import Enum
from typing import Any, Final, Protocol, TextIO, cast

import structlog

from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId

TEXT_CHARS: Final = 64
RESERVED: Final = frozenset({"event", "level", "party", "time"})
_IDS: Final = (AgencyId, AreaCode, EpochNumber, FederationId, MemberId)

RUNTIME_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "process.started": frozenset(),
    "process.stopped": frozenset(),
    "process.crashed": frozenset({"error"}),
    "task.failed": frozenset({"task", "error"}),
    "call.refused": frozenset({"method", "code"}),
    "call.overdue": frozenset({"method"}),
    "call.failed": frozenset({"method", "error"}),
    "library.reported": frozenset({"source", "severity", "error"}),
}
"""The events of this package; they are part of every catalogue."""


class Logger(Protocol):
    """Writes that a catalogued event happened. Fields: see ``configure``."""

    def debug(self, event: str, /, **fields: object) -> object: ...
    def info(self, event: str, /, **fields: object) -> object: ...
    def warning(self, event: str, /, **fields: object) -> object: ...
    def error(self, event: str, /, **fields: object) -> object: ...


_loggers: Final[dict[str, Logger]] = {}


def configure(
    party: str,
    catalogue: Mapping[str, frozenset[str]],
    *,
    strict: bool,
    stream: TextIO | None = None,
    now: Callable[[], float] = time.time,
) -> Logger:
    """Make the logger of a party; its catalogue maps each event to the fields it may carry.

    Values may be bool, int, finite float, Enum, ids (not ``Handle``), constant texts of at most 64
    printable ASCII characters, and exceptions (written as their type, with the code of a
    ``Refused``).

    Args:
        strict: raise ``Defect`` for anything else, for tests; production drops it.

    Raises:
        Defect: the catalogue uses a reserved field or an event of ``RUNTIME_EVENTS``.
    """
    for event, fields in catalogue.items():
        if fields & RESERVED or event in RUNTIME_EVENTS:
            raise Defect(f"log event {event} uses a reserved name")

    def finish(_logger: object, _level: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {**event, "party": party, "time": round(now(), 3)}

    logger = structlog.wrap_logger(
        _Lines(stream or sys.stderr),
        processors=[
            _AllowList({**catalogue, **RUNTIME_EVENTS}, strict=strict),
            structlog.processors.add_log_level,
            finish,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if strict else logging.INFO
        ),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    _loggers[party] = cast("Logger", logger)
    return _loggers[party]


def get_logger(party: str) -> Logger:
    """Return the logger that ``configure`` made. Raises ``Defect`` when there is none."""
    try:
        return _loggers[party]
    except KeyError:
        raise Defect(f"no log catalogue was configured for {party}") from None


class _Lines:
    """Writes lines to a stream.

    A line that cannot be written is lost; it must not end a call. What must be recorded goes to the
    audit log.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def _write(self, line: str) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):  # full, or closed
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = _write


class _AllowList:
    """A structlog processor that passes only what the catalogue names."""

    def __init__(self, events: Mapping[str, frozenset[str]], *, strict: bool) -> None:
        self._events = events
        self._strict = strict

    def __call__(
        self, _logger: object, _level: str, given: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event = given.pop("event", None)
        allowed = self._events.get(event) if isinstance(event, str) else None
        if allowed is None:
            if self._strict:
                raise Defect(f"log event {event!r} is not in the catalogue")
            raise structlog.DropEvent
        passed: dict[str, Any] = {"event": event}
        for name, value in given.items():
            if name not in allowed:
                if self._strict:
                    raise Defect(f"log event {event} may not carry {name}")
                continue
            try:
                passed[name] = _plain(value)
            except Defect as defect:
                if self._strict:
                    raise Defect(f"log event {event}, field {name}: {defect}") from None
        return passed


def _plain(value: object) -> bool | int | float | str:
    """Return a value as JSON shows it. Raises ``Defect``, without the value, for any other type."""
    if isinstance(value, BaseException):
        return error_name(value)
    if isinstance(value, Enum):
        return _text(value.value if isinstance(value.value, str) else value.name)
    if isinstance(value, _IDS):
        return str(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if type(value) is str:
        return _text(value)
    raise Defect(f"a {type(value).__name__} may not be logged")


def _text(value: str) -> str:
    if len(value) > TEXT_CHARS or not value.isascii() or not value.isprintable():
        raise Defect("only short constant texts may be logged")
    return value


def error_name(error: BaseException) -> str:
    """Return all of an exception that may be written: its type and, for a refusal, the code."""
    name = type(error).__name__[:TEXT_CHARS]
    return f"{name}:{error.code.value}" if isinstance(error, Refused) else name


class _LibraryHandler(logging.Handler):
    """Reports that a library logged something through the standard library, without its text."""

    def __init__(self, report: Callable[[str, str, BaseException | None], None]) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._report(record.name, record.levelname, error)


def take_over(party: str) -> None:
    """Turn all other output to stderr into events: standard logging, warnings, exception hooks.

    asyncio and gRPC log tracebacks whose last line is the text of an exception, and that text may
    hold what somebody sent. This changes the whole process; only ``run`` calls it.
    """

    def report(source: str, severity: str, error: BaseException | None) -> None:
        try:
            logger = get_logger(party)
        except Defect:
            return
        fields = {"error": error} if error is not None else {}
        logger.warning("library.reported", source=source[:TEXT_CHARS], severity=severity, **fields)

    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler(report)]
    logging.captureWarnings(True)

    sys.excepthook = lambda _type, error, _traceback: report("uncaught", "CRITICAL", error)
    threading.excepthook = lambda args: report("thread", "CRITICAL", args.exc_value)
    sys.unraisablehook = lambda args: report("unraisable", "ERROR", args.exc_value)
