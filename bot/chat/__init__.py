"""The only discord.py."""
