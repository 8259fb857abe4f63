"""For tests of those who build on the workbench: a runner of conformance fixtures, suites for ports, and fakes.

Public and stable: `alm_workbench.testing.conformance`, `.ports`, `.fakes`. Nothing in the product uses it but
`alm conformance`.
"""
