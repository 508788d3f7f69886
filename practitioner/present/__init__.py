"""What a practitioner, or a program of her agency, is shown of an outcome. Pure: no clock, no file,
no socket."""
