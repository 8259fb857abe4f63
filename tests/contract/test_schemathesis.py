"""Whatever is sent to an operation of the OpenAPI document, the answer is one that the document knows, and never a 5xx.

`python -m tests.contract.generated --requests 2000` is the long run.
"""

from __future__ import annotations

import pytest

from tests.contract import generated
from tests.factories.workbench import Api


@pytest.mark.filterwarnings("ignore")  # schemathesis warns of our schemas' formats, and its libraries of themselves
@pytest.mark.parametrize("version", [1, 2])
def test_generated_requests_find_nothing(api: Api, version: int) -> None:
    """A few valid and invalid requests to every operation; no server error, every answer valid against its schema."""
    found = generated.run(api, 3, version=version, only_new=version > 1)
    assert not found.findings, "\n\n".join(found.findings.values())
    assert found.requests > len(found.answers) > 0
