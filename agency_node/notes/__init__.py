"""Notes that asking agencies send to this node's agencies, and what these send back.

Law: what leaves, and when, does not depend on whether a note came or waits.
"""
