"""The language model behind one port; `chat` and `faults` are the only files that import openai."""
