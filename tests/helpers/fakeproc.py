# SPDX-License-Identifier: MIT
"""fakeproc - a /proc made of plain files, for --proc-root: text tables and processes that never ran."""
import os

TCP_HEAD = ("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
            "                                                     ")
TCP6_HEAD = ("  sl  local_address                         remote_address                        st tx_queue rx_queue"
             " tr tm->when retrnsmt   uid  timeout inode")


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


class FakeProc:
    def __init__(self, root):
        self.root = root
        os.makedirs(os.path.join(root, "net"))

    def path(self, *parts):
        return os.path.join(self.root, *map(str, parts))

    def net(self, name, head, lines):
        write(self.path("net", name), "\n".join([head, *lines]) + "\n")

    def process(self, pid, comm, argv, fds, uid=0, ppid=1):
        """fds: {number: link target}, e.g. {3: "socket:[12345]"}."""
        comm = comm if isinstance(comm, bytes) else comm.encode()
        write(self.path(pid, "comm"), comm + b"\n")
        write(self.path(pid, "cmdline"), b"".join(os.fsencode(arg) + b"\0" for arg in argv))
        write(self.path(pid, "stat"), b"%d (%s) S %d" % (pid, comm, ppid) + b" 0" * 48 + b"\n")
        write(self.path(pid, "status"), b"Name:\t%s\nUid:\t%d\t%d\t%d\t%d\n" % (comm, uid, uid, uid, uid))
        for folder in ("fd", "task/%d/fd" % pid):
            os.makedirs(self.path(pid, folder))
            for number, target in fds.items():
                os.symlink(target, self.path(pid, folder, number))
