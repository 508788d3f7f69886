"""Every size, count and duration that the parties agree on.

Bounds stand here once; codecs and rules refer to them. Sizes are in bytes, durations in seconds
unless the name says otherwise. Values marked "parameter" are defaults and bounds for what the
signed parameters of the federation may state.
"""

from __future__ import annotations

from typing import Final

SUITE: Final = 1
"""The one suite: ristretto255-SHA512 VOPRF, HKDF-SHA-256, keyed BLAKE2s, AES-256-GCM with a
commitment, Ed25519, HPKE MLKEM768-X25519/HKDF-SHA-256/AES-256-GCM. There is no negotiation."""

REVISIONS: Final = (1, 2)
"""The revisions of the wire that this release speaks, ascending. The signed parameters say which
are in force; which field came with which revision: ``codec.strict.SINCE``."""
NEWEST_REVISION: Final = REVISIONS[-1]
MOST_REVISIONS: Final = 8
HIGHEST_REVISION: Final = 10_000
FIRST_REVISION: Final = 1
"""The strictest: whoever names no revision reads and writes by it."""
SECOND_REVISION: Final = 2
"""It brought the quality of an import into answers, and into notes the number that is wrong,
invitations and challenges."""

# ---- the query -------------------------------------------------------------------------------
QUERY_BYTES: Final = 8192
"""A signed query is always exactly this long, whatever it asks."""
LOCATORS: Final = 32
LOCATOR_BYTES: Final = 16
CONTENT_KEY_BYTES: Final = 32
WRAP_BYTES: Final = CONTENT_KEY_BYTES + 16
NONCE_BYTES: Final = 32  # q
HASH_BYTES: Final = 32
SLOT_CHECK_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64
INNER_BYTES: Final = 4096
"""The inner part is padded to this before sealing; sealed it is 16 longer."""
SEALED_BYTES: Final = INNER_BYTES + 16
PASSPORT_BYTES: Final = 1536
QUESTION_CHILD_BYTES: Final = 576
"""The child's details in a question: so much room is left in the inner part when all the rest has
its largest size, and 900 bytes for approvals."""
REFERENCE_CHARS: Final = 64
COUNTING_BYTES: Final = 16
"""The number of a lookup by which the broker counts its two queries once."""
SALT_BYTES: Final = 32
HANDLE_DAYS: Final = 1024
"""An agency's keys for pseudonyms come round again after so many days; the pseudonyms do not."""
HANDLE_PATH: Final = 10  # hashes, from one of HANDLE_DAYS leaves to the root

# ---- the answer ------------------------------------------------------------------------------
# Its sizes follow from how many agencies it covers: ``messages.SizeClass``.
HPKE_OVERHEAD_BYTES: Final = 1136
HYBRID_PUBLIC_KEY_BYTES: Final = 1216  # ML-KEM-768 (1184) | X25519 (32)
AGENCIES_PER_PART: Final = 64
OPENING_HOURS: Final = 8
"""The most rows of opening hours of one desk: seven days that differ, and one more."""

# ---- notes -----------------------------------------------------------------------------------
NOTE_SECRET_BYTES: Final = 32
NOTE_NUMBER_BYTES: Final = 8
NOTE_BYTES: Final = 112
"""A note is padded to this before it is sealed."""
LABEL_BYTES: Final = 16
CELL_BYTES: Final = LABEL_BYTES + NOTE_BYTES + 16
CELLS: Final = 16
PACKET_SALT_BYTES: Final = 32
PACKET_BYTES: Final = PACKET_SALT_BYTES + CELLS * CELL_BYTES
EXCHANGE_BYTES: Final = 16
HOUR_SECONDS: Final = 3600
NOTES_HOURLY_SECONDS: Final = 86_400
"""For so long after a lookup a gateway has an exchange every hour, with each node in its reach."""
NOTES_KEPT_SECONDS: Final = 7 * 86_400
"""For so long after a lookup it has one every day, and both ends keep what the notes need."""

# ---- transport -------------------------------------------------------------------------------
MESSAGE_BYTES: Final = 64 * 1024
FRAME_BYTES: Final = 1024 * 1024
NAMED_AREAS: Final = 8
LEFT_OUT_NODES: Final = 12
"""The most nodes that a second round leaves out."""
METADATA_FILE_BYTES: Final = 512 * 1024
PATH_CHARS: Final = 128

# ---- key holders -----------------------------------------------------------------------------
BATCH_ELEMENTS: Final = 256
POINT_BYTES: Final = 32
BULK_KEYS_PER_CHILD: Final = 25
"""A record has at most so many blocking keys."""
KEYS_PER_CHILD_HUNDREDTHS: Final = 2470
"""Parameter: the mean number of blocking keys of a record, in hundredths, as
``benchmarks/keys_a_child.py`` measures it. It is measured again whenever a blocking rule changes; a
test fails until it is."""
INDEXING_PERCENT: Final = 125
"""Parameter: of the keys of its declared caseload, so many per cent may a node have evaluated in an
epoch."""
GROWTH_PERCENT: Final = 25
"""Parameter: of what it had before, so many per cent more may a node have evaluated in one week."""
LEAST_CHILDREN: Final = 10
"""The least number of children by which a node may grow in a week: a quarter of four is one."""
MARKED_RECORDS: Final = 4
"""An import adds so many records of children who do not exist
(``fingerpost.private.linkage.marked``)."""
MARKED_KEYS: Final = MARKED_RECORDS * BULK_KEYS_PER_CHILD
"""So many keys more than those of its children may a node have evaluated for each agency."""
MARKED_QUESTION_KEYS: Final = 64
"""And so many for the questions by which it finds them, once for all its agencies. They have the
keys that question and record share, some fifty."""
WEEK_SECONDS: Final = 7 * 86_400

# ---- time (parameters; seconds) --------------------------------------------------------------
DAY: Final = 86_400
LATEST: Final = 253_402_300_800
"""The end of the year 9999 in seconds since 1970 UTC: no calendar can show a later time."""
SLOT_SECONDS: Final = 600
EPOCH_DAYS: Final = 90
EPOCH_OVERLAP_DAYS: Final = 7
QUERY_LIFE_SECONDS: Final = 120
CLOCK_SKEW_SECONDS: Final = 60
PREVIOUS_SLOT_HELD_SECONDS: Final = QUERY_LIFE_SECONDS + CLOCK_SKEW_SECONDS
NEXT_SLOT_EARLY_SECONDS: Final = CLOCK_SKEW_SECONDS
PASSPORT_SECONDS: Final = 600
CERTIFICATE_DAYS: Final = 7
STREAM_AGE_SECONDS: Final = 3600
TIMESTAMP_VALID_SECONDS: Final = 24 * 3600
TIMESTAMP_EVERY_SECONDS: Final = 600
SUSPENSION_SECONDS: Final = 60
"""A suspension must act everywhere within this time, on open streams too."""

# ---- time (parameters; milliseconds) ---------------------------------------------------------
ANSWER_DELAY_MS: Final = 500
TICK_MS: Final = 50
GATHERING_MS: Final = 3500
QUERIES_PER_TICK: Final = 50
"""Parameter, and its most: so many queries a node takes in each tick for as long as they come,
1,000 a second. Each of them it can at least refuse in time (``agency_node.answering.load``); with
more, how fast it works would decide what is left out."""
LEAST_QUERIES_PER_TICK: Final = 5
BURST_TICKS: Final = 10
"""After a pause a node takes what comes in so many ticks at once, and so much waits for a node at
the broker."""

FEED_DAYS: Final = 93
"""Records of a kind of agency that the parameters do not list are not answered from beyond this: a
child who joined since would be a "no"."""
HOLIDAYS: Final = 64
HOLIDAY_DAYS: Final = 70
TERM_DAYS: Final = 7  # between two school holidays, at least
HOLIDAYS_KNOWN_DAYS: Final = 60
"""So far ahead the authority's check wants to know of a school holiday that ends later."""
LONG_HOLIDAY_DAYS: Final = 21
"""A longer holiday lies between two school years; Christmas and Easter have two weeks."""

# ---- quotas (parameters) ---------------------------------------------------------------------
PRACTITIONER_PER_HOUR: Final = 30
PRACTITIONER_PER_DAY: Final = 100
DESK_PER_HOUR: Final = 60
DESK_PER_DAY: Final = 300
"""Of the duty desks that take every referral of an area: MASH and EDT."""
RESERVE_PER_DAY: Final = 20
"""Of each practitioner for emergencies, beside all other limits."""
AGENCY_PER_DAY: Final = 2000

# ---- second persons ---------------------------------------------------------------------------
APPROVALS: Final = 2
APPROVAL_BYTES: Final = 400
APPROVAL_SECONDS: Final = DAY
"""So long a second person's approval of one question holds."""

# ---- demographics (characters unless stated) -------------------------------------------------
NAME_CHARS: Final = 100
OTHER_NAMES: Final = 8
POSTCODE_CHARS: Final = 10
FORMER_POSTCODES: Final = 3
IDENTIFIER_CHARS: Final = 20
