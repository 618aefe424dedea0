"""Zip archives in memory: the directory is judged before any member is unpacked."""

import struct
import zipfile
from collections.abc import Iterator
from io import BytesIO

from thalweg.interop.checkpoints.refusal import Refused, check_name, check_total

MOST_MEMBERS = 100_000
MANY = 0xFFFF  # stands for a number that the longer end record holds
ENTRY_MARK, END_MARK = b"PK\x01\x02", b"PK\x05\x06"
LOCAL_HEADER, DESCRIPTOR = 30, 24  # bytes; a descriptor has at most so many
ENCRYPTED, DESCRIBED = 0x1, 0x8


def check_zip(data: bytes, budget: int) -> zipfile.ZipFile:
    """Return the archive if its directory is sound and promises no more than the budget.

    Refused are: names that climb, twins, members that overlap, anything before the first or
    after the last, encryption, exotic compression, too many members, too many bytes.

    Raises:
        Refused: any of these.
        zipfile.BadZipFile: no archive at all.
    """
    if data.count(ENTRY_MARK) > MOST_MEMBERS:
        raise Refused(f"more than {MOST_MEMBERS:,} members")
    archive = zipfile.ZipFile(BytesIO(data))
    members = archive.infolist()
    names = [check_name(member.orig_filename) for member in members]
    if len(set(names)) != len(names):
        raise Refused("two members of one name")
    check_total(sum(member.file_size for member in members), budget)
    for member in members:
        if member.flag_bits & ENCRYPTED:
            raise Refused(f"the encrypted member {member.filename!r}", "save it without a password")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(f"an unknown compression of {member.filename!r}", "use deflate or none")
    _check_places(data, archive)
    return archive


def whole_members(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield each member's name and bytes; its checksum was right.

    Raises:
        zipfile.BadZipFile: a checksum is wrong, or the local header disagrees.
    """
    for member in archive.infolist():
        with archive.open(member) as file:  # asking for a size keeps it from inflating more
            yield member.filename, file.read(member.file_size + 1)


def _check_places(data: bytes, archive: zipfile.ZipFile) -> None:
    """Refuse unless members, directory and its end follow each other without gaps."""
    members = sorted(archive.infolist(), key=lambda member: member.header_offset)
    end, spare = 0, 0
    for member in members:
        at = member.header_offset
        if not end <= at <= end + spare:
            raise Refused(f"the member {member.filename!r} out of place")
        end = at + LOCAL_HEADER + sum(struct.unpack_from("<HH", data, at + 26))
        end += member.compress_size
        spare = DESCRIPTOR if member.flag_bits & DESCRIBED else 0
    count = int.from_bytes(data[-12:-10], "little")  # in the end record, which has no comment
    told = data[-22:-18] == END_MARK and count in (len(members), MANY)
    if not told or not end <= archive.start_dir <= end + spare:
        raise Refused("an archive whose members are not those of its directory")
