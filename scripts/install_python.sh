#!/usr/bin/env bash
# Makes .venv with the locked dependencies and the project itself (editable, without building the front end).
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv
unset PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1 SKIP_JUPYTER_BUILDER=1

fail() {
  echo "alm-workbench: $*" >&2
  exit 2
}

new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  fail "Python 3.11 or newer is needed and none was found; install one, or name it: make install PYTHON=/path/to/python3."
}

if ! { [ -x $venv/bin/python ] && new_enough $venv/bin/python && $venv/bin/python -m pip --version >/dev/null 2>&1; }; then
  python=$(find_python)
  echo "Making $venv with $("$python" --version)"
  rm -rf $venv
  "$python" -m venv $venv ||
    fail "$python could not make a virtual environment; on Debian and Ubuntu install the package python3-venv and try again."
fi
py=$venv/bin/python
uv_lock=$venv/uv-requirement.txt

uv() {
  # uv reads no pip configuration: hand on the one setting that decides where packages come from
  local index
  index=$($py -m pip config get global.index-url 2>/dev/null || true)
  index=${PIP_INDEX_URL:-$index}
  if [ -n "$index" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"; fi
  $venv/bin/uv --quiet "$@"
}

# uv installs the lock in seconds where pip takes a minute or two; pip does as well
awk '/^uv==/ { on = 1; print; next } /^[^ #]/ { on = 0 } on' requirements.lock >$uv_lock
have_uv() {
  [ "$($venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = "$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' $uv_lock)" ] ||
    $py -m pip install -qq --require-hashes --no-deps -r $uv_lock
}
echo "Installing the Python packages of requirements.lock"
if ! { have_uv && uv pip install --python $py --require-hashes --no-deps -r requirements.lock; }; then
  echo "uv could not do it; using pip"
  $py -m pip install -qq --require-hashes --no-deps -r requirements.lock ||
    fail "The Python packages could not be installed; the lines above say why. Is the package index reachable?"
fi
$py -m pip install -qq --no-deps --no-build-isolation --no-index --editable .
