"""What ``fuzzseq init`` writes: a first fuzz target, the settings, and a nightly job. No user code is imported."""
