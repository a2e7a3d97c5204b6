"""A stand-in for the kernel's configfs-tsm, as a FUSE file system: python3 report_directory.py MOUNTPOINT FAULTS

Semantics after Linux, drivers/virt/coco/guest/report.c: an entry is made with mkdir and removed with rmdir; what is written
to inblob counts when the file is closed, and an error of that is lost; outblob is made when it is read.

FAULTS is a file with a JSON list. Each report takes the first of it: null for none, the name of an errno for the read of
outblob, or "swallow" (the write is lost), "foreign" (somebody writes before outblob is read), "instead" (somebody writes,
and the own write is lost), "stale" (a quote of other data), "empty", "short", "version". MOUNTPOINT/entry is there from the
start, as one that root made.
"""

import errno
import json
import os
import stat
import sys

try:
    from fusepy import FUSE, FuseOSError, Operations
except ImportError:
    from fuse import FUSE, FuseOSError, Operations

MODES = {"inblob": 0o200, "outblob": 0o400, "generation": 0o400, "provider": 0o400}
FOREIGN = b"\xff" * 64


def quote_of(data, version=4):
    quote = bytearray(5006)
    quote[0] = version
    quote[568:632] = data
    return bytes(quote)


class Reports(Operations):
    def __init__(self, faults):
        self.faults = faults
        self.entries = {"entry": self.fresh()}
        self.written, self.next = {}, 0

    def init(self, path):
        print("mounted", flush=True)

    def fresh(self):
        return {"data": b"\0" * 64, "generation": 0, "out": None}

    def fault(self):
        with open(self.faults) as file:
            faults = json.load(file)
        if not faults:
            return None
        with open(self.faults, "w") as file:
            json.dump(faults[1:], file)
        return faults[0]

    def split(self, path):
        parts = [part for part in path.split("/") if part]
        if len(parts) > 2 or (parts and parts[0] not in self.entries):
            raise FuseOSError(errno.ENOENT)
        if len(parts) == 2 and parts[1] not in MODES:
            raise FuseOSError(errno.ENOENT)
        return parts + [None] * (2 - len(parts))

    def getattr(self, path, fh=None):
        entry, name = self.split(path)
        if name is None:
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        return {"st_mode": stat.S_IFREG | MODES[name], "st_nlink": 1, "st_size": 4096}

    def readdir(self, path, fh):
        entry, _ = self.split(path)
        return [".", "..", *(self.entries if entry is None else MODES)]

    def mkdir(self, path, mode):
        self.entries[path.strip("/")] = self.fresh()

    def rmdir(self, path):
        del self.entries[path.strip("/")]

    def unlink(self, path):
        raise FuseOSError(errno.EPERM)

    def create(self, path, mode, fi=None):
        raise FuseOSError(errno.EPERM)

    def truncate(self, path, length, fh=None):
        pass

    def open(self, path, flags):
        self.split(path)
        self.next += 1
        return self.next

    def write(self, path, data, offset, fh):
        if offset + len(data) > 64:
            raise FuseOSError(errno.EFBIG)
        self.written[fh] = self.written.get(fh, b"") + data
        return len(data)

    def flush(self, path, fh):
        # Not release, which the kernel sends after close() has returned.
        data = self.written.pop(fh, None)
        if data is None:
            return
        entry = self.entries[self.split(path)[0]]
        self.now = self.fault()
        if self.now not in ("swallow", "instead"):
            entry["data"] = data
            entry["generation"] += 1
        if self.now in ("foreign", "instead"):
            entry["data"] = FOREIGN
            entry["generation"] += 1

    def read(self, path, size, offset, fh):
        entry_name, name = self.split(path)
        entry = self.entries[entry_name]
        if name == "generation":
            text = b"%d\n" % entry["generation"]
        elif name == "provider":
            text = b"tdx_guest\n"
        else:
            text = self.outblob(entry)
        return text[offset : offset + size]

    def outblob(self, entry):
        now = self.now
        if isinstance(now, str) and now.isupper():
            raise FuseOSError(getattr(errno, now))
        if len(entry["data"]) != 64:
            raise FuseOSError(errno.EINVAL)
        whole = quote_of(FOREIGN if now == "stale" else entry["data"], version=3 if now == "version" else 4)
        return {"empty": b"", "short": whole[:600]}.get(now, whole)


if __name__ == "__main__":
    mountpoint, faults = sys.argv[1:]
    FUSE(Reports(faults), mountpoint, foreground=True, nothreads=True, direct_io=True)
