"""The causes of failures: the catalog, and a page for each."""
