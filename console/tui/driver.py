"""The terminal's input, read so that Esc is felt at once.

Textual looks for the end of an Esc only every tenth of a second. Terminals send the rest of a key's sequence within a few
milliseconds, so after a lone Esc this driver looks again after the short delay that the parser itself waits.
"""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

ESCAPE_SECONDS = 0.025
_IDLE_SECONDS = 0.1
_PIECE = 4096


class PromptDriver(LinuxDriver):
    def run_input_thread(self) -> None:
        """Until the console ends."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")().decode
        wait = _IDLE_SECONDS
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                data = decode(os.read(self.fileno, _PIECE)) if selector.select(wait) else ""
                for event in parser.feed(data) if data else parser.tick():
                    self.process_message(event)
                wait = constants.ESCAPE_DELAY if data.endswith("\x1b") else _IDLE_SECONDS
