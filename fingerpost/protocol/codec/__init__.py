"""The one place between wire bytes and values, for messages that the broker may read.

Each reader bounds length before it parses, refuses unknown fields (attack: bytes that are signed
but not looked at), and builds a value that checks the rest. Each writer makes bytes once; what was
signed is kept as bytes and never serialised again.
"""
