"""The console in a real browser (Debian's Chromium): with the keyboard alone, on a phone, and under axe-core."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (test group)")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

from screen import DESK, PHONE, Screen  # noqa: E402
from support import PASSWORD  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"),
    pytest.mark.timeout(180),
]
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # the tests may be root's, whom Chromium gives no sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
)


@pytest.fixture
def browsers(tmp_path: Path) -> Iterator[Any]:
    """Makes browsers, each with a profile of its own."""
    made: list[Any] = []

    def make() -> Any:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path / f'profile-{len(made)}'}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        made.append(webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER))))
        return made[-1]

    try:
        yield make
    finally:
        for driver in made:
            driver.quit()


@pytest.fixture
def chromium(browsers: Any) -> Any:
    return browsers()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark"), (DESK, "light"), (PHONE, "dark")])
def test_the_story_with_the_keyboard_alone(console, chromium, size, scheme):
    rita = Screen(chromium, console.url, size, scheme)
    name = f"{size[0]}-{scheme}"
    rita.open("/console/")
    rita.check(f"login-{name}")
    rita.login("rita")
    rita.until("You are done")
    rita.until("keeps itself up to date")
    rita.check(f"empty-{name}")

    running, request = console.ask()
    rita.until(request.sentence)
    assert "1 request waits for your decision" in rita.announced()
    rita.check(f"inbox-{name}")

    rita.tab_to(request.sentence[:20])
    rita.keys(Keys.ENTER)
    rita.until("What it would do")
    rita.check(f"request-{name}")
    rita.tab_to("agreed with whoever asked")
    rita.keys(Keys.ARROW_DOWN)
    rita.tab_to("Approve")
    rita.keys(Keys.ENTER)
    rita.until("rita approved: part of planned work")
    assert running.result() == 1
    rita.until("It is over: done.")
    rita.check(f"decided-{name}")


def test_two_people_at_two_screens_see_what_the_other_does(console, browsers, hospital):
    def grant():
        with console.gate.connect() as agent:
            return agent.execute("GRANT SELECT ON task TO reporting").statusmessage

    running = console.gate.in_background(grant)
    request = console.gate.wait_pending()
    rita, dora = Screen(browsers(), console.url, PHONE), Screen(browsers(), console.url, DESK)
    for person, screen in (("rita", rita), ("dora", dora)):
        screen.login(person)
        screen.open(f"/console/requests/{request.id}")
        screen.until("keeps itself up to date")
    dora.until("It is not your turn: somebody of privacy decides first.")
    dora.check("not-your-turn")
    rita.press("Approve")
    rita.until("Now it is the turn of data-owner")
    rita.check("voted")
    dora.until("rita approved")
    dora.until("Why do you approve?")
    assert "This request is waiting for people. 1 vote." in dora.announced()
    dora.press("Approve")
    assert running.result() == "GRANT"
    rita.until("dora approved")
    hospital.superuser("REVOKE SELECT ON task FROM reporting")


def test_what_somebody_is_writing_is_not_taken_away(console, browsers):
    running, request = console.ask()
    rita = Screen(browsers(), console.url, PHONE)
    rita.login("rita")
    rita.open(f"/console/requests/{request.id}")
    rita.until("keeps itself up to date")
    rita.tab_to("Why do you deny?")
    rita.keys("because of the week")
    console.gate.vote(request, "paul", approve=False)
    rita.until("This request changed while you were deciding.")
    assert rita.driver.find_element(By.ID, "deny-words").get_property("value") == "because of the week"
    rita.check("changed-meanwhile")
    rita.press("Deny")
    rita.until("Nothing was changed. It is over: denied.")
    assert rita.driver.switch_to.active_element.get_attribute("id") == "said", "what went wrong has the focus"
    rita.check("refused")
    with pytest.raises(psycopg.Error):
        running.result()


def test_pages_beside_the_story(console, browsers):
    running, request = console.ask()
    ana = Screen(browsers(), console.url, PHONE, "dark")
    ana.open("/console/login")
    ana.tab_to("Name")
    ana.keys("ana", Keys.TAB, "not it", Keys.ENTER)
    ana.until("This name and password do not fit.")
    ana.check("login-failed")
    ana.open("/console/login")
    ana.login("ana")
    ana.open("/console/waiting")
    ana.until("1 of yours waits")
    ana.check("waiting")
    ana.open(f"/console/requests/{request.id}")
    ana.until("You may not approve this")
    for summary in ana.driver.find_elements(By.TAG_NAME, "summary"):
        summary.send_keys(Keys.ENTER)
    ana.until("bot asked for it")
    ana.check("own-request")
    gate = console.gate
    gate.loop.call_soon_threadsafe(gate.assembly.approvals._bell.ring, request.id)
    ana.until("bot asked for it")
    assert ana.announced() == "", "nothing is said where nothing has changed"
    ana.press("Withdraw it")
    ana.until("It is over: cancelled.")
    ana.open("/console/waiting")
    ana.until("None of your requests waits")
    ana.check("waiting-empty")
    ana.open("/console/all")
    ana.check("all")
    ana.open("/console/nothing")
    ana.until("There is no such page.")
    ana.check("no-such-page")
    with pytest.raises(psycopg.Error):
        running.result()
    ana.open(f"/requests/{request.id}")
    WebDriverWait(ana.driver, 15).until(lambda d: d.current_url.endswith(f"/console/requests/{request.id}"))
    ana.until("cancelled")
    ana.press("Log out")
    ana.until("You are logged out.")


def test_a_session_that_ends_is_said_and_nothing_typed_is_lost(console, browsers):
    running, request = console.ask()
    rita = Screen(browsers(), console.url, DESK)
    rita.login("rita")
    rita.open(f"/console/requests/{request.id}")
    rita.until("keeps itself up to date")
    rita.tab_to("In your words")
    rita.keys("half a reason")
    token = rita.driver.get_cookie("lockgate-session")["value"]
    gate = console.gate
    gate.call(gate.assembly.accounts.logout(token))
    gate.vote(request, "paul")
    rita.until("Your session has ended.")
    assert rita.driver.find_element(By.ID, "approve-words").get_property("value") == "half a reason"
    assert running.result() == 1


def test_no_script_reads_the_cookie_and_hostile_texts_run_nothing(console, browsers, hospital):
    name = "<img src=x onerror=alert(1)>"
    hospital.superuser(f'CREATE TABLE "{name}" (id int); GRANT ALL ON "{name}" TO PUBLIC')
    with console.gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error, match="waiting for approval"):
            agent.execute(f'DELETE FROM "{name}"')
    hospital.superuser(f'DROP TABLE "{name}"')
    (request,) = console.gate.pending()
    rita = Screen(browsers(), console.url, PHONE)
    rita.login("rita")
    assert rita.driver.execute_script("return document.cookie") == ""
    rita.until(name)
    rita.open(f"/console/requests/{request.id}")
    rita.until(name)
    rita.check("hostile")
    assert rita.driver.execute_script("return document.images.length") == 0
    rita.driver.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
    )
    assert rita.driver.execute_script("return window.ran") is None, "the policy stops what is inline"


def test_another_site_cannot_frame_it_or_send_its_forms(console, browsers, tmp_path):
    """A page of another origin (a file's is `null`) frames the console, and posts with whatever the browser adds."""
    running, request = console.ask()
    rita = Screen(browsers(), console.url, DESK)
    rita.login("rita")
    place = f"{console.url}/console/requests/{request.id}"
    (tmp_path / "evil.html").write_text(
        f'<iframe src="{place}"></iframe><form method="post" action="{place}/approve"><button>free</button></form>'
    )
    rita.driver.get(f"file://{tmp_path}/evil.html")
    rita.driver.switch_to.frame(0)
    assert "Decide" not in rita.text()
    rita.driver.switch_to.default_content()
    rita.press("free")
    WebDriverWait(rita.driver, 15).until(lambda d: d.current_url.startswith(console.url))
    assert console.gate.call(console.gate.assembly.approvals.get(request.id)).votes == ()
    console.gate.vote(request, "rita")
    assert running.result() == 1


def test_it_works_without_any_script(console, browsers):
    running, _ = console.ask()
    rita = Screen(browsers(), console.url, PHONE)
    rita.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    rita.driver.get(f"{console.url}/console/login")
    rita.driver.find_element(By.ID, "user").send_keys("rita", Keys.TAB, PASSWORD, Keys.ENTER)
    WebDriverWait(rita.driver, 15).until(lambda d: "/login" not in d.current_url)
    rita.driver.find_element(By.PARTIAL_LINK_TEXT, "wants to change rows").click()
    rita.press("Approve")
    assert running.result() == 1
