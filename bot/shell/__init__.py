"""Commands of the shell that have rooms of their own."""
