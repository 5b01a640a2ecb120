"""Who says what, once for all channels."""
