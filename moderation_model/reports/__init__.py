"""Pictures and pages of what was measured; the only place where matplotlib is imported."""
