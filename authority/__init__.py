"""The authority: says who belongs. The issuer, its online half, is a process of its own.

Knows:      members, agencies, code lists and parameters; the issuer, who renews a certificate and
            when.
Never sees: any lookup, any record, any answer.
Trusts:     the holders of the offline root and target keys, by threshold and never one alone; the
            issuer holds neither, so that whoever takes it can delay or deny, and admit nobody.
"""

import fingerpost.runtime  # noqa: F401 (before gRPC loads: TLS 1.3 only)
