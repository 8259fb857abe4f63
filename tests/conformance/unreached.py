"""Codes that no conformance category can yield: where each is tested instead. Reviewed."""

UNREACHED: dict[str, str] = {
    "E_META_INVALID": "unit/mpc/test_meta_lifecycle.py::test_loader_and_schema_refuse_the_same",
    "E_META_BREAKING_CHANGE": "unit/mpc/test_meta_lifecycle.py::test_a_major_change_needs_a_migration",
    "E_FORM_TIMEOUT": "unit/mpc/test_forms.py::test_a_form_that_takes_too_long_is_refused",
    "E_FORM_EXPR_FAILED": "unit/mpc/test_forms.py::test_a_failing_expression_falls_to_its_default_or_the_inverse",
    "R_EXPR_NOT_SQL": "unit/mpc/test_expr_sql.py::test_refusals_have_a_registered_code",
}
