# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over the DevTools protocol on a pipe: JSON, one message to each NUL, on its descriptors
3 and 4. No library, no port. What the page says on its console, throws or wants to ask is kept, for tests to look at."""
import base64
import collections
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class DevToolsError(Exception):
    pass


def find_chromium():
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


class Browser:
    def __init__(self, width=1280, height=900):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        to_read, self.to = os.pipe()
        self.come_from, from_write = os.pipe()
        # Out of the way of 3 and 4, whichever they are.
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (to_read, from_write)]

        def place():
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        arguments = [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
                     "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                     "--remote-debugging-pipe", f"--window-size={width},{height}", f"--user-data-dir={self.profile}",
                     "about:blank"]
        self.errors = open(os.path.join(self.profile, "stderr"), "wb")
        self.process = subprocess.Popen(arguments, preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.errors)
        for fd in [to_read, from_write] + theirs:
            os.close(fd)
        self.buffer = b""
        self.last_id = 0
        self.events = collections.deque()
        self.session = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (DevToolsError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.come_from)
        self.errors.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, timeout=60, **parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        end = time.monotonic() + timeout
        while True:
            answer = self._read(end)
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise DevToolsError(f"{method}: {answer['error']}")
                return answer["result"]

    def _read(self, end):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.come_from], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise DevToolsError("the browser does not answer")
            data = os.read(self.come_from, 1 << 20)
            if not data:
                raise DevToolsError("the browser is gone")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(line)
        if "method" in message:
            self.events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":
                self.last_id += 1
                os.write(self.to, json.dumps({"id": self.last_id, "method": "Page.handleJavaScriptDialog", "params": {
                    "accept": False}, "sessionId": message["sessionId"]}).encode() + b"\0")
        return message


class Page:
    """One page in a tab of its own."""

    def __init__(self, browser, path, width=1280, height=900, dark=False, scale=1):
        self.browser = browser
        browser.session = None
        browser.events.clear()
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable")
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        browser.call("Page.navigate", url="file://" + os.path.abspath(path))
        self.until("document.documentElement?.dataset.ready === 'yes'", timeout=60)

    def close(self):
        self.browser.session = None
        self.browser.call("Target.closeTarget", targetId=self.target)

    def run(self, expression, timeout=60):
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.browser.call("Runtime.evaluate", timeout=timeout, expression=expression, returnByValue=True, awaitPromise=True,
                                   userGesture=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise DevToolsError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def until(self, expression, timeout=10):
        end = time.monotonic() + timeout
        while not self.run(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise DevToolsError(f"never true: {expression}; {self.complaints()}")
            time.sleep(0.02)

    def press(self, key, shift=False):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "Backspace": 8, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37,
                 "ArrowRight": 39, " ": 32, "End": 35, "Home": 36}
        event = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes[key],
                 "modifiers": 8 if shift else 0}
        if key in ("Enter", " "):
            event["text"] = "\r" if key == "Enter" else " "
        self.browser.call("Input.dispatchKeyEvent", type="keyDown", **event)
        event.pop("text", None)
        self.browser.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="none" if kind == "mouseMoved" else "left",
                              clickCount=0 if kind == "mouseMoved" else 1)

    def complaints(self):
        """What a user would find on the console, what was thrown, dialogs, and whatever it asked a network for."""
        found = []
        for event in self.browser.events:
            parameters = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append("thrown: " + details.get("exception", {}).get("description", details["text"]))
            elif event["method"] == "Runtime.consoleAPICalled":
                found.append("console: " + str([a.get("value") for a in parameters["args"]]))
            elif event["method"] == "Log.entryAdded":
                found.append("log: " + parameters["entry"]["text"])
            elif event["method"] == "Page.javascriptDialogOpening":
                found.append("dialog: " + parameters["message"])
            elif event["method"] == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith("file://"):
                found.append("request: " + parameters["request"]["url"][:200])
        return found

    def screenshot(self, path, whole=False):
        extra = {}
        if whole:
            size = self.browser.call("Page.getLayoutMetrics")["cssContentSize"]
            extra = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"],
                                                             "scale": 1}}
        data = self.browser.call("Page.captureScreenshot", format="png", **extra)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def pdf(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.browser.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]))
