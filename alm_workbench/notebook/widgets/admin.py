"""Everything about the organisation in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from alm_workbench.notebook.widgets.base import AlmWidget

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench

Tab = Literal["organisation", "members", "invitations", "roles", "keys", "refusals", "signins"]


class AdminPanel(AlmWidget):
    """Organisation, members, invitations, roles, keys, refusals and sign-ins.

    Only what your privileges allow is shown; the server decides again whatever is asked. ``tab`` is shown first.
    """

    TAG = "alm-admin-panel"
    ASKS: ClassVar[frozenset[str]] = frozenset(
        {
            "CreateApiKey",
            "CreateRole",
            "DeleteRole",
            "GetSubscription",
            "GetTenant",
            "InviteMember",
            "IssuePasswordReset",
            "ListApiKeys",
            "ListDecisions",
            "ListInvitations",
            "ListMembers",
            "ListPrivileges",
            "ListRoles",
            "ListSignIns",
            "Me",
            "RemoveMember",
            "ResendInvitation",
            "RevokeApiKey",
            "RevokeInvitation",
            "RotateApiKey",
            "UpdateMember",
            "UpdateRole",
            "UpdateTenant",
        }
    )

    def __init__(self, workbench: Workbench | None = None, *, tab: Tab | None = None) -> None:
        from alm_workbench.notebook.people import server_of

        place = server_of(workbench) if workbench else ""
        super().__init__(workbench.mediator if workbench else None, {"open": tab, "place": place})
