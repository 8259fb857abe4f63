"""What the access context does with its messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from alm_workbench.contexts.access.domain import PROJECT_ACTIONS, Person, RoleBook, Subject, subject_of
from alm_workbench.contexts.access.messages import (
    ChainLinkDTO,
    Explain,
    ExplanationDTO,
    FieldVerdictDTO,
    OtherRuleDTO,
    Room,
    SubjectDTO,
    WhoDTO,
)
from alm_workbench.contexts.access.repository import AccessRepository
from alm_workbench.contexts.access.wording import Texts, action_words, said
from alm_workbench.contexts.access.world import Target, World
from alm_workbench.contexts.artifact.domain import actor_view, eval_context
from alm_workbench.contexts.artifact.judgement import Case, Finding, by_access, findings
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import AccessDenied, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.principal import grants

OTHERS = "audit:read"

LONGEST = 200
"""Characters of an action or a type: the answer repeats them in many places."""


class ExplainHandler:
    """Follows a right through every room that has a say."""

    def __init__(self, repo: AccessRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: Explain) -> ExplanationDTO:
        self._check(ctx, message)
        world = World(ctx, self._repo, message.at)
        target = self._target(world, message)
        process = world.process(target.project) if target.project else None
        project_id = target.project.id if target.project else None
        book, people = world.book(), world.people(project_id)
        if message.role is not None and message.role not in book.implies:
            known = f"{message.role!r} is none of {', '.join(sorted(book.implies))}"
            raise InvalidInput(f"There is no role {message.role!r}", errors=[ErrorItem("/role", "unknown-role", known)])
        person, itself = self._person(ctx, message, people)
        subject = subject_of(ctx.principal, person, book, itself and message.at is None)
        chain = [_link(f) for f in _chain(ctx, subject, target, process, message.action, message.type)]
        refused = next((link for link in chain if link.verdict == "deny"), None)
        name = person.name or ctx.principal.sees_address(person.email)
        what = target.key or (said("hidden_item") if target.hidden is None else _object(target, message))
        summary = (
            said("yes", name=name, action=action_words(message.action), what=what)
            if refused is None
            else said(
                "no",
                name=name,
                action=action_words(message.action),
                what=what,
                room=said(f"room:{refused.room}"),
                why=refused.text,
            )
        )
        return ExplanationDTO(
            refused is None,
            message.action,
            message.entity_type or ("Artifact" if message.entity_id else "Privilege"),
            message.entity_id,
            target.key,
            message.at or ctx.now,
            SubjectDTO(
                person.actor_id,
                person.name,
                ctx.principal.sees_address(person.email),
                person.status,
                subject.roles(),
            ),
            summary,
            _process_name(process),
            process.version_id if process else None,
            process.compiled.artifact_hash if process else None,
            tuple(chain),
            tuple(_fields(subject, target, process)),
            tuple(self._who(ctx, message, people, book, target, process)) if message.who_can else (),
            (*target.notes, *((said("account_now"),) if message.at else ())),
        )

    def _check(self, ctx: MessageContext, message: Explain) -> None:
        special = _names_other(ctx, message.user) or message.at or message.who_can or message.role
        if special and not ctx.principal.may(OTHERS):
            reason = {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {OTHERS} is needed", "rule_id": OTHERS}
            raise AccessDenied(f"Rights of others, or of another time, need the privilege {OTHERS}", reasons=[reason])
        problems = []
        if max(len(message.action), len(message.who_can or ""), len(message.type or "")) > LONGEST:
            problems.append(ErrorItem("/action", "too-long", f"actions and types have at most {LONGEST} characters"))
        if message.at is not None and message.at.tzinfo is None:
            problems.append(ErrorItem("/at", "timezone", "say the time zone: 2026-01-01T00:00:00Z"))
        elif message.at is not None and message.at > ctx.now:
            problems.append(ErrorItem("/at", "future", "nobody knows the rights of the future"))
        if message.role is not None and message.user is not None:
            problems.append(ErrorItem("/role", "doubled", "ask about a user or about a role"))
        if message.entity_type and message.entity_id is None:
            problems.append(ErrorItem("/entity_id", "required", f"say which {message.entity_type} is meant"))
        if message.entity_id is None and ":" not in message.action:
            problems.append(ErrorItem("/action", "unknown", "without an entity ask about a privilege: member:invite"))
        if problems:
            raise InvalidInput(problems[0].message, errors=problems)

    def _target(self, world: World, message: Explain) -> Target:
        if message.entity_id is None:
            return Target()
        if message.entity_type != "Project":
            return world.item(message.entity_id)
        project = world.project(message.entity_id)
        return Target(project, message.type, project.key)

    def _person(self, ctx: MessageContext, message: Explain, people: list[Person]) -> tuple[Person, bool]:
        me = ctx.principal
        if message.role is not None:
            nobody = UUID(int=0)
            return Person(nobody, nobody, message.role, "", "active", (message.role,)), False
        if not _names_other(ctx, message.user):
            found = next((p for p in people if p.membership_id == me.membership_id), None)
            blank = Person(me.membership_id or UUID(int=0), me.actor_id, me.display_name, me.email, "gone", ())
            mine = found or (blank if message.at else replace(blank, status="active", given=tuple(me.roles)))
            if me.kind != "user":
                mine = replace(mine, actor_id=me.actor_id, name=me.display_name, email=me.email, status="key")
            return mine, True
        wanted = str(message.user).casefold()
        for person in people:
            if wanted in (person.email.casefold(), str(person.actor_id), str(person.membership_id)):
                return person, False
        raise NotFound(f"there is no member {message.user!r}" + (" at that time" if message.at else ""))

    def _who(
        self,
        ctx: MessageContext,
        message: Explain,
        people: list[Person],
        book: RoleBook,
        target: Target,
        process: ProcessVersion | None,
    ) -> Iterator[WhoDTO]:
        action = str(message.who_can)
        for person in sorted(people, key=lambda p: p.name.casefold()):
            subject = subject_of(ctx.principal, person, book, False)
            chain = _chain(ctx, subject, target, process, action, message.type, full=False)
            refused = next((finding for finding in chain if not finding.allowed), None)
            room = cast("Room", refused.room) if refused else None
            email = ctx.principal.sees_address(person.email)
            yield WhoDTO(
                person.actor_id, person.name, email, refused is None, room, refused.rule_id if refused else None
            )


def _names_other(ctx: MessageContext, user: str | None) -> bool:
    me = ctx.principal
    mine = {me.email.casefold(), str(me.actor_id), str(me.user_id), str(me.membership_id), "me"}
    return user is not None and user.casefold() not in mine


def _object(target: Target, message: Explain) -> Texts | str:
    return message.type or (target.project.key if target.project else said("organisation"))


def _process_name(process: ProcessVersion | None) -> str | None:
    compiled = process.compiled if process else None
    return f"{compiled.namespace}/{compiled.name} {compiled.version}" if compiled else None


def _chain(
    ctx: MessageContext,
    subject: Subject,
    target: Target,
    process: ProcessVersion | None,
    action: str,
    type_id: str | None,
    *,
    full: bool = True,
) -> Iterator[Finding]:
    """Every link from the membership to the last rule."""
    yield from _who_it_is(ctx, subject)
    project = target.project
    if project is not None:
        may_see = grants(subject.held, "project:read") or bool(subject.ways_here)
        text = said("project", key=project.key) if may_see else said("no_project")
        yield Finding("project", may_see and subject.active, None, text)
    if project is None or (target.context is None and not (action == "create" or ":" in action)):
        code = PROJECT_ACTIONS.get(action, action) if project is not None else action
        yield _privilege(subject, Finding("privilege", grants(subject.held, code), code, {}))
        return
    if target.context is None and action != "create":
        yield _privilege(subject, Finding("privilege", grants(subject.held, action), action, {}))
        return
    yield from _by_process(ctx, subject, target, process, action, type_id, full)


def _who_it_is(ctx: MessageContext, subject: Subject) -> Iterator[Finding]:
    person = subject.person
    name = person.name or ctx.principal.sees_address(person.email)
    if person.status == "key":
        scopes = ", ".join(sorted(ctx.principal.limits.scopes)) if ctx.principal.limits else "*"
        yield Finding("key", True, None, said("key", scopes=scopes), values=INFO)
    else:
        key = {"active": "member", "suspended": "suspended"}.get(person.status, "gone")
        text = said(key, name=name, tenant=ctx.principal.tenant_name or said("organisation"))
        yield Finding("member", subject.active, None, text)
    roles = ", ".join(" → ".join(way) for _, way in sorted(subject.ways.items()))
    yield Finding("role", True, None, said("roles", roles=roles) if roles else said("no_roles"), values=INFO)
    here = ", ".join(" → ".join(way) for _, way in sorted(subject.ways_here.items()))
    if here:
        yield Finding("role", True, None, said("project_roles", roles=here), values=INFO)


INFO: Any = {"info": True}
"""Marks a link that states what was found and decides nothing."""


def _by_process(
    ctx: MessageContext,
    subject: Subject,
    target: Target,
    process: ProcessVersion | None,
    action: str,
    type_id: str | None,
    full: bool,
) -> Iterator[Finding]:
    if process is None:
        yield Finding("process", False, None, said("no_process"))
        return
    compiled = process.compiled
    text = said("process", process=_process_name(process), hash=compiled.artifact_hash[:12])
    yield Finding("process", True, None, text, values=INFO)
    kind = target.type_id or type_id or ""
    if kind not in compiled.types and target.context is None:
        found = compiled.find_type(kind)
        if found is None:
            yield Finding("process", False, None, said("type", type=kind))
            return
        kind = found.id
    case = case_of(ctx, subject, target, process, kind)
    for finding in findings(case, action, full=full):
        yield _privilege(subject, finding) if finding.room == "privilege" else finding


def case_of(ctx: MessageContext, subject: Subject, target: Target, process: ProcessVersion, kind: str) -> Case:
    """The item and the subject as the rules look at them."""
    context = target.context
    if context is None:
        # titled, as every item is: one without a title never gets as far as the rules
        view = {"type": kind, "title": kind, "fields": {}, "created_by": str(subject.principal.actor_id)}
        there = target.project
        facts = {"id": str(there.id), "key": there.key, "status": there.status} if there else {"id": ""}
        context = eval_context(subject.principal, view, {}, facts, ctx.now, {})
    context = replace(context, actor=actor_view(subject.principal))
    return Case(process.compiled, kind, context, subject.held, target.hidden, process.policies)


def _privilege(subject: Subject, finding: Finding) -> Finding:
    """What the privileges say, with the roles that grant."""
    code = str(finding.rule_id)
    if not finding.allowed:
        return replace(finding, text=said("no_privilege", code=code))
    roles = "; ".join(subject.granting(code)) or subject.person.name
    return replace(finding, text=said("privilege", code=code, roles=roles))


def _link(finding: Finding) -> ChainLinkDTO:
    info = finding.values is INFO
    others = tuple(OtherRuleDTO(*other) for other in finding.others)
    values = {} if info or not finding.values else dict(finding.values)
    verdict: Any = "info" if info else "allow" if finding.allowed else "deny"
    room = cast("Room", finding.room)
    return ChainLinkDTO(room, verdict, finding.rule_id, finding.text, finding.span, values, others)


def _fields(subject: Subject, target: Target, process: ProcessVersion | None) -> Iterator[FieldVerdictDTO]:
    """What the subject sees and changes of each field."""
    kind = process.compiled.types.get(target.type_id or "") if process else None
    if process is None or target.context is None or kind is None:
        return
    base = replace(target.context, actor=actor_view(subject.principal))
    case = Case(process.compiled, kind.id, base, subject.held, target.hidden, process.policies)
    rooms = {}
    for action in ("read", "update"):
        item = [
            f for f in findings(case, action, full=False) if not f.allowed and f.room not in ("policy", "tenant_policy")
        ]
        rooms[action] = item[0] if item else None
    contexts = {action: replace(base, event={"name": action, "changes": ()}) for action in rooms}
    for f in kind.fields.values():
        seen = rooms["read"] or by_access(case, "read", contexts["read"], f.id, full=False)
        set_ = rooms["update"] or by_access(case, "update", contexts["update"], f.id, full=False)
        if not seen.allowed:
            set_ = seen
        yield FieldVerdictDTO(
            f.id, f.labels, seen.allowed, seen.rule_id, seen.text, set_.allowed, set_.rule_id, set_.text
        )
