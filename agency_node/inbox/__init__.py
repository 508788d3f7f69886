"""The inbox: what an agency's officers see of who asked about children known here.

Knows: the entries of the agency's own log, opened. Never sees: another agency's log. Trusts: the
log.
"""
