"""The checks, a module each, and what they share."""
