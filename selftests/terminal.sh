#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of ipcbox top as somebody sees it who sits at a terminal. The module must
# be loaded. The command is that of cli.sh.

here=$(cd "$(dirname "$0")" && pwd)
bin=${IPCBOX_BIN:-$here/../userlib/build}
[ -x "$bin/ipcbox" ] && PATH=$(cd "$bin" && pwd):$PATH
if ! command -v python3 > /dev/null; then
	echo "1..0 # SKIP there is no python3 to play the terminal"
	exit 4
fi
if ! reason=$(ipcbox info 2>&1); then
	echo "1..0 # SKIP $reason"
	exit 4
fi
exec python3 -u "$here/terminal_helper.py"
