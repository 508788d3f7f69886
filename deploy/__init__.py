"""What runs a federation somewhere: a demonstration and the files of a deployment. No rule of trust
lives here.
"""
