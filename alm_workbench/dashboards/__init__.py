"""What dashboard notebooks are made of.

>>> from alm_workbench.dashboards import Kpi, Report, Row, Table

A component holds no data: it names a report, and the viewer's browser loads that report with the viewer's own session.
The same objects show in JupyterLab. Importing this package costs next to nothing; the server part is in ``run``.
"""

from alm_workbench.dashboards.components import AsOf, Component, Kpi, ProjectFilter, Report, Row, Table

__all__ = ["AsOf", "Component", "Kpi", "ProjectFilter", "Report", "Row", "Table"]
