"""Before any test loads gRPC: TLS 1.3 only, as in every process of a party."""

import fingerpost.service  # noqa: F401
