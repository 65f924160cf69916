"""Long-term memory from the command line."""
