#!/usr/bin/env bash
# Says in one sentence what is missing to build the front end.
set -euo pipefail
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "alm-workbench: building the front end needs Node 20 or newer with npm, and none was found; install it and try again." >&2
  exit 2
fi
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  echo "alm-workbench: building the front end needs Node 20 or newer, and this is $(node --version); update it and try again." >&2
  exit 2
fi
