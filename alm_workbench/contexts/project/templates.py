"""Processes that ship with the workbench, and how a project begins with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from alm_workbench import resources
from alm_workbench.contexts.manifest.messages import FindVersion, SaveManifest
from alm_workbench.contexts.project.template_messages import ListTemplates, TemplateDTO
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.mpc import CompiledManifest, DomainMeta, check
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import VersionId


@dataclass(frozen=True)
class Template:
    """A process to begin with, and its text."""

    id: str
    path: Path
    labels: Mapping[str, str]
    description: Mapping[str, str]
    meta: DomainMeta

    @cached_property
    def text(self) -> str:
        """The manifest as it ships."""
        return self.path.read_text("utf-8")

    @cached_property
    def compiled(self) -> CompiledManifest:
        """The process; raises ``ValueError`` where what ships is unsound (a test says so first)."""
        found = check(self.text, self.meta).compiled
        if found is None:
            raise ValueError(f"the template {self.id} is not sound")
        return found

    def shown(self) -> TemplateDTO:
        """The template as it is listed."""
        c = self.compiled
        return TemplateDTO(
            self.id,
            self.labels,
            self.description,
            f"{c.namespace}/{c.name} {c.version}",
            tuple(c.types),
            sum(len(kind.fields) for kind in c.types.values()),
            len(c.workflows),
            len(c.link_types),
            len(c.acl) + len(c.policies) + len(c.automations),
            len(c.views),
        )


class Templates:
    """The templates, read when somebody asks for them."""

    def __init__(self, meta: DomainMeta) -> None:
        self._meta = meta

    @cached_property
    def by_id(self) -> Mapping[str, Template]:
        """All of them, the simplest first."""
        import yaml

        data = yaml.safe_load(resources.path("alm_meta", "presets", "templates.yaml").read_text("utf-8"))
        return {
            t["id"]: Template(
                t["id"], resources.path("alm_meta") / t["file"], t["labels"], t["description"], self._meta
            )
            for t in data["templates"]
        }

    def named(self, name: str) -> Template:
        """One template; raises ``InvalidInput``."""
        found = self.by_id.get(name)
        if found is None:
            message = f"{name!r} is none of {', '.join(self.by_id)}"
            raise InvalidInput(
                f"There is no template {name!r}", errors=[ErrorItem("/template", "unknown-template", message)]
            )
        return found

    def version(self, ctx: MessageContext, name: str) -> VersionId:
        """The version of the organisation that holds a template as it ships, saved where there is none yet."""
        template = self.named(name)
        c = template.compiled
        found = ctx.ask(FindVersion(c.namespace, c.name, c.artifact_hash))
        if found is not None:
            return found
        return ctx.ask(SaveManifest(template.text, "dsl", f"The template {name}")).version_id


class ListTemplatesHandler:
    """Lists the templates."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    def __call__(self, ctx: MessageContext, message: ListTemplates) -> tuple[TemplateDTO, ...]:
        return tuple(template.shown() for template in self._templates.by_id.values())
