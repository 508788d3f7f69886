"""What the parties agree on: values and rules.

No socket, no file, no clock, no logger, no randomness: whatever a rule needs of the world comes in
as an argument. Nothing here can read a person; what can lives in ``fingerpost.private``.
"""
