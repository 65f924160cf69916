"""The language model behind one port. Only what asks one imports openai, and is found by name."""
