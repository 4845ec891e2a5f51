"""The classifier and everything around it: text and numbers only, usable without the bot, without Discord, without SQL."""
