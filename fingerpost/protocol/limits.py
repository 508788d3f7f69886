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

REVISIONS: Final = (1,)
"""The revisions of the wire that this release speaks, ascending. The signed parameters say which
are in force; which field came with which revision: ``codec.strict.SINCE``."""
MOST_REVISIONS: Final = 8
HIGHEST_REVISION: Final = 10_000
FIRST_REVISION: Final = 1
"""The strictest: whoever names no revision reads and writes by it."""

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
REFERENCE_CHARS: Final = 64
COUNTING_BYTES: Final = 16
"""The number of a lookup by which the broker counts its two queries once."""
SALT_BYTES: Final = 32
HANDLE_DAYS: Final = 1024
"""An agency's keys for pseudonyms come round again after so many days; the pseudonyms do not."""
HANDLE_PATH: Final = 10  # hashes, from one of HANDLE_DAYS leaves to the root

# ---- the answer ------------------------------------------------------------------------------
ANSWER_PLAIN_BYTES: Final = 10_240
"""Every answer part is padded to this before it is sealed."""
HPKE_OVERHEAD_BYTES: Final = 1136
ANSWER_BYTES: Final = ANSWER_PLAIN_BYTES + HPKE_OVERHEAD_BYTES
HYBRID_PUBLIC_KEY_BYTES: Final = 1216  # ML-KEM-768 (1184) | X25519 (32)
AGENCIES_PER_PART: Final = 64
POINTER_SLOTS: Final = 8

# ---- transport -------------------------------------------------------------------------------
MESSAGE_BYTES: Final = 64 * 1024
FRAME_BYTES: Final = 1024 * 1024
NAMED_AREAS: Final = 8
METADATA_FILE_BYTES: Final = 512 * 1024
PATH_CHARS: Final = 128

# ---- key holders -----------------------------------------------------------------------------
BATCH_ELEMENTS: Final = 256
POINT_BYTES: Final = 32
BULK_KEYS_PER_CHILD: Final = 25
"""A record has at most so many blocking keys."""
KEYS_PER_CHILD_HUNDREDTHS: Final = 2400
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
WEEK_SECONDS: Final = 7 * 86_400

# ---- time (parameters; seconds) --------------------------------------------------------------
DAY: Final = 86_400
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

FEED_DAYS: Final = 93
"""Records older than this are not answered from: a child who joined since would be a "no"."""

# ---- quotas (parameters) ---------------------------------------------------------------------
PRACTITIONER_PER_HOUR: Final = 30
PRACTITIONER_PER_DAY: Final = 100
DESK_PER_HOUR: Final = 60
DESK_PER_DAY: Final = 300
"""Of the duty desks that take every referral of an area: MASH and EDT."""
RESERVE_PER_DAY: Final = 20
"""Of each practitioner for emergencies, beside all other limits."""
AGENCY_PER_DAY: Final = 2000

# ---- demographics (characters unless stated) -------------------------------------------------
NAME_CHARS: Final = 100
OTHER_NAMES: Final = 8
POSTCODE_CHARS: Final = 10
IDENTIFIER_CHARS: Final = 20
