#!/bin/sh
# Looks for the other browsers that the client is tested in, Firefox and WebKitGTK, and installs what is missing where
# it can. What is still missing then is for the tests to say.
set -eu

complete() {
    command -v firefox-esr || command -v firefox
    command -v WebKitWebDriver
    command -v Xvfb
} >/dev/null

complete && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing the distribution's Firefox and WebKitGTK" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update >&2 || true
    apt-get install -y --no-install-recommends firefox-esr webkit2gtk-driver xvfb >&2 || true
fi
