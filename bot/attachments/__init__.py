"""What people attach, made into what a model can read: text, pictures, and words about the rest."""
