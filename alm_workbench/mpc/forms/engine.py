"""The contract's form engine: free-standing forms to packages.

Expressions are the contract's own (missing is null) and see the submitted data plus `role` (the actor's first role),
`roles` (all of them) and `actor` (its attributes); these names cannot be overridden by submitted data. Where an
expression fails, its default holds (shown, changeable, valid) or, with `fail_open=False`, the inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from ..ast import ManifestAST
from ..errors import Diagnostic, MPCError
from ..expr.evaluate import Limits, evaluate
from ..meta import DomainMeta
from .access import access_of, masked
from .definition import Form, FormField, form_meta, form_of, json_schema, ui_schema
from .messages import Catalogue, Messages
from .package import WHOLE_FORM, FieldState, FormError, FormPackage
from .values import check_value, is_empty

FORM_CONTRACT_VERSION = "1.0.0"


@dataclass(frozen=True, slots=True)
class FormLimits:
    """Most that one package may take: characters of the form's text, values and characters of data and actor, and
    milliseconds over all of its expressions (0 is no limit)."""

    max_dsl_size: int = 1_000_000
    max_data_size: int = 1_000_000
    max_actor_size: int = 64_000
    max_total_ms: float = 2_000.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call: who asks, with what, and how failures count."""

    data: Mapping[str, Any]
    roles: tuple[str, ...]
    attrs: Mapping[str, Any]
    fail_open: bool
    clock: str
    deadline: float | None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def names(self) -> dict[str, Any]:
        """What expressions see; the actor's names win over submitted ones."""
        own = {"role": self.roles[0] if self.roles else "", "roles": list(self.roles), "actor": dict(self.attrs)}
        # A key that is a whole path would be found before the path is followed.
        told = {key: value for key, value in self.data.items() if str(key).partition(".")[0] not in own}
        return {**told, **own}


class FormEngine:
    """The forms of one manifest. Raises MPCError for access rules or fields that make no sense."""

    def __init__(
        self,
        ast: ManifestAST,
        meta: DomainMeta | None = None,
        *,
        limits: Limits | None = None,
        form_limits: FormLimits | None = None,
        lang: str = "tr",
        messages: Catalogue | None = None,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._meta = meta if meta is not None else form_meta()
        self._limits = limits or Limits()
        self._form_limits = form_limits or FormLimits()
        self._texts = Messages(lang, messages)
        self._timer = timer
        self._access = access_of(ast)
        self._forms = {node.id: form_of(node) for node in ast.of_kind("FormDef")}

    def get_forms(self) -> tuple[Form, ...]:
        """Every form, in order."""
        return tuple(self._forms.values())

    def get_form(self, form_id: str) -> Form | None:
        """The form of that id."""
        return self._forms.get(form_id)

    def get_forms_for_state(self, state: str) -> tuple[Form, ...]:
        """Forms that belong to a workflow state."""
        return tuple(form for form in self._forms.values() if form.workflow_state == state)

    def get_form_package(
        self,
        form_id: str,
        data: Mapping[str, Any],
        *,
        actor_roles: Sequence[str] = (),
        actor_attrs: Mapping[str, Any] | None = None,
        fail_open: bool = True,
        clock: str | Callable[[], str] = "",
    ) -> FormPackage:
        """Everything a face needs to show a form and to say what is wrong with `data`.

        Raises MPCError E_FORM_DATA_TOO_LARGE, E_FORM_ACTOR_TOO_LARGE or E_FORM_TIMEOUT. An unknown form is a package
        with one error.
        """
        form = self._forms.get(form_id)
        if form is None:
            message = self._texts.say("unknown_form", form=form_id)
            return FormPackage(errors=(FormError(WHOLE_FORM, message, code="E_VALID_UNRESOLVED_REF"),))
        asked = self._asked(data, actor_roles, actor_attrs, fail_open, clock)
        states = self._states(form, asked)
        errors = self._errors(form, asked, states)
        diagnostics = tuple(asked.diagnostics)
        return FormPackage(json_schema(form), ui_schema(form), states, errors, diagnostics, dict(data))

    def validate_submission(self, form_id: str, data: Mapping[str, Any], **who: Any) -> tuple[FormError, ...]:
        """What is wrong with submitted data; `who` as in get_form_package."""
        return self.get_form_package(form_id, data, **who).errors

    def compute_field_state(self, form_id: str, data: Mapping[str, Any], **who: Any) -> tuple[FieldState, ...]:
        """The state of each field; `who` as in get_form_package."""
        return self.get_form_package(form_id, data, **who).field_state

    def apply_acl(
        self, form_id: str, *, actor_roles: Sequence[str] = (), actor_attrs: Mapping[str, Any] | None = None
    ) -> dict[str, bool]:
        """Whether access rules make each field read-only."""
        form = self._forms.get(form_id)
        ids = [item.id for item in form.fields] if form else []
        closed = masked(self._access, ids, actor_roles, actor_attrs)
        return {id_: id_ in closed for id_ in ids}

    def _asked(
        self,
        data: Mapping[str, Any],
        roles: Sequence[str],
        attrs: Mapping[str, Any] | None,
        fail_open: bool,
        clock: str | Callable[[], str],
    ) -> _Asked:
        limits = self._form_limits
        check_size(data, limits.max_data_size, "E_FORM_DATA_TOO_LARGE", "The data of the form")
        check_size([*roles, attrs or {}], limits.max_actor_size, "E_FORM_ACTOR_TOO_LARGE", "The actor")
        deadline = self._timer() + limits.max_total_ms / 1000 if limits.max_total_ms > 0 else None
        now = clock() if callable(clock) else clock
        # A text is one role, never a list of letters.
        names = (roles,) if isinstance(roles, str) else tuple(roles)
        return _Asked(data, names, attrs or {}, fail_open, now, deadline)

    def _states(self, form: Form, asked: _Asked) -> tuple[FieldState, ...]:
        closed = masked(self._access, [item.id for item in form.fields], asked.roles, asked.attrs)
        return tuple(self._state(item, item.id in closed, asked) for item in form.fields)

    def _state(self, item: FormField, closed: bool, asked: _Asked) -> FieldState:
        visible = self._ask(item, item.visibility, True, asked) is not False
        fixed = self._ask(item, item.readonly, False, asked) is True
        reason = self._texts.say("masked") if closed else None
        return FieldState(item.id, visible, closed or fixed, item.required, reason)

    def _errors(self, form: Form, asked: _Asked, states: tuple[FieldState, ...]) -> tuple[FormError, ...]:
        found = (
            self._error(item, asked)
            for item, state in zip(form.fields, states, strict=True)
            # What a person cannot see, that person cannot mend.
            if state.visible
        )
        return tuple(error for error in found if error is not None)

    def _error(self, item: FormField, asked: _Asked) -> FormError | None:
        value = asked.data.get(item.id)
        say = self._texts.say
        if is_empty(value):
            if item.required:
                return FormError(item.id, say("required", label=item.shown), code="E_FIELD_REQUIRED")
        elif wrong := check_value(item, value):
            key, values = wrong
            return FormError(item.id, say(key, label=item.shown, **values), code=_CODES.get(key, "E_FIELD_RANGE"))
        if self._ask(item, item.validation, True, asked) is False:
            return FormError(item.id, say("invalid", label=item.shown), item.validation, "E_FIELD_RANGE")
        return None

    def _ask(self, item: FormField, text: str | None, default: bool, asked: _Asked) -> Any:
        """The value of an expression; its default or the inverse where it fails."""
        if text is None:
            return default
        if asked.deadline is not None and self._timer() > asked.deadline:
            limit = self._form_limits.max_total_ms
            raise MPCError("E_FORM_TIMEOUT", f"The form took longer than {limit:g} ms", limit=limit)
        try:
            return evaluate(text, self._meta, asked.names(), limits=self._limits, clock=asked.clock).value
        except MPCError as error:
            message = f"'{text}' of field '{item.id}' could not be evaluated: {error.message} ({error.code})"
            asked.diagnostics.append(Diagnostic("E_FORM_EXPR_FAILED", message, "warning", path=item.id))
            return default if asked.fail_open else not default


_CODES = dict.fromkeys(("string", "number", "boolean", "array", "date"), "E_FIELD_TYPE") | {"option": "E_FIELD_CHOICE"}


def check_size(value: Any, limit: int, code: str, what: str) -> None:
    """Refuse a value that is too large; every entry counts one, a text its characters. Raises MPCError."""
    left = limit
    todo: list[Any] = [value]
    while todo:
        here = todo.pop()
        left -= max(1, len(here)) if isinstance(here, (str, bytes)) else 1
        if left < 0:
            raise MPCError(code, f"{what} is larger than {limit}", limit=limit)
        if isinstance(here, Mapping):
            todo.extend(here.keys())
            todo.extend(here.values())
        elif isinstance(here, (list, tuple)):
            todo.extend(here)
