"""The commands of `spa-gym`: dataclasses whose fields are the options and whose `run()` returns the exit code.

Only this floor prints. What a command needs is imported when it runs, so that `spa-gym --help` is quick.
"""

from __future__ import annotations
