"""What all widgets share: the bundle from the package, and the channel on which the page asks and Python answers.

The page sends ``{"id", "message", "values"}``: a message of the API by its name, from the widget's own list, or one of
its actions. The kernel answers ``{"id", "ok": true, "value"}`` or ``{"id", "ok": false, "problem"}`` with RFC 9457
problem data. Nothing of this is kept in the notebook: the widget's state is its attributes only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from typing import Any, ClassVar, cast

import anywidget
import traitlets

from alm_workbench import i18n
from alm_workbench.errors import AlmError, InvalidInput
from alm_workbench.i18n import _
from alm_workbench.resources import static_file
from alm_workbench.shared import wire
from alm_workbench.shared.mediator import Mediator, correlated
from alm_workbench.shared.messages import REGISTRY, Spec

Values = Mapping[str, Any]
IN_DASHBOARD = "ALM_DASHBOARD"
"""Set in the kernels of dashboards, which have no connection of their own."""
UNBUILT = (
    """export default { render({ el }) { el.textContent = 'The front end is not built: run "make install".'; } };"""
)


@cache
def bundle() -> str:
    """The front end of all widgets, read once; a note in its place where it has not been built."""
    path = static_file("alm-widgets.js")
    return path.read_text("utf-8") if path.exists() else UNBUILT


def sent(mediator: Mediator, spec: Spec, values: Values) -> Any:
    """Send a message that came as JSON, checked as a request to the server is; the answer as JSON."""
    given = {name: value for name, value in values.items() if value is not None}
    path = {name: str(given.pop(name, "")) for name in spec.path_params}
    version = given.pop(wire.VERSION_FIELD, None) if spec.if_match else None
    etag = None if version is None else f'"{version}"'
    if spec.method == "GET":
        message = wire.decode(spec, path, {name: [text(value)] for name, value in given.items()}, b"", etag)
    else:
        message = wire.decode(spec, path, {}, json.dumps(given).encode(), etag)
    answer = mediator.send(cast("Any", message)) if spec.kind == "command" else mediator.query(cast("Any", message))
    return json.loads(wire.dump(spec.result, answer))


def text(value: Any) -> str:
    """A value as it stands in a query."""
    return json.dumps(value) if isinstance(value, (bool, list, dict)) else str(value)


class AlmWidget(anywidget.AnyWidget):
    """A widget over a connection. In a light dashboard it becomes an element that asks with the viewer's session."""

    TAG: ClassVar[str]
    ASKS: ClassVar[frozenset[str]] = frozenset()
    """The messages that the page may send through this widget."""

    _esm: Any = traitlets.Unicode().tag(sync=True)
    tag = traitlets.Unicode().tag(sync=True)
    attributes: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, mediator: Mediator | None, attributes: Mapping[str, str | None]) -> None:
        """``mediator`` is None only where the browser itself asks."""
        known = {"lang": i18n.language()} | {name: value for name, value in attributes.items() if value}
        super().__init__(_esm=bundle(), tag=self.TAG, attributes=known)
        self._mediator = mediator
        self.on_msg(self._heard)

    def actions(self) -> Mapping[str, Callable[[Values], Any]]:
        """What the page may ask for that is no message of the API."""
        return {}

    def _heard(self, widget: Any, content: Any, buffers: Any) -> None:
        number = content.get("id") if isinstance(content, dict) else None
        if isinstance(number, str):
            self.send({"id": number, **self.answer(content.get("message"), content.get("values"))})

    def answer(self, name: Any, values: Any) -> dict[str, Any]:
        """What the page is told; never raises."""
        with correlated() as correlation_id:
            try:
                value = self._asked(str(name), values if isinstance(values, dict) else {})
                return {"ok": True, "value": value}
            except AlmError as error:
                return {"ok": False, "problem": error.to_problem(correlation_id=error.correlation_id or correlation_id)}
            except Exception as error:  # the page must hear something, or it waits for ever
                self.log.exception("A widget could not answer %s", name)
                told = AlmError(_("The kernel could not answer: {kind}").format(kind=type(error).__name__))
                return {"ok": False, "problem": told.to_problem(correlation_id=correlation_id)}

    def _asked(self, name: str, values: Values) -> Any:
        action = self.actions().get(name)
        if action is not None:
            return action(values)
        if name not in self.ASKS:
            raise InvalidInput(_("This widget does not ask for {name}").format(name=name))
        if self._mediator is None:
            raise InvalidInput(_("This widget has no connection: give it a workbench, alm.connect()"))
        return sent(self._mediator, REGISTRY.named(name), values)

    def _repr_html_(self) -> str:
        # the page's language, not the kernel's: one rendering serves all viewers
        named = {name: value for name, value in self.attributes.items() if name != "lang"}
        attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in named.items())
        return f"<{self.TAG}{attributes}></{self.TAG}>"

    def _repr_mimebundle_(self, **more: Any) -> Any:
        """An element in a light dashboard, else a widget with a text beside it."""
        if os.environ.get(IN_DASHBOARD):
            return {"text/plain": repr(self), "text/html": self._repr_html_()}
        found = super()._repr_mimebundle_(**more)
        data, metadata = found if isinstance(found, tuple) else (found or {}, {})
        return {**data, "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        named = ", ".join(f"{name}={value!r}" for name, value in self.attributes.items() if name != "lang")
        return f"{type(self).__name__}({named})"
