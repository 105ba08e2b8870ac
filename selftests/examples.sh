#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples of the textbook's concepts print what they should.

exec "$(dirname "$0")/../userlib/examples/run-examples.sh"
