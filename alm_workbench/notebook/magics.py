"""``%alm`` and ``%%alm_sql``, and short error messages in place of walls of frames."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from alm_workbench.errors import AlmError, InvalidInput
from alm_workbench.i18n import _
from alm_workbench.notebook.errors_view import structured
from alm_workbench.notebook.hints import NoSuchField
from alm_workbench.notebook.parameters import parameter_names
from alm_workbench.notebook.show import Column, Listing

if TYPE_CHECKING:
    from alm_workbench.notebook.results import SqlFrame
    from alm_workbench.notebook.workbench import Workbench

HELP = """\
%alm                  where you are connected (the same as %alm status)
%alm connect [URL]    connect and put the workbench into the variable wb
%alm login [EMAIL]    log in as a person: a form, nothing is kept in the notebook
%alm whoami           who you are here, and what you may
%alm tenants          the organisations you belong to
%alm switch SLUG      go on in another one of them
%alm projects         the projects you can see
%alm help             this text
%%alm_sql             run the cell as SQL over the mirror; $name takes the variable name of the notebook
    --limit N         at most N rows
    --var NAME        keep the result in NAME (.to_frame() gives pandas, .to_arrow() Arrow)"""


@magics_class
class AlmMagics(Magics):
    """The magics of the workbench."""

    workbench: Workbench | None = None

    @line_magic
    def alm(self, line: str = "") -> Any:
        """Look after the connection: ``%alm connect``, ``%alm login``, ``%alm switch``, ``%alm status``, ``%alm help``."""
        words = shlex.split(line) or ["status"]
        actions: dict[str, Callable[..., Any]] = {
            "connect": self._connect,
            "login": self._login,
            "whoami": self._whoami,
            "tenants": self._tenants,
            "switch": self._switch,
            "status": self._status,
            "projects": self._projects,
            "help": self._help,
        }
        action = actions.get(words[0])
        if action is None:
            near = difflib.get_close_matches(words[0], actions, n=1)
            hint = _("Did you mean %alm {name}?").format(name=near[0]) if near else ""
            raise InvalidInput(
                _("There is no %alm {word}. {hint}").format(word=words[0], hint=hint).strip() + "\n\n" + HELP
            )
        return action(*words[1:2])

    @cell_magic
    def alm_sql(self, line: str, cell: str) -> SqlFrame:
        """Run the cell as one read-only SELECT (DuckDB SQL) over what you may see.

        ``$name`` in the text takes the notebook's variable ``name``; values are bound, never pasted into the text.
        """
        limit, var = options(line)
        result = self._here().sql(cell.strip("\n"), limit=limit, **self._bound(cell))
        if var:
            self._names()[var] = result
        return result

    def _bound(self, cell: str) -> dict[str, Any]:
        known = self._names()
        values = {}
        for name in parameter_names(cell):
            if name not in known:
                mine = [word for word in known if not word.startswith("_")]
                near = difflib.get_close_matches(name, mine, n=1)
                hint = " " + _("Did you mean ${name}?").format(name=near[0]) if near else ""
                raise InvalidInput(
                    _("The query uses ${name}, but there is no variable {name}.").format(name=name) + hint
                )
            values[name] = known[name]
        return values

    def _names(self) -> dict[str, Any]:
        assert self.shell is not None
        names: dict[str, Any] = self.shell.user_ns
        return names

    def _here(self) -> Workbench:
        """The notebook's ``wb``, else the connection of an earlier magic, else a new one."""
        from alm_workbench.notebook.workbench import Workbench

        named = self._names().get("wb")
        if isinstance(named, Workbench):
            return named
        return self.workbench or self._connect()

    def _connect(self, url: str | None = None) -> Workbench:
        from alm_workbench.notebook.connecting import connect

        self.workbench = connect(url)
        self._names()["wb"] = self.workbench
        return self.workbench

    def _login(self, email: str | None = None) -> Any:
        from alm_workbench.notebook.widgets import LoginWidget

        return LoginWidget(email=email)

    def _whoami(self) -> Any:
        me = self._here().me
        facts: list[tuple[str, Any]] = [
            (_("You"), me.display_name),
            (_("E-mail"), me.email),
            (_("Organisation"), f"{me.tenant_name} ({me.tenant_slug})"),
            (_("Roles"), me.roles),
            (_("Privileges"), sorted(me.privileges)),
        ]
        return facts_table(facts)

    def _tenants(self) -> Any:
        return self._here().tenants

    def _switch(self, tenant: str | None = None) -> Workbench:
        if tenant is None:
            raise InvalidInput(_("Say where to: %alm switch SLUG; %alm tenants lists your organisations"))
        return self._here().switch(tenant)

    def _status(self) -> Any:
        from dataclasses import asdict

        workbench = self._here()
        mirror, me = workbench.api.mirror.status(), workbench.me
        facts: list[tuple[str, Any]] = [
            (_("Where"), workbench.place),
            (_("Organisation"), me.tenant_name),
            (_("You"), f"{me.display_name} ({', '.join(me.roles)})"),
            (_("Projects"), ", ".join(workbench.projects.keys())),
            (
                _("Reporting data"),
                f"{mirror.version}, {mirror.age_s or 0:.0f} s" if mirror.as_of else asdict(mirror)["last_error"],
            ),
        ]
        return facts_table(facts)

    def _projects(self) -> Any:
        return self._here().projects

    def _help(self) -> None:
        print(HELP)


def facts_table(facts: list[tuple[str, Any]]) -> Listing[tuple[str, Any]]:
    """Names and values as a table."""
    columns: list[Column[tuple[str, Any]]] = [
        Column("what", _("What"), lambda f: f[0]),
        Column("value", _("Value"), lambda f: f[1]),
    ]
    return Listing(facts, columns)


def options(line: str) -> tuple[int | None, str | None]:
    """``--limit N`` and ``--var NAME`` of a magic's line; raises ``InvalidInput`` on anything else."""
    limit: int | None = None
    var: str | None = None
    words = iter(shlex.split(line.replace("=", " ")))
    for word in words:
        value = next(words, "")
        if word == "--limit" and value.isdigit():
            limit = int(value)
        elif word == "--var" and value.isidentifier():
            var = value
        else:
            text = _("{word} is not understood here; the options are --limit N and --var NAME")
            raise InvalidInput(text.format(word=f"{word} {value}".strip()))
    return limit, var


def register(shell: Any) -> None:
    """Make the magics known and show the workbench's errors in a few lines."""
    shell.register_magics(AlmMagics)
    shell.set_custom_exc((AlmError, NoSuchField), show_error)


def show_error(
    shell: Any, kind: type[BaseException], error: Exception, trace: TracebackType, tb_offset: int | None = None
) -> list[str]:
    """What IPython shows of our errors."""
    lines = structured(error, trace)
    shell._showtraceback(kind, error, lines)
    return lines
