"""The chained audit log: chain, store and log.

Law: an entry is on the disk before the call that records it returns; a log that fails verification
is not appended to.
"""
