"""``python -m alm_workbench`` is ``alm``."""

from alm_workbench.cli import main

main()
