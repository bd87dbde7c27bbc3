"""One person at a real browser: what they see, what they hear of it, and what axe-core finds."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from support import PASSWORD

AXE = (Path(__file__).parent / "console" / "axe" / "axe.min.js").read_text()
PHONE, DESK = (390, 844), (1280, 900)
SHOTS = os.environ.get("SCREENSHOTS", "")
"""A folder to put a picture of each page into, for whoever wants to look."""


class Screen:
    """One person at one browser."""

    def __init__(self, driver: Any, url: str, size: tuple[int, int], scheme: str = "light") -> None:
        self.driver, self.url = driver, url
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    def open(self, path: str) -> None:
        self.driver.get(self.url + path)

    def keys(self, *keys: str) -> None:
        """To whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def tab_to(self, wanted: str, most: int = 60) -> None:
        """With the Tab key alone, to the first element whose name, as a screen reader says it, begins so."""
        for _ in range(most):
            self.keys(Keys.TAB)
            if self.driver.switch_to.active_element.accessible_name.startswith(wanted):
                return
        raise AssertionError(f"no way to {wanted!r} by keyboard")

    def until(self, text: str) -> None:
        """Shown, without anybody doing anything."""
        WebDriverWait(self.driver, 15).until(lambda _: text in self.text(), f"{text!r} never came")

    def text(self) -> str:
        return " ".join(str(self.driver.execute_script("return document.body.innerText")).split())

    def press(self, name: str) -> None:
        """The button of this name."""
        self.driver.find_element(By.XPATH, f"//button[normalize-space()='{name}']").click()

    def announced(self) -> str:
        return str(self.driver.find_element(By.ID, "announce").get_attribute("textContent"))

    def login(self, person: str) -> None:
        self.open("/console/")
        self.tab_to("Name")
        self.keys(person, Keys.TAB, PASSWORD, Keys.ENTER)
        WebDriverWait(self.driver, 15).until(lambda d: "/login" not in d.current_url)

    def check(self, name: str) -> None:
        """Nothing serious for axe, no line wider than the screen, and no complaint of the browser about the page."""
        if SHOTS:
            self.shoot(name)
        self.driver.execute_script(AXE)
        found = self.driver.execute_async_script(
            "axe.run(document, {resultTypes: ['violations']}).then(arguments[arguments.length - 1])"
        )
        bad = [
            (one["id"], one["impact"], [node["html"] for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical", "moderate")
        ]
        assert not bad, f"{name}: {bad}"
        wide = self.driver.execute_script("return document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{name} has to be scrolled sideways"
        told = [entry["message"] for entry in self.driver.get_log("browser") if "Content Security" in entry["message"]]
        assert not told, told

    def shoot(self, name: str) -> None:
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": self.driver.execute_script("return innerWidth"), "height": height, "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        (Path(SHOTS) / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
