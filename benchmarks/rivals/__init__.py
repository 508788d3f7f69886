"""Programs by others, run as well as their users would, on the tables that the project's own
matching is measured on.

Each runs in an environment of its own (``deploy/setup/environment.sh rivals``) and only ever sees
plaintext tables; the truth is read for the figures alone, after everything has been fitted and
scored.
"""
