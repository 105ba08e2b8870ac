#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tests of ipcbox top at a terminal: keys, sizes, signals.

usage: terminal_helper.py

Run by terminal.sh. The terminal is a pty; whatever the program is made to do, it
must give it back as it was. Prints TAP.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

ENTER = b"\x1b[?1049h"
LEAVE = b"\x1b[?1049l"
CURSOR = b"\x1b[?25h"
WRAP = b"\x1b[?7h"
PATIENCE = 30


class Failure(Exception):
    pass


class Terminal:
    """ipcbox top in a terminal of its own, as the job in the foreground."""

    def __init__(self, *arguments, rows=24, columns=80):
        self.seen = b""
        self.keeper_in, keeper_in = os.pipe()
        keeper_out, self.keeper_out = os.pipe()
        pid, self.fd = pty.fork()
        if not pid:
            os.close(self.keeper_in)
            os.close(self.keeper_out)
            self.keep(keeper_in, keeper_out, arguments, (rows, columns))
        self.keeper = pid
        os.close(keeper_in)
        os.close(keeper_out)
        self.pid = int(self.told())
        self.before = self.modes()
        os.write(self.keeper_out, b"\n")
        self.wait_for(ENTER)

    def keep(self, tell, listen, arguments, size):
        """As a shell does: without one, nobody can be stopped by ^Z."""
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        self.fd = 0
        self.resize(*size)
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.write(tell, b"%d\n" % os.getpid())
            os.read(listen, 1)
            os.execvp("ipcbox", ("ipcbox", "top") + arguments)
        while True:
            _, status = os.waitpid(pid, os.WUNTRACED)
            os.write(tell, b"%d\n" % status)
            if not os.WIFSTOPPED(status):
                os._exit(0)

    def told(self):
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.keeper_in, self.fd], [], [],
                                        PATIENCE)
            if not ready:
                raise Failure(f"nothing happens; on the screen: {self.seen!r}")
            if self.keeper_in in ready:
                line += os.read(self.keeper_in, 1)
            elif not self.read():
                raise Failure("the terminal has gone")
        return line

    def status(self):
        """How it ended or was stopped, and what it showed until then."""
        status = int(self.told())
        while select.select([self.fd], [], [], 0.2)[0] and self.read():
            pass
        return status

    def read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def wait_for(self, text):
        """Until it is seen, in what comes from now on."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise Failure(f"{text!r} is not in {self.seen!r}")
            if not self.read():
                raise Failure(f"the end, and no {text!r} in {self.seen!r}")

    def press(self, key, then):
        self.seen = b""
        os.write(self.fd, key)
        if then:
            self.wait_for(then)

    def modes(self):
        return termios.tcgetattr(self.fd)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def picture(self):
        """The lines of a whole picture, without what they are drawn with."""
        self.seen = b""
        self.wait_for(b"\x1b[H")
        self.seen = self.seen[self.seen.index(b"\x1b[H"):]
        self.wait_for(b"\x1b[J")
        text = self.seen[3:self.seen.index(b"\x1b[J")]
        for code in b"\x1b[K", b"\x1b[7m", b"\x1b[1m", b"\x1b[m":
            text = text.replace(code, b"")
        return text.decode().split("\r\n")[:-1]

    def given_back(self):
        """The terminal is as it was before."""
        expect(LEAVE in self.seen, f"no {LEAVE!r} in {self.seen!r}")
        expect(CURSOR in self.seen, "the cursor stays away")
        expect(WRAP in self.seen, "lines are cut from now on")
        expect(self.modes() == self.before, "the terminal has other modes")

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(self.fd)
        os.close(self.keeper_in)
        os.close(self.keeper_out)
        os.waitpid(self.keeper, 0)


def expect(true, what):
    if not true:
        raise Failure(what)


def ipcbox(*arguments):
    subprocess.run(("ipcbox",) + arguments, check=True,
                   stdout=subprocess.DEVNULL)


def test_a_picture_and_its_end(terminal):
    terminal.wait_for(b"terminal-test")
    expect(terminal.modes() != terminal.before, "keys would wait for a newline")
    lines = terminal.picture()
    expect("ports, by SENT/S" in lines[0], lines[0])
    expect(lines[1].split()[:2] == ["ID", "NAME"], lines[1])
    expect(max(map(len, lines[1:])) <= 80, "a line is too long")
    terminal.press(b"q", None)
    expect(terminal.status() == 0, "exit status")
    terminal.given_back()


def test_keys(terminal):
    terminal.press(b"u", b"MAX-BYTES")
    terminal.press(b"s", b", by UID")
    terminal.press(b"p", b"QUEUED")
    terminal.press(b"s", b", by RECV/S")
    # the other keys, one of which is several bytes, do nothing
    for key in b"x", b"\x1b[A", b" ", b"\n":
        terminal.press(key, b", by RECV/S")
    terminal.press(b"q", None)
    expect(terminal.status() == 0, "exit status")


def test_looks_again_by_itself(terminal):
    terminal.picture()
    ipcbox("send", "terminal-test", "hello")
    end = time.monotonic() + PATIENCE
    while True:
        row = [line.split() for line in terminal.picture()
               if "terminal-test" in line]
        if row[0][2] == "1":
            break
        expect(time.monotonic() < end, f"the message is not seen: {row}")


def test_other_sizes(terminal):
    for rows, columns in (10, 40), (5, 30), (3, 20), (50, 200), (24, 80):
        terminal.resize(rows, columns)
        terminal.picture()
        lines = terminal.picture()
        expect(len(lines) < max(rows, 3), f"{len(lines)} lines of {rows}")
        titles = lines[1].split()
        expect("QUEUED" in titles, lines[1])
        expect(("KIND" in titles) == (columns == 200), lines[1])


def end_by(terminal, number, send):
    send()
    expect(terminal.status() == number, "it did not end as by the signal")
    terminal.given_back()


def test_interrupted_by_a_key(terminal):
    end_by(terminal, signal.SIGINT, lambda: os.write(terminal.fd, b"\x03"))


def test_quit_by_a_key(terminal):
    os.write(terminal.fd, b"\x1c")
    status = terminal.status()
    expect(os.WTERMSIG(status) == signal.SIGQUIT, f"status {status:#x}")
    terminal.given_back()


def test_terminated(terminal):
    end_by(terminal, signal.SIGTERM,
           lambda: os.kill(terminal.pid, signal.SIGTERM))


def test_hung_up(terminal):
    end_by(terminal, signal.SIGHUP,
           lambda: os.kill(terminal.pid, signal.SIGHUP))


def test_stopped_and_continued(terminal):
    for _ in range(2):
        terminal.press(b"\x1a", LEAVE)
        status = terminal.status()
        expect(os.WIFSTOPPED(status) and
               os.WSTOPSIG(status) == signal.SIGTSTP, f"status {status:#x}")
        terminal.given_back()
        terminal.seen = b""
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for(ENTER)
        terminal.picture()
        expect(terminal.modes() != terminal.before, "keys wait for a newline")
    terminal.press(b"q", None)
    expect(terminal.status() == 0, "exit status")
    terminal.given_back()


def run(number, test):
    name = test.__name__.removeprefix("test_")
    ipcbox("create", "-q", "--excl", "terminal-test")
    terminal = None
    try:
        terminal = Terminal("--interval", "0.2")
        test(terminal)
    except Failure as failure:
        print(f"# {failure}\nnot ok {number} {name}")
        return False
    finally:
        if terminal:
            terminal.close()
        ipcbox("rm", "terminal-test")
    print(f"ok {number} {name}")
    return True


def main():
    tests = [test for name, test in globals().items()
             if name.startswith("test_")]
    print(f"TAP version 13\n1..{len(tests)}")
    results = [run(i, test) for i, test in enumerate(tests, 1)]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
