"""The accounts' tables, version by version."""
