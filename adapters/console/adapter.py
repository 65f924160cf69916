"""The terminal as a platform: the smallest complete adapter."""

from __future__ import annotations

import asyncio
import getpass
import itertools
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from bot.chat import Author, Capabilities, CommandCall, CommandReply, History, Inbox, Incoming
from bot.chat import MessageRef, Spot, ThreadKey
from bot.errors import NotAllowed, StoreError

THREAD = ThreadKey("console", "local", "terminal", "main")
GREETING = "Bobbin, in your terminal. /help lists the commands; Ctrl-D ends.\n"
