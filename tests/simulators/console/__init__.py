"""A line console with which a person plays the people of the simulated platforms."""
