"""CRC-32C (Castagnoli), with the mask of TFRecord files. The standard library has only the CRC of zlib."""


def _table() -> list[int]:
    rows = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        rows.append(value)
    return rows


_ROWS = _table()


def masked(data: bytes) -> int:
    """Return the masked checksum that stands in a TFRecord file."""
    crc = 0xFFFF_FFFF
    rows = _ROWS
    for byte in data:
        crc = crc >> 8 ^ rows[(crc ^ byte) & 255]
    crc ^= 0xFFFF_FFFF
    return ((crc >> 15 | crc << 17) + 0xA282_EAD8) & 0xFFFF_FFFF
