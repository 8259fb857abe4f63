"""SQL that tells whether something changed, for statements that are run anyway: what is known under it is not read again."""

from __future__ import annotations

POLICIES = """(SELECT string_agg(t.id || ':' || t.version || ':' || t.row_xid, ' ' ORDER BY t.id)
   FROM alm.tenant_policies t)"""
"""Every policy of this transaction's tenant with its version; the transaction that wrote it tells from rolled back ones."""
