"""What the makers of invented people share: the FEBRL files, numbers that pass their checks, dates
that may be of no calendar, and the reading and writing of tables.

The demonstration (``deploy.demo.people``) and the data that matching is measured on
(``benchmarks.population``, ``benchmarks.datasets``) stand on it. Only the standard library is used
here: ``benchmarks.datasets`` also runs where this project is not installed.
"""
