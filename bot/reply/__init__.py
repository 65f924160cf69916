"""Writing an answer into a chat: splitting it, pacing the calls, one writer for each reply."""
