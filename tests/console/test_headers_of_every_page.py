"""Every answer of the console says that nothing foreign may run in it, frame it, keep it or guess its type."""

from __future__ import annotations

import re

from lockgate.errors import StoreError

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def answers(console, request, rita):
    stranger = console.browser()
    yield stranger.get("/console/")
    yield stranger.get("/console/login")
    yield stranger.get("/console")
    yield stranger.get(f"/requests/{request.id}")
    yield stranger.login("rita", "wrong")
    yield stranger.get("/console/live")
    yield stranger.get(f"/console/requests/{request.id}", **{"sec-fetch-site": "cross-site"})
    for path in ("/console/", "/console/waiting", "/console/all", f"/console/requests/{request.id}", "/console/none"):
        yield rita.get(path)
    yield rita.get("/console/requests/req_nothing")
    yield rita.get("/console/receipts/evt_nothing")
    yield rita.get("/console/static/console.js")
    yield rita.get("/console/static/console.css")
    yield rita.get("/console/static/../words.py")
    yield rita.get("/console/static/%2e%2e/words.py")
    yield rita.post(f"/console/requests/{request.id}/approve", {})
    yield rita.decide(request.id, "deny", words=" ")
    yield rita.decide(request.id, "approve")


def test_headers_and_no_inline_script_or_style(console):
    running, request = console.ask()
    rita = console.browser("rita")
    seen = set()
    for answer in answers(console, request, rita):
        seen.add(answer.status_code)
        headers, where = answer.headers, str(answer.url)
        assert set(headers["content-security-policy"].split("; ")) == POLICY, where
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        if headers.get("content-type", "").startswith("text/html"):
            assert answer.text.startswith("<!doctype html>"), where
            assert '<html lang="en">' in answer.text
            assert re.search(r"<title>[^<]+ · Lockgate</title>", answer.text)
            assert len(re.findall("<h1>", answer.text)) == 1
            assert not re.search(
                r"<style|\sstyle=|<script(?! src=\"/console/static/console.js\" defer></script>)", answer.text
            )
            assert not re.search(r"\son\w+=|javascript:", answer.text)
            assert not re.search(r'(?:src|href|action)="(?!/console/|#main|#decide)', answer.text)
    assert seen == {200, 303, 401, 403, 404, 409}
    assert running.result() == 1


def test_the_api_keeps_its_own_policy(console):
    browser = console.browser()
    assert (
        browser.get("/api/v1/health").headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    )
    missing = browser.get("/nothing")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/json"


def test_a_fault_of_ours_is_a_page_without_its_words(console, monkeypatch):
    rita = console.browser("rita")

    async def broken(*_, **__):
        raise RuntimeError("a value of 900-12-3456")

    monkeypatch.setattr(console.gate.assembly.approvals, "inbox", broken)
    answer = rita.get("/console/")
    assert answer.status_code == 500
    assert "900-12-3456" not in answer.text
    assert "Lockgate failed" in answer.text
    assert set(answer.headers["content-security-policy"].split("; ")) == POLICY


def test_a_store_that_is_away_is_said(console, monkeypatch):
    rita = console.browser("rita")

    async def away(*_, **__):
        raise StoreError("the store cannot be read")

    monkeypatch.setattr(console.gate.assembly.approvals, "inbox", away)
    answer = rita.get("/console/")
    assert answer.status_code == 503
    assert "nothing is executed" in answer.text


def test_the_pages_are_no_part_of_the_apis_description(console):
    described = console.browser().get("/api/openapi.json").json()
    assert all(path.startswith("/api/v1/") for path in described["paths"])
