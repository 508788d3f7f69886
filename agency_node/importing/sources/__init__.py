"""One adaptor for each kind of export; what they read becomes records.

Law: pure. Bytes in, records and row faults out; a fault names a row, a column and a reason, never a
value.
"""
