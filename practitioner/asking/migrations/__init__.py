"""The outcomes' table, version by version."""
