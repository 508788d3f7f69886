"""What runs a federation somewhere: a demonstration and the files of a deployment. It holds no
rule of trust.
"""
