"""The broker: carries, cannot read.

Knows:      which agency asks, when, how far the lookup reaches, and a daily pseudonym of the
            practitioner.
Never sees: who is asked about, for which purpose, who said yes, or that two lookups concern one
            child.
Trusts:     the member list by signature and nobody's word; no party trusts it for more than effort.
"""

import fingerpost.runtime  # noqa: F401 (before gRPC loads: TLS 1.3 only)
