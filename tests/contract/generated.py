"""Requests that schemathesis generates from our own OpenAPI document, against a running server.

As a program: `python -m tests.contract.generated --requests 2000` starts a workbench of its own, prints a table of what
was answered, and every finding; exit code 1 when there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings

from alm_workbench.server.openapi import document
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import REGISTRY
from tests.factories.workbench import Api


@dataclass
class Found:
    """What a run found: answers by operation and status, and findings with the request that led there."""

    answers: dict[str, Counter[int]] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return sum(sum(statuses.values()) for statuses in self.answers.values())


def run(api: Api, per_operation: int, *, version: int = 1, number: int = 1, only_new: bool = False) -> Found:
    """Send so many valid and invalid requests to every operation; ``number`` seeds the generator.

    ``only_new`` leaves out what the version before has too.
    """
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.config import SchemathesisConfig
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [
        not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
        response_schema_conformance,
    ]  # fmt: skip
    raw = json.loads(json.dumps(document(version)))
    del raw["components"]["securitySchemes"], raw["security"]  # or it makes proofs up; ours are real
    schema = schemathesis.openapi.from_dict(raw, config=SchemathesisConfig())
    known = things_of(api)
    found, session = Found(), requests.Session()
    quiet = settings(
        max_examples=max(1, -(-per_operation // 3)),
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        name = operation.definition.raw["operationId"]
        if only_new and version - 1 in REGISTRY.named(name).versions:
            continue
        found.answers.setdefault(name, Counter())
        places = re.findall(r"{(\w+)}", operation.path)
        there = {place: known[place] for place in places if place in known}
        modes: list[Any] = [
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=there or None),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        ]

        for strategy in modes:
            attempt(seed(number)(quiet(given(strategy)(judge(api, name, found, session, checks)))))  # type: ignore[no-untyped-call]
    session.close()
    return found


def judge(api: Api, name: str, found: Found, session: requests.Session, checks: list[Any]) -> Any:
    """The property: whatever is sent, the answer is one that the document knows."""
    from schemathesis.core.failures import Failure, FailureGroup

    def one(case: Any) -> None:
        answer = send(api, case, session, public=REGISTRY.named(name).privilege == "public")
        found.answers[name][answer.status_code] += 1
        try:
            case.validate_response(answer, checks=checks)
        except (FailureGroup, Failure) as error:
            text = "\n".join(str(part) for part in getattr(error, "exceptions", [error]))
            found.findings.setdefault(f"{name} {answer.status_code} {text[:60]}", report(case, answer, text))

    return one


def attempt(test: Any) -> None:
    """Run a property; an operation without parameters has no invalid requests."""
    from hypothesis.errors import Unsatisfiable

    try:
        test()
    except Unsatisfiable:
        pass
    except BaseException as error:
        if type(error).__name__ not in ("SkipTest", "Skipped", "Unsatisfiable", "InfiniteRecursiveReference"):
            raise


def send(api: Api, case: Any, session: requests.Session, *, public: bool) -> Any:
    """One request as the owner; logged in again when the request before ended the session."""
    for _ in range(2):
        headers = {} if public else {"Authorization": f"Bearer {api.token('owner')}"}
        answer = case.call(base_url=api.url.rstrip("/"), session=session, headers=headers, timeout=60)
        session.cookies.clear()
        if answer.status_code != 401 or public:
            return answer
        api.forget_tokens()
    return answer


def report(case: Any, answer: Any, text: str) -> str:
    """A finding with the request that led to it."""
    return f"{case.as_curl_command()}\n  -> {answer.status_code} {answer.text[:600]}\n{text[:1200]}"


def things_of(api: Api) -> dict[str, str]:
    """What there is, by the names of placeholders, so that requests get past the 404."""
    project = str(api.bench.acme.project.id)
    body = {"artifact_type": "Requirement", "title": "Braking distance on dry asphalt", "fields": {"text": "38 m"}}
    item = api.post(f"/projects/{project}/artifacts", body).json
    return {
        "project_id": project,
        "artifact_id": item["id"],
        "key": item["key"],
        "entity_type": "Artifact",
        "entity_id": item["id"],
        "version_id": str(api.bench.acme.version_id),
        "manifest_id": str(new_id()),
        "name": "project_summary",
        "version": "1",
    }


@contextlib.contextmanager
def served() -> Iterator[Api]:
    """A workbench of its own, for the program."""
    import shutil

    from tests.factories.database import short_dir
    from tests.factories.database import started as cluster
    from tests.factories.workbench import make_bench

    with cluster() as found:
        folder = short_dir("alm-fuzz-")
        bench = make_bench(found.create(), folder, slugs=("acme",))
        api = Api(bench)
        try:
            yield api
        finally:
            api.close()
            bench.runtime.mirror.stop()
            bench.runtime.engine.dispose()
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with served() as api:
        operations = len(REGISTRY.public(options.version))
        found = run(api, -(-options.requests // operations) + 2, version=options.version, number=options.seed)
    for name, statuses in found.answers.items():
        print(f"{name:26} " + "  ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    print(f"\n{found.requests} requests to {len(found.answers)} operations, {len(found.findings)} findings")
    for text in found.findings.values():
        print("\n" + text)
    return 1 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main())
