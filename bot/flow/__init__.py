"""The use cases, one file per arrow of the pass; they reach outward only through `ports.py` and the store."""
