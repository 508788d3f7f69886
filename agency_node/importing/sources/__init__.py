"""One adaptor for each kind of export. What it reads becomes records.

Law: pure. Bytes in, records and row faults out; a fault names a line, a column and a reason, never
a value.
"""
