"""The core: cases and the people around them. No network, no database, no platform."""
