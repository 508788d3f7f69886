"""From a query to sealed answers: admission, matching, disclosure, the record of them, the stream
to the broker.

Law: the room reads records through the ports of ``agency_node.records`` and changes none of them.
"""
