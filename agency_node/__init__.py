"""The node of an agency, or of a host for many: keeps its data, answers with pointers.

Knows:      the records of its own agencies, and who asks about a child that they know.
Never sees: other agencies' records and answers; who asks about whom where it knows nothing.
Trusts:     the member list by signature; an asking agency to vouch for its practitioners, and to
            answer for it; the key holders by proof, and that not both collude with a member.
"""

import fingerpost.runtime  # noqa: F401 (before gRPC loads: TLS 1.3 only)
