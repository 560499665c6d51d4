"""Where requests are carried out: in disposable worker processes, or, for debugging, in the process itself."""
