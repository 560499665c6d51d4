"""Files of the run and of the user: read and written whole, held to their grammar and version."""
