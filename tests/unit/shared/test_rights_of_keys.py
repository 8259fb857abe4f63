"""Laws of what is left of a person's rights in a key."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.contexts.apikey.domain import KeyRow, KeyText, KnownPrivileges, principal_of
from alm_workbench.shared.principal import Principal, grants, meet

RESOURCES, VERBS = ("artifact", "project", "audit"), ("read", "create", "delete")
CODES = [f"{resource}:{verb}" for resource in RESOURCES for verb in VERBS]
WILD = [f"{resource}:*" for resource in RESOURCES]
held = st.frozensets(st.sampled_from([*CODES, *WILD, "*"]), max_size=6)
scopes = st.frozensets(st.sampled_from([*CODES, *WILD]), min_size=1, max_size=6)
ROLES = ("owner", "manager", "engineer", "viewer")
role_sets = st.frozensets(st.sampled_from(ROLES))


@given(held, held)
def test_what_two_sets_grant_together(one: frozenset[str], other: frozenset[str]) -> None:
    """Exactly what each of them grants, wildcards too; the order does not matter."""
    both = meet(one, other)
    for code in [*CODES, *WILD, "*", "unheard:of"]:
        assert grants(both, code) == (grants(one, code) and grants(other, code)), code
    assert both == meet(other, one)


@given(
    roles=role_sets,
    granted=st.fixed_dictionaries(dict.fromkeys(ROLES, held)),
    wanted=scopes,
    narrowed=st.none() | role_sets,
)
def test_a_key_never_has_more_than_its_maker(
    roles: frozenset[str], granted: dict[str, frozenset[str]], wanted: frozenset[str], narrowed: frozenset[str] | None
) -> None:
    """Whatever the maker's roles are at the moment, and never more than its scopes; without narrowing never less."""
    maker = person(roles, frozenset(code for role in roles for code in granted[role]))
    key = principal_of(row(wanted), maker, narrowed, granted)
    assert key.roles <= maker.roles
    for code in [*CODES, *WILD, "*"]:
        if key.may(code):
            assert maker.may(code), code
            assert grants(wanted, code), code
        elif narrowed is None:
            assert not (maker.may(code) and grants(wanted, code)), code
    assert (key.kind, key.user_id, key.actor_id, key.tenant_id) == ("api_key", None, UUID(int=9), maker.tenant_id)


@given(st.text(max_size=90))
def test_the_text_of_a_key_is_read_or_refused(text: str) -> None:
    """Anything else than what we make is no key, and nothing else than a key's text is read."""
    found = KeyText.read(text)
    assert found is None or str(found) == text.strip()


def test_keys_are_random_and_do_not_show_themselves() -> None:
    """Two are never the same; a key that lands in a log shows its prefix only."""
    one, other = KeyText.new(), KeyText.new()
    assert KeyText.read(str(one)) == one
    assert (one.prefix, one.secret) != (other.prefix, other.secret)
    assert one.secret not in repr(one)
    assert len(one.digest) == 32


def test_scopes_are_known_privileges_or_all_of_a_known_resource() -> None:
    """`resource:*` needs a resource that somebody asks for."""
    known = KnownPrivileges(frozenset(CODES))
    assert known.knows("artifact:read")
    assert known.knows("audit:*")
    assert not known.knows("artifact:fly")
    assert not known.knows("nothing:*")


def person(roles: frozenset[str], privileges: frozenset[str]) -> Principal:
    """A member."""
    return Principal(UUID(int=1), UUID(int=2), UUID(int=3), "a@b.example", "A", roles, privileges)


def row(wanted: frozenset[str]) -> KeyRow:
    """A key of that member."""
    return KeyRow(
        tenant_id=UUID(int=1),
        key_id=UUID(int=8),
        hash=b"",
        actor_id=UUID(int=9),
        user_id=UUID(int=3),
        membership_id=UUID(int=4),
        name="robot",
        scopes=tuple(wanted),
        role_codes=None,
        project_ids=None,
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        last_used_at=None,
    )
