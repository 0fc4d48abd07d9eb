# SPDX-License-Identifier: MIT
"""events_watch - a sockview --events that has begun, and connections for it to tell of."""
import json
import socket
import subprocess
import threading
import time

import tap


class Watch:
    """Begun when it is made: sockets made from then on are told. Its lines are read as they come."""

    def __init__(self, *options, before=(), slow=False, program=None):
        self.process = subprocess.Popen([*before, program or tap.SOCKVIEW, "-E", "-v", "--for", "50", *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said, self.out = b"", bytearray()
        for line in self.process.stderr:
            self.said += line
            if line == b"sockview: watching\n":
                break
        self.by_bpf = b"a look every" not in self.said
        self.readers = [threading.Thread(target=self.read_errors, daemon=True)]
        if not slow:
            self.readers.append(threading.Thread(target=self.read_lines, daemon=True))
        for reader in self.readers:
            reader.start()

    def read_errors(self):
        for line in self.process.stderr:
            self.said += line

    def read_lines(self):
        while part := self.process.stdout.read1(1 << 20):
            self.out += part

    def until(self, word, count):
        """Waits for so many lines with the word: a message of a close comes when the kernel is done with the socket."""
        end = time.monotonic() + tap.COMMAND_SECONDS
        while self.out.count(word) < count and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.02)
        return self

    def catch_up(self):
        """A slow reader that reads at last."""
        self.readers.append(threading.Thread(target=self.read_lines, daemon=True))
        self.readers[-1].start()

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=tap.COMMAND_SECONDS)
        for reader in self.readers:
            reader.join(timeout=tap.COMMAND_SECONDS)
        return bytes(self.out)

    def events(self):
        return [json.loads(line) for line in self.end().splitlines()]

    def number(self, words):
        """The number before these words of what it said, all of them together; 0 if it did not say them."""
        found = 0
        for line in self.said.decode(errors="replace").splitlines():
            before, middle, _ = line.partition(" " + words)
            if middle:
                found += int(before.split()[-1])
        return found


def listener(host="127.0.0.1", family=socket.AF_INET, backlog=64):
    sock = socket.socket(family)
    sock.bind((host, 0))
    sock.listen(backlog)
    return sock


def talk(listening, sent, answered):
    """One connection: what both sides send, and its two ends."""
    client = socket.create_connection(listening.getsockname()[:2])
    server, _ = listening.accept()
    client.sendall(b"x" * sent)
    left = sent
    while left:
        left -= len(server.recv(left))
    server.sendall(b"y" * answered)
    left = answered
    while left:
        left -= len(client.recv(left))
    client.close()
    server.recv(1)
    server.close()


def named(events, kind):
    return [event for event in events if event["event"] == kind]
