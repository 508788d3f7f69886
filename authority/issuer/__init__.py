"""The issuer: the authority's online half, a process of its own.

Knows:      which member renews its certificate when; the epoch keys that members leave for the
            next publication.
Never sees: any lookup, any record, any answer; the offline keys.
Trusts:     the member list by the signatures of the offline keys. Whoever takes the issuer can
            delay, deny and impersonate a connection's end, and can admit nobody: queries, answers
            and statements are signed by keys that only the offline half can list.
"""

import fingerpost.runtime  # noqa: F401 (before gRPC loads: TLS 1.3 only)
