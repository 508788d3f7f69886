"""A key holder: holds one OPRF key an epoch and sees only blinded points.

Knows:      its own key of each epoch, random and destroyed afterwards; which member has how much
            evaluated.
Never sees: an attribute, a locator, a query, an answer, or the other holder's key.
Trusts:     the member list by signature, for who may ask and how much; nobody trusts it without a
            proof.
"""

import fingerpost.runtime  # noqa: F401 (before gRPC loads: TLS 1.3 only)
