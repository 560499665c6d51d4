"""The causes of failures: the catalogue, and a page for each."""
