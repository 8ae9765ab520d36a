"""Archives of any kind, sound and hostile."""

from __future__ import annotations

import io
import tarfile

GNU, PAX, USTAR = tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT


def entry_of(name: str, size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = size, 1.5
    return info


def tar_of(kind: int, *infos: tarfile.TarInfo) -> bytes:
    """An archive of files of zeros."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    return file.getvalue()


def header(name: str = "x", size: int | None = 0, kind: bytes = b"0") -> bytes:
    """One block, with any size that 11 bytes of base 256 can hold."""
    block = bytearray(tarfile.TarInfo(name).tobuf(USTAR)[:512])
    block[156:157] = kind
    if size:
        marked = (1 << 95 if size >= 0 else 0) | size % (1 << (95 if size >= 0 else 96))
        block[124:136] = marked.to_bytes(12, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def described(kind: bytes, payload: bytes) -> bytes:
    """A header that describes the next one, with its content."""
    return header("h", len(payload), kind) + payload + bytes(-len(payload) % 512)


def pax(key: str, value: str) -> bytes:
    length = len(key) + len(value) + 3
    while len(f"{length} {key}={value}\n") != length:
        length += 1
    return f"{length} {key}={value}\n".encode()


_SPARSE_1 = pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0")
HOSTILE = {
    "a negative size": header(size=-512),
    "a negative size that comes back": header(size=-1024),
    "a very negative size": header(size=-(2**80)),
    "a size beyond the file": header(size=2**40),
    "a size beyond any file": header(size=2**80),
    "sparse 0.1 without numbers": described(b"x", pax("GNU.sparse.map", "0,x,3")) + header(),
    "sparse 0.0 without numbers": described(
        b"x", pax("GNU.sparse.size", "x") + pax("GNU.sparse.offset", "9")
    )
    + header(),
    "sparse 1.0 without lines": described(b"x", _SPARSE_1) + header(size=512) + b"9" * 512,
    "sparse 1.0 without an end": described(b"x", _SPARSE_1) + header(size=512) + b"\n" * 512,
    "a chain of pax headers": described(b"x", b"") * 1200 + header(),
    "a chain of global headers": described(b"g", b"") * 1200 + header(),
    "a chain of long names": described(b"L", b"a\0") * 1200 + header(),
    "a name of a megabyte": described(b"L", b"a" * 2**20) + header(),
    "a name of 5,000 bytes": described(b"L", b"a" * 5000) + header(),
    "a pax header of two megabytes": described(b"x", pax("comment", "a" * 2**21)) + header(),
    "a header of a negative size": header(size=-512, kind=b"x") + header(),
    "a header of an endless size": header(size=2**80, kind=b"x") + header(),
    "many global headers": b"".join(
        described(b"g", pax(f"comment{number}", "a" * 2**17)) + header() for number in range(9)
    ),
    "a wrong checksum": b"x" * 512,
    "pax records of no length": described(b"x", b"0 a=b\n") + header(),
    "a number that is none": header()[:124] + b"zzzzzzzzzzz\0" + header()[136:],
}
"""What may come where a header of a member should."""
