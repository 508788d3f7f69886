"""Read the stream to the broker, and send on it: always, and at a pace that no work decides.

Knows: queries as they came, sealed answers, the ticks on which they leave. Never sees: a record, a
key that opens anything, a name. Trusts: the broker's certificate and the node's member list.
"""
