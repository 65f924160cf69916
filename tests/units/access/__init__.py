"""Who is answered, and how much may be used."""
