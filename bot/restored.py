"""The mark of a store that was started on a backup.

Such a store does not know what has been answered since the backup was made, and the platforms would
be read back to there. So whoever restores one marks from when on nothing has been answered.
"""

from __future__ import annotations

from bot.services import Notes

NOTE = "restored"


async def mark_restored(notes: Notes, since: float) -> None:
    """Leave alone what was said before `since`, seconds since the epoch; safe to repeat.

    Processes read it when they start. Raises StoreError.
    """
    await notes.write(NOTE, f"{since:.3f}")


async def restored_since(notes: Notes) -> float:
    """What was said before is not answered, seconds since the epoch; 0.0 if there is no mark.

    Raises StoreError.
    """
    return float(await notes.read(NOTE) or 0.0)
