"""An outcome as a practitioner sees it. Pure: no clock, no file, no socket."""
