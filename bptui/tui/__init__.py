"""The screen. What must be right before Textual is imported is put right here."""

import gc
import os

if "SSH_CONNECTION" in os.environ:                  # a slow link can tear an escape sequence apart
    os.environ.setdefault("ESCDELAY", "250")
if os.environ.get("NO_COLOR") == "":                # "present and not an empty string", says the standard
    del os.environ["NO_COLOR"]

gc.set_threshold(50_000)                            # what is imported stays: to look through it again takes 30 ms
