"""What an operator sees of a process from outside: health, metrics, the log, spans."""
