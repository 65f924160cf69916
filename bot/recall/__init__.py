"""Finding again: words, ranking, embeddings, packing. Knows no store and no chat."""
