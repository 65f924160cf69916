"""The parts of a process, put together as the settings say; `bot/app.py` runs them."""
