"""Long-term memory: what people have had remembered, found again for those who may see it."""
