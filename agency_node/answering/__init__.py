"""From a query to sealed answers: admission, matching, disclosure and the record of
them.

Law: the room reads records through the ports of ``agency_node.records`` and changes none of them.
"""
