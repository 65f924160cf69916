"""Commands, once for every platform: what they are called, how they are typed, what they do."""
