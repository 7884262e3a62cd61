#!/bin/sh
# Prints the path of a Chromium for the browser tests, and installs one where there is none.
#   chromium.sh VENV        CHROMIUM=PATH names one
set -eu
python=$1/bin/python

# A name is not enough: Ubuntu's chromium-browser is a stub that asks for snap.
runs() {
    [ -n "$1" ] && "$1" --version >/dev/null 2>&1
}

on_path() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        path=$(command -v "$name" || true)
        if runs "$path"; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

playwrights() {
    path=$("$python" -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)') && runs "$path" && echo "$path"
}

if [ -n "${CHROMIUM:-}" ]; then
    if ! runs "$CHROMIUM"; then
        echo "CHROMIUM=$CHROMIUM does not run; name a Chromium or Chrome, or unset it." >&2
        exit 1
    fi
    echo "$CHROMIUM"
    exit 0
fi
on_path || playwrights && exit 0

echo "No Chromium on this machine: installing Playwright's" >&2
downloaded=yes
"$python" -m playwright install chromium >&2 || downloaded=no
playwrights && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update >&2 || true
    if [ $downloaded = yes ]; then
        echo "Playwright's Chromium does not run yet: installing its libraries" >&2
        "$python" -m playwright install-deps chromium >&2 || true
        playwrights && exit 0
    fi
    echo "Installing the distribution's Chromium" >&2
    apt-get install -y --no-install-recommends chromium >&2 || true
    on_path && exit 0
fi
echo "The browser tests need Chromium: install it (Debian: apt-get install chromium), or say make test CHROMIUM=PATH." >&2
exit 1
