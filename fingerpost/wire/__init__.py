"""The wire contract as generated code, one package a version.

Only the codecs and the gRPC edges may import from here; everybody else works with values.
"""
