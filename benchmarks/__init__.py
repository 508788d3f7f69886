"""Measurements: ratios within one run, at real message sizes; never a timed test."""
