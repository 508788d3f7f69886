"""What only the two ends of a lookup may touch: the code that can read a person.

The broker imports nothing of it, not even through something else; a key holder imports ``oprf`` alone.
No clock, no socket, no log: randomness and time come in as arguments.
"""
