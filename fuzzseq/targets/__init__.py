"""Fuzz targets: dimensions, what a user declares of a model, and the Spec of what it accepts."""
