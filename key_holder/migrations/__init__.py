"""The meter's tables, version by version."""
