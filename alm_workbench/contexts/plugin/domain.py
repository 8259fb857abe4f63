"""Rules of what plugins keep."""

from __future__ import annotations

import json
import re

from alm_workbench.errors import Conflict, ErrorItem, InvalidInput
from alm_workbench.shared.messages import Json
from alm_workbench.shared.plugins import LoadedPlugins

KEY = re.compile(r"[A-Za-z0-9][\w.:-]{0,199}")
MAX_BYTES = 64 * 1024


def check_value(key: str, value: Json) -> None:
    """Key and value of a write; raises ``InvalidInput``."""
    if not KEY.fullmatch(key):
        rule = "a letter or digit first, then letters, digits and . _ : -, at most 200 characters"
        raise InvalidInput(f"{key!r} is no key: {rule}", errors=[ErrorItem("/key", "pattern", rule)])
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > MAX_BYTES:
        rule = f"at most {MAX_BYTES} bytes of JSON, and this is {size}"
        raise InvalidInput(f"the value is too large: {rule}", errors=[ErrorItem("/value", "size", rule)])


def check_installed(plugin: str, loaded: LoadedPlugins) -> None:
    """Only a plugin that is installed and works may change what it keeps; raises ``Conflict``."""
    if plugin not in loaded.names:
        raise Conflict(f"the plugin {plugin} is not installed; what it kept can be read but not changed", plugin=plugin)
