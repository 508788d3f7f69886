"""The code that can read a person: only the two ends of a lookup may import it.

The broker imports nothing of it, directly or through another module; a key holder imports ``oprf``
alone. Nothing here has a clock, a socket or a log: randomness and time come in as arguments.
"""
