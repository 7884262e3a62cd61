#!/bin/sh
# Prints the Python to make the virtual environment with: 3.11 or newer, able to make one.
set -eu
for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3 python}; do
    if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$name"
        exit 0
    fi
done
echo "No Python 3.11 or newer with venv was found (tried: ${PYTHON:-python3.11 … python3.14, python3, python})." >&2
echo "Install one (Debian and Ubuntu: python3 and python3-venv; macOS: brew install python), or say make PYTHON=PATH." >&2
exit 1
