"""Measurements: one script a group of figures. They print what they measured and judge it, but never fail on it."""
