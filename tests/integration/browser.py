# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cockpit with virt-omen's page, and a headless Chromium that is driven by the W3C WebDriver protocol.

Needs nothing but Python's standard library, cockpit-ws, cockpit-bridge, chromium and chromedriver.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import bed

COCKPIT_WS = next((path for path in ("/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws") if os.access(path, os.X_OK)), None)
COCKPIT_PORT, DRIVER_PORT = 9090, 9515
PAGE = f"http://127.0.0.1:{COCKPIT_PORT}/cockpit/@localhost/virt-omen/index.html"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name for a reference to one


def need_programs():
    """Skips where a program is missing."""
    if not COCKPIT_WS:
        raise bed.Skipped("cockpit-ws is not installed")
    for program in ("cockpit-bridge", "chromium", "chromedriver"):
        if not bed.which(program):
            raise bed.Skipped(f"{program} is not installed")


def cockpit_command():
    """Cockpit's web server for whoever starts it: without a login, on this machine alone."""
    return [COCKPIT_WS, "--no-tls", "--address", "127.0.0.1", "--port", str(COCKPIT_PORT), "--local-session", "cockpit-bridge"]


def serve_alone(one):
    """Cockpit beside a daemon alone (alone.Alone), with the page where it looks for it, for this program's mounts only."""
    shutil.copytree(bed.ROOT / "cockpit" / "dist", one.folder / "cockpit" / "virt-omen")
    subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir={one.folder}/cockpit:/usr/share/cockpit", "overlay", "/usr/share/cockpit"],
                   check=True)
    one.spawn("cockpit", *cockpit_command(), env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": one.bus})


class Browser:
    """Chromium in the network of whoever makes it; it ends with the with statement."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="virt-omen-browser-"))
        self.driver = subprocess.Popen(["chromedriver", f"--port={DRIVER_PORT}"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "HOME": str(self.folder)})
        try:
            bed.wait_for("chromedriver answers", self.is_ready)
            self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                                "--hide-scrollbars", "--lang=en", f"--user-data-dir={self.folder}/profile"]}}}})["sessionId"]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        if hasattr(self, "session"):
            self.ask("DELETE", f"/session/{self.session}")
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_ready(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except (urllib.error.URLError, ConnectionError):
            return False

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{DRIVER_PORT}{path}", data, {"Content-Type": "application/json"},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as problem:
            raise bed.Failed(f"{path}: {json.load(problem)['value']['message'].splitlines()[0]}") from None

    def of_session(self, method, path, body=None):
        return self.ask(method, f"/session/{self.session}{path}", body)

    def open(self, url):
        self.of_session("POST", "/url", {"url": url})

    def open_served(self, url):
        """Opens a page as soon as its server answers."""
        server = urllib.parse.urljoin(url, "/ping")
        bed.wait_for(f"{server} answers", lambda: self.is_served(server))
        self.open(url)

    @staticmethod
    def is_served(url):
        try:
            with urllib.request.urlopen(url, timeout=10):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    def run(self, script, *arguments):
        """What a script returns."""
        return self.of_session("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector="body"):
        """What is to be read in the first element of a selector; "" where there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait_for_text(self, words, selector="body", seconds=30):
        bed.wait_for(f"the page says \"{words}\" in {selector}", lambda: words in self.text(selector), seconds)

    def find(self, xpath):
        return self.of_session("POST", "/element", {"using": "xpath", "value": xpath})[ELEMENT]

    def click(self, label, within="//body"):
        """Clicks a button as a hand would: it must be in sight, and nothing before it."""
        element = self.find(f"({within}//button[normalize-space()='{label}'])[last()]")
        self.of_session("POST", f"/element/{element}/click", {})

    def press(self, key):
        """A key, for whatever has the focus."""
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.of_session("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def resize(self, width, height):
        """The page's own size, which a window's frame does not change."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def devtools(self, command, **parameters):
        return self.of_session("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def set_style(self, style):
        """"dark" or "light", as Cockpit's shell tells its pages."""
        self.run("localStorage.setItem('shell:style', arguments[0]);"
                 "dispatchEvent(new CustomEvent('cockpit-style', {detail: {style: arguments[0]}}))", style)

    def screenshot(self, path, whole=True):
        """All of the page, however long, or what is in sight."""
        picture = self.devtools("Page.captureScreenshot", captureBeyondViewport=whole)
        pathlib.Path(path).write_bytes(base64.b64decode(picture["data"]))

    def errors(self):
        """What the page has complained of so far."""
        return [entry["message"] for entry in self.of_session("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]
