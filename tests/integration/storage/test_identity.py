"""Log-in and tenants: what the app learns of global tables, through definer functions only."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from alm_workbench.storage.engine import begin
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
    """Stored lower-case, unique."""
    user = new_user(own_engine)
    found = call(own_engine, "SELECT user_id, email, password_hash, locale FROM alm.auth_lookup('ADA@example.ORG')")
    assert found == [(user, "ada@example.org", "hash", "tr")]
    with pytest.raises(IntegrityError) as error:
        new_user(own_engine, "ada@EXAMPLE.org")
    assert getattr(error.value.orig, "sqlstate", "") == "23505"


def test_wrong_passwords_lock_with_back_off(own_engine: Engine) -> None:
    """From the fifth: 1, 2, 4 … 60 minutes; a right one clears it."""
    user = new_user(own_engine)
    minutes = (
        "SELECT round(extract(epoch FROM locked_until - clock_timestamp()) / 60)::int"
        " FROM alm.auth_lookup('ada@example.org')"
    )
    waits = []
    for _ in range(12):
        call(own_engine, "SELECT alm.auth_record(:u, false)", u=user)
        waits.append(call(own_engine, minutes)[0][0])
    assert waits == [None, None, None, None, 1, 2, 4, 8, 16, 32, 60, 60]
    call(own_engine, "SELECT alm.auth_record(:u, true)", u=user)
    assert call(own_engine, minutes) == [(None,)]


def test_a_new_password_unlocks(own_engine: Engine) -> None:
    """user_set_password clears the count."""
    user = new_user(own_engine)
    for _ in range(6):
        call(own_engine, "SELECT alm.auth_record(:u, false)", u=user)
    call(own_engine, "SELECT alm.user_set_password(:u, 'new')", u=user)
    assert call(own_engine, "SELECT password_hash, locked_until FROM alm.auth_lookup('ada@example.org')") == [
        ("new", None)
    ]


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


@pytest.mark.parametrize("table", ["users", "user_identities", "alembic_version"])
def test_global_tables_are_closed_to_the_app(own_engine: Engine, table: str) -> None:
    """No direct SELECT."""
    with pytest.raises(ProgrammingError, match="permission denied"):
        call(own_engine, f"SELECT * FROM alm.{table}")
