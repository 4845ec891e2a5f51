"""Sentences written for this project. `replay/` may be trained on; it shares no template with what measures."""
