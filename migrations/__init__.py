"""Alembic's migrations. They travel in the wheel and are run from `bot.store.database`, without an ini file."""
