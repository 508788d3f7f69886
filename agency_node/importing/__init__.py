"""From an agency's export to a new generation of its records.

Law: the room writes through the ports of ``agency_node.records``; the node answers from a whole
generation or from none.
"""
