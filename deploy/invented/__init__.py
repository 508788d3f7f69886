"""What the makers of invented people share: numbers that pass their checks, and the FEBRL files.

The demonstration (``deploy.demo.people``) and the data that matching is measured on
(``benchmarks.population``, ``benchmarks.datasets``) stand on it. Only the standard library is used
here: ``benchmarks.datasets`` also runs where this project is not installed.
"""
