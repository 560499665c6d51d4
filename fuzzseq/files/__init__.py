"""Files of the run and of the user: read and written whole, checked against their grammar and version."""
