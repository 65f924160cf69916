"""Pictures of conversations for the documentation, drawn from what the simulated platforms hold.

A short scene is played by a real bot between a simulated platform and a simulated model (`play`).
What the platform then holds is read (`from_discord`, `from_slack`) into plain records (`shown`),
its marks as the platform reads them (`marks`, `inlines`); those are laid out (`layout`, `wrap`)
and written as SVG (`svg`). ``make pictures`` writes docs/pictures.
"""
