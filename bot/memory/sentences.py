"""Why something was not written, as people are told. Pure."""

from __future__ import annotations

NOWHERE = "There is no place here where I may remember something for you."
NOT_THERE = "I can't put it there from here."
NOT_YOURS = "Only whoever had it remembered can change it, or somebody who looks after this place."
NOT_YOURS_TO_SHARE = "Only what is your own can be shared."
FULL = "There is no room left in that place. Please delete something first, then try again."
WANTED = "Others have asked for it, so it stays. To delete it for everybody there is `/memories`."
THEIRS = "Taken back for you. Somebody else has asked for the same, so it stays for them."
CORRECTED = "That was corrected since; please change the newer one."
DELETED = "The message was deleted, so I don't remember it."
ODD_ID = "That is not an id that I could give."
BUSY = "Somebody is changing it at the same moment. Please try again."
TOO_MANY = "That is too much at once: {most} items at most."
NO_CURSOR = "That is not a place to go on from."
NOTHING_BACK = "What it has corrected is not there any more. Delete it if it should go, too."
