"""The engine: takes mail, runs one turn per thread at a time, folds long conversations."""
