"""Log-in and tenants: what the app learns of global tables, through definer functions only."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from alm_workbench.storage.engine import begin
from alm_workbench.storage.rls_check import REVIEWED_TABLES
from tests.factories.world import World, make_world

JOIN = (
    "INSERT INTO alm.memberships (tenant_id, id, user_id, actor_id) VALUES (:t, :m, :u, :a)",
    "INSERT INTO alm.roles (tenant_id, id, code, privileges) VALUES (:t, :r, 'admin', '{x:y}')",
    "INSERT INTO alm.member_roles (tenant_id, id, membership_id, role_code) VALUES (:t, :mr, :m, 'admin')",
)


def call(engine: Engine, statement: str, **values: object) -> list[tuple[object, ...]]:
    """Run one statement as nobody."""
    with begin(engine, tenant_id=None) as conn:
        result = conn.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def new_user(engine: Engine, email: str = "Ada@Example.org") -> UUID:
    """A user with a password hash."""
    user = uuid4()
    call(engine, "SELECT alm.user_create(:id, :email, 'Ada', 'hash', 'tr')", id=user, email=email)
    return user


def join(world: World, user: UUID) -> UUID:
    """Make the user a member and admin; the membership."""
    ids = {"m": uuid4(), "u": user, "r": uuid4(), "mr": uuid4()}
    for statement in JOIN:
        world.sql(statement, None, **ids)
    return ids["m"]


def test_users_are_found_by_mail_whatever_its_case(own_engine: Engine) -> None:
    """Stored lower-case, unique; the hash is for the log-in alone."""
    user = new_user(own_engine)
    found = call(own_engine, "SELECT user_id, email, locale FROM alm.auth_lookup('ADA@example.ORG')")
    assert found == [(user, "ada@example.org", "tr")]
    gate = call(own_engine, "SELECT user_id, password_hash FROM alm.login_gate('ADA@example.ORG', '')")
    assert gate == [(user, "hash")]
    with pytest.raises(IntegrityError) as error:
        new_user(own_engine, "ada@EXAMPLE.org")
    assert getattr(error.value.orig, "sqlstate", "") == "23505"


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_wrong_passwords_lock_with_back_off_whether_the_account_exists_or_not(own_engine: Engine, email: str) -> None:
    """From the fifth: 1, 2, 4 … 60 minutes; a right one clears it."""
    new_user(own_engine)
    minutes = (
        "SELECT round(extract(epoch FROM locked_until - clock_timestamp()) / 60)::int FROM alm.login_gate(:e, 'x')"
    )
    waits, locked = [], []
    for _ in range(12):
        locked.append(call(own_engine, "SELECT alm.login_failed(:e, 'x')", e=email)[0][0])
        waits.append(call(own_engine, minutes, e=email)[0][0])
    assert waits == [None, None, None, None, 1, 2, 4, 8, 16, 32, 60, 60]
    assert locked == [False] * 4 + [True] * 8
    call(own_engine, "SELECT alm.login_cleared(:e, 'x')", e=email.upper())
    assert call(own_engine, minutes, e=email) == [(None,)]


def test_a_stranger_elsewhere_keeps_the_owner_out_only_after_many_tries(own_engine: Engine) -> None:
    """An address that guesses is locked by itself; the account as a whole from the thirtieth try on."""
    new_user(own_engine)
    locked = "SELECT locked_until IS NOT NULL FROM alm.login_gate('ada@example.org', :a)"
    for n in range(29):
        call(own_engine, "SELECT alm.login_failed('ada@example.org', :a)", a=f"10.0.0.{n % 3}")
    assert call(own_engine, locked, a="10.0.0.1") == [(True,)]
    assert call(own_engine, locked, a="192.0.2.1") == [(False,)]
    call(own_engine, "SELECT alm.login_failed('ada@example.org', '10.0.0.9')")
    assert call(own_engine, locked, a="192.0.2.1") == [(True,)]


def test_the_tenants_of_a_user_before_any_tenant_is_set(own_engine: Engine, own_world: World) -> None:
    """What a log-in needs; suspended tenants and ended memberships are not offered."""
    user, other = new_user(own_engine), make_world(own_engine, "other")
    membership = join(own_world, user)
    join(other, user)
    rows = call(own_engine, "SELECT slug, status, membership_id, actor_id FROM alm.user_tenants(:u)", u=user)
    assert [row[0] for row in rows] == ["acme", "other"]
    assert rows[0] == ("acme", "active", membership, own_world.actor_id)
    other.sql("UPDATE alm.memberships SET deleted_at = now()", {"include_deleted": True})
    own_world.sql("UPDATE alm.tenants SET status = 'inactive'")
    assert call(own_engine, "SELECT slug FROM alm.user_tenants(:u)", u=user) == []


def test_members_are_those_of_the_current_tenant(own_engine: Engine, own_world: World) -> None:
    """With mail and roles, and nobody else's."""
    other = make_world(own_engine, "other")
    membership = join(own_world, new_user(own_engine))
    join(other, new_user(own_engine, "bob@example.org"))
    rows = own_world.sql("SELECT membership_id, email, role_codes FROM alm.members()")
    assert rows == [(membership, "ada@example.org", ["admin"])]
    assert call(own_engine, "SELECT * FROM alm.members()") == []


def test_profiles_hold_no_hash(own_engine: Engine) -> None:
    """user_profile is what others may see."""
    user = new_user(own_engine)
    assert call(own_engine, "SELECT * FROM alm.user_profile(:u)", u=user) == [
        (user, "ada@example.org", "Ada", "tr", True)
    ]


def test_tenants_by_slug(own_engine: Engine, own_world: World) -> None:
    """A slug is unique; an unknown one gives NULL."""
    assert call(own_engine, "SELECT alm.tenant_by_slug('acme')") == [(own_world.tenant_id,)]
    assert call(own_engine, "SELECT alm.tenant_by_slug('nope')") == [(None,)]
    with pytest.raises(IntegrityError):
        make_world(own_engine, "acme")


@pytest.mark.parametrize("table", sorted(REVIEWED_TABLES))
def test_global_tables_are_closed_to_the_app(own_engine: Engine, table: str) -> None:
    """No direct SELECT."""
    with pytest.raises(ProgrammingError, match="permission denied"):
        call(own_engine, f"SELECT * FROM alm.{table}")
