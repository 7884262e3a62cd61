#!/bin/sh
# Makes the environment of the tools that benchmarks compare with, apart from ours: nothing of it is a dependency.
#     scripts/peers.sh FOLDER
set -eu
folder=$1
# Raise it when another version is to be measured.
wanted="img2dataset==1.47.0 granian==2.8.7 uvicorn==0.54.0 httptools==0.9.0"
if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
# Its code needs `imghdr`, which Python 3.13 has no longer.
python=$(PYTHON="${PYTHON:-python3.11 python3.12}" scripts/python.sh)
"$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check $wanted
echo "$wanted" >"$folder/.installed"
