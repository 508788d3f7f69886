"""From an agency's export to a new generation of its records.

Law: the room writes through the ports of ``agency_node.records``; a generation is served whole or
not at all.
"""
