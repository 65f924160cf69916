"""Everything durable, in Redis; the only package that imports redis."""
