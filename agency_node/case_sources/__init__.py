"""What agencies can really export, one adaptor for each kind. Pure: text in, children and refused rows out."""
