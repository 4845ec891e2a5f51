"""People, rules and records: the Discord bot. It never runs a tensor; the model is asked over HTTP."""
