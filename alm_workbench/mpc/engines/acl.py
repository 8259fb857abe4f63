"""Access: who may do what with which type and field. Nothing matched means no.

Rules are asked by priority, highest first; at one priority a deny rule beats an allow rule. Roles and condition of a
rule must both hold. Where several allow rules of the deciding priority match, a field is masked only if all mask it.
"""

from __future__ import annotations

from ..expr.scope import EvalContext
from ..model import CompiledManifest
from .acl_decision import AclDecision, Candidate
from .authorizer import Authorizer, Requester, authorizer_of

__all__ = ["AclDecision", "Authorizer", "Candidate", "Requester", "allows", "authorizer_of", "decide_acl"]


def decide_acl(
    compiled: CompiledManifest, action: str, type_id: str, ctx: EvalContext, field: str | None = None
) -> AclDecision:
    """Decide on an action on items of a type, or on one field of them; `ctx.self_` is the item. Never raises.

    For many decisions of one request prepare `authorizer_of(compiled).actor(ctx)` once.
    """
    authorizer = authorizer_of(compiled)
    return authorizer.decide(authorizer.actor(ctx), action, type_id, None, field)


def allows(compiled: CompiledManifest, action: str, type_id: str, ctx: EvalContext, field: str | None = None) -> bool:
    """The plain answer of `decide_acl`."""
    authorizer = authorizer_of(compiled)
    return authorizer.allows(authorizer.actor(ctx), action, type_id, None, field)
