"""`Chromium`: one headless Chromium behind Selenium, started with an empty profile and allowed nothing but loopback.

It holds a process group of its own (the driver and every process of the browser), so that closing it leaves nothing
behind, also after a crash, and Ctrl-C in the terminal does not reach it first.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import tempfile
import time
import weakref
from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled

from spa_gym.core.extras import require_extra

__all__ = ["Chromium", "broken_errors", "find_programs"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DRIVERS = ("chromedriver", "chromium.chromedriver")
_INSTALL = (
    "On Debian and Ubuntu: apt-get install chromium chromium-driver; "
    "and the Python side: pip install 'spa-gym[browser]'"
)
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the sandbox needs rights that root in a container does not have; only our own site is opened
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
)
_SECONDS = 30


def find_programs() -> tuple[str, str]:
    """Return the paths of Chromium and of its driver.

    Raises:
        DependencyNotInstalled: Selenium or one of the programs is not there; the message says how to get all three.
    """
    require_extra("browser", "selenium.webdriver", "the WebShop in a browser")
    found = []
    for what, names in (("Chromium", _BROWSERS), ("chromedriver", _DRIVERS)):
        path = next(filter(None, map(shutil.which, names)), None)
        if path is None:
            raise DependencyNotInstalled(f"the WebShop in a browser needs {what}, which is not on the PATH. {_INSTALL}")
        found.append(path)
    return found[0], found[1]


def broken_errors() -> tuple[type[Exception], ...]:
    """The errors that a call gets when the browser, its tab, its driver or the way to them is gone."""
    from selenium.common.exceptions import WebDriverException
    from urllib3.exceptions import HTTPError

    return (WebDriverException, HTTPError, OSError)


class Chromium:
    """A running browser with one tab.

    Args:
        width: Of the page, in pixels.
        height: Of what is seen of it at once, in pixels.

    Attributes:
        driver: Selenium's driver.
        driver_pid: Process id of chromedriver, which leads the process group.

    Raises:
        DependencyNotInstalled: See `find_programs`.
    """

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        browser, driver = find_programs()
        from selenium import webdriver
        from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
        from selenium.webdriver.chrome.service import Service
        from selenium.webdriver.common.proxy import Proxy
        from selenium.webdriver.remote.client_config import ClientConfig

        self._folder = tempfile.mkdtemp(prefix="spa-gym-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*_FLAGS, f"--user-data-dir={self._folder}/profile", f"--window-size={width},{height}"):
            options.add_argument(flag)
        service = Service(
            driver,
            log_output=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": self._folder},  # a Chromium that is killed leaves its temporary files there
            popen_kw={"start_new_session": True},
        )
        try:
            service.start()
            direct = ClientConfig(
                service.service_url, proxy=Proxy({"proxyType": "direct"})
            )  # whatever $HTTP_PROXY says
            self._connection = ChromeRemoteConnection(service.service_url, client_config=direct)
            self.driver = webdriver.Remote(self._connection, options=options)
        except BaseException:
            _clean_up(os.getpid(), service, self._folder)
            raise
        self.driver_pid: int = service.process.pid
        self._clean_up = weakref.finalize(self, _clean_up, os.getpid(), service, self._folder)
        self.driver.set_page_load_timeout(_SECONDS)
        self.driver.set_script_timeout(_SECONDS)
        self.resize(width, height)

    def resize(self, width: int, height: int, dark: bool = False) -> None:
        """Give the page another size in pixels, and ask it for its dark colours."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._devtools("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"features": [scheme]})

    def screenshot(self) -> np.ndarray:
        """Return what is seen of the page, uint8 of shape (height, width, 3)."""
        image = require_extra("browser", "PIL.Image", "a screenshot").open(
            io.BytesIO(self.driver.get_screenshot_as_png())
        )
        return np.array(image.convert("RGB"))

    def insert(self, text: str) -> None:
        """Type a text, of any characters, where the cursor is; Selenium's `send_keys` cannot type emoji here."""
        self._devtools("Input.insertText", {"text": text})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def close(self) -> None:
        """End all processes and delete the profile; to close twice is fine, and so is a browser that has died."""
        self._clean_up()
        self._connection.close()

    def _devtools(self, command: str, parameters: dict[str, Any]) -> None:
        self.driver.execute("executeCdpCommand", {"cmd": command, "params": parameters})


def _clean_up(owner: int, service: Any, folder: str) -> None:
    if owner != os.getpid():  # after a fork the browser is the parent's
        return
    process: subprocess.Popen[bytes] | None = getattr(service, "process", None)
    if process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()  # waits, and closes the pipe
        service.process = None  # or Selenium would look for it once more
    for _ in range(40):  # the browser's processes are killed, and may yet have a last file to write
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            break
        time.sleep(0.025)
