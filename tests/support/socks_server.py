"""SOCKS5 proxy on the loopback address, for tests: it connects to one server, whatever address it is asked for."""

import asyncio
from types import TracebackType

GRANTED, UNREACHABLE = 0, 4
"""Replies of RFC 1928."""


class SocksServer:
    """Proxy without authentication. Records the addresses that it was asked for."""

    def __init__(self, target_port: int, *, reply: int = GRANTED) -> None:
        """
        Args:
            reply: answer to each request; all but `GRANTED` end the connection.
        """
        self._target_port = target_port
        self._reply = reply
        self.asked: list[tuple[str, int]] = []
        self.port = 0

    async def __aenter__(self) -> "SocksServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _, methods = await reader.readexactly(2)
            await reader.readexactly(methods)
            writer.write(b"\x05\x00")
            _, _, _, kind = await reader.readexactly(4)
            assert kind == 3, "a host name: the proxy resolves it"
            (length,) = await reader.readexactly(1)
            host = (await reader.readexactly(length)).decode()
            self.asked.append((host, int.from_bytes(await reader.readexactly(2), "big")))
            writer.write(b"\x05" + bytes([self._reply]) + b"\x00\x01\x00\x00\x00\x00\x00\x00")
            if self._reply == GRANTED:
                there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
                await asyncio.gather(_copy(reader, back), _copy(there, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    target.close()
