"""The classifier and all around it: text and numbers only, usable without the bot, Discord or SQL."""
