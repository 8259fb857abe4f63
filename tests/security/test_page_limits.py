"""The log-in page is no faster way to try passwords than the API."""

from __future__ import annotations

from tests.factories.pages import XSRF, serving
from tests.factories.workbench import Bench


def test_forms_of_one_address_are_limited(workbench: Bench) -> None:
    """More posts at once than one address may send are 429 with a time to come back, on a page of ours in one's language."""
    with serving(workbench) as pages, pages.browser() as client:
        token = XSRF.search(client.get("/login").text)
        assert token
        answers = [
            client.post("/login", data={"_xsrf": token[1]}, headers={"Accept-Language": "tr"}) for _ in range(320)
        ]
        assert {answer.status_code for answer in answers} == {401, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        assert refused.headers["content-type"].startswith("text/html")
        assert "Bu isteğe yanıt verilemedi" in refused.text
        assert client.get("/login").status_code == 200
