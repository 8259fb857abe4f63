"""Codes that no conformance category can yield: where each is tested instead. Reviewed."""

UNREACHED: dict[str, str] = {
    "R_EXPR_NOT_SQL": "unit/mpc/test_expr_sql.py::test_refusals_have_a_registered_code",
}
