"""Checksums of rows in SQLite tables. They reveal bits that changed on the disk where SQLite itself notices nothing."""

import zlib

from fttui.sqlite import Connection


def row_sum(*values: object) -> int:
    """Return the checksum of the values of a row."""
    # `ascii` is the same in every version of Python; `repr` depends on its version of Unicode.
    return zlib.crc32(ascii(values).encode("ascii"))


def add_function(connection: Connection) -> None:
    """Let the SQL of a connection call `row_sum`."""
    connection.create_function("row_sum", -1, row_sum, deterministic=True)
