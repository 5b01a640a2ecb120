"""Mashang 码上: the message desk of a deputy liaison station."""
