"""Real servers on loopback that refuse, hang, answer by halves and reset: which failure may be called again."""

import asyncio
import contextlib
import socket
import struct
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from channels.contract import ChannelError, DeliveryUnknown, Permanent, Retryable
from channels.http import ANSWER_BYTES, Http
from tests.support.ports import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SECRET = "123456:top-secret"
PATH = f"/bot{SECRET}/sendMessage"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on a free port; what is still open at the end is cut."""
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def calling(base: str, **options: float) -> AsyncIterator[Http]:
    http = Http(base, **({"connect_s": 20.0, "total_s": 20.0, "idle_s": 20.0} | options))
    try:
        yield http
    finally:
        await http.close()


async def request(reader: asyncio.StreamReader) -> bytes:
    """One whole request as it came."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


async def failure(http: Http, body: bytes = b"{}") -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await http.post(PATH, body, {"Content-Type": "application/json"})
    error = caught.value
    assert SECRET not in repr(error)
    assert error.__context__ is None  # aiohttp's errors quote the URL
    assert error.__cause__ is None
    return error


# ---- it works


async def test_bytes_out_status_and_bytes_back_on_one_connection() -> None:
    seen: list[bytes] = []
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            seen.append(await request(reader))
            writer.write(b"HTTP/1.1 429 Slow\r\nSet-Cookie: a=b\r\nContent-Length: 3\r\n\r\nno!")

    async with serving(handler) as base, calling(base + "/") as http:
        for _ in range(3):
            assert await http.post(PATH, b'{"a":1}', {"Content-Type": "application/json"}) == (429, b"no!")
    assert connections == 1
    assert all(
        item.startswith(f"POST {PATH} HTTP/1.1\r\n".encode()) and item.endswith(b'\r\n\r\n{"a":1}') for item in seen
    )
    assert not any(b"cookie" in item.lower() for item in seen)
    assert all(b"accept-encoding: identity" in item.lower() for item in seen)


async def test_a_large_body_goes_out_whole() -> None:
    sizes: list[int] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sizes.append(len((await request(reader)).partition(b"\r\n\r\n")[2]))
        writer.write(OK)

    async with serving(handler) as base, calling(base) as http:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert await http.post(PATH, b"x" * 3_000_000, {}) == (200, b"ok")
    assert sizes == [3_000_000]


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, b"ok")),
        (b"HTTP/1.1 204 No\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", (200, b"ok")),
        (b"HTTP/1.1 400 No\r\nConnection: close\r\n\r\nno", (400, b"no")),
    ],
)
async def test_an_answer_in_any_shape_and_in_pieces(answer: bytes, read: tuple[int, bytes]) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            for at in range(0, len(answer), 7):
                writer.write(answer[at : at + 7])
                await asyncio.sleep(0)
            if b"close" in answer:
                writer.close()
                return

    async with serving(handler) as base, calling(base) as http:
        for _ in range(2):
            assert await http.post(PATH, b"{}", {}) == read


async def test_a_header_of_two_lines_never_leaves() -> None:
    async with calling("http://127.0.0.1:1") as http:
        for name, value in (("X-A", "b\r\nX-C: d"), ("X-A\n", "b")):
            with pytest.raises(Retryable, match="ValueError"):
                await http.post(PATH, b"", {name: value})


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    async with serving(handler) as base, calling(base) as http:
        assert await http.post(PATH, b"", {}) == (307, b"")


async def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)

    async with serving(handler) as base, calling(base) as http:
        assert await http.post(PATH, b"{}", {}) == (200, b"ok")


# ---- never reached: may be called again


async def test_refused() -> None:
    async with calling(f"http://127.0.0.1:{free_port()}") as http:
        assert isinstance(await failure(http), Retryable)


async def test_no_such_name() -> None:
    async with calling("http://nowhere.invalid") as http:
        assert isinstance(await failure(http), Retryable)


async def test_no_tls_there() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
        writer.close()

    async with serving(handler) as base, calling(base.replace("http:", "https:")) as http:
        assert isinstance(await failure(http), Retryable)


async def test_reset_during_the_tls_handshake() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        reset(writer)

    async with serving(handler) as base, calling(base.replace("http:", "https:")) as http:
        assert isinstance(await failure(http), Retryable)


async def test_tls_handshake_that_hangs() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(handler) as base, calling(base.replace("http:", "https:"), connect_s=0.1) as http:
        assert isinstance(await failure(http), Retryable)


async def test_connection_that_is_never_taken() -> None:
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # Linux lets backlog + 1 in and drops the rest
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        async with calling(f"http://127.0.0.1:{full.getsockname()[1]}", connect_s=0.1) as http:
            assert isinstance(await failure(http), Retryable)


async def test_waiting_for_a_free_connection() -> None:
    arrived = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        arrived.set()
        await reader.read()

    async with serving(handler) as base, calling(base, connect_s=0.5, limit=1) as http:
        holder = asyncio.create_task(http.post(PATH, b"{}", {}))
        await arrived.wait()
        assert isinstance(await failure(http), Retryable)
        holder.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holder


async def test_closed_client_and_wrong_base() -> None:
    async with calling("http://127.0.0.1:1") as http:
        await http.close()
        assert isinstance(await failure(http), Retryable)
    for base in ("ftp://127.0.0.1", "127.0.0.1", "http://", "http://127.0.0.1:99999"):
        async with calling(base) as http:
            assert isinstance(await failure(http), Retryable)


async def test_a_path_leads_nowhere_else() -> None:
    async with calling("http://127.0.0.1:1") as http:
        with pytest.raises(Retryable):
            await http.post("@example.com/", b"", {})


# ---- from the first byte on: nobody knows


def reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize(
    "answer",
    [
        b"",  # closes without a word
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (ANSWER_BYTES + 1),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * (ANSWER_BYTES + 1),
    ],
)
async def test_half_an_answer(answer: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer)
        writer.close()

    async with serving(handler) as base, calling(base) as http:
        assert isinstance(await failure(http), DeliveryUnknown)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
async def test_reset_after_the_request(answer: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer)
        reset(writer)

    async with serving(handler) as base, calling(base) as http:
        assert isinstance(await failure(http), DeliveryUnknown)


async def test_reset_in_the_middle_of_the_request() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        reset(writer)

    async with serving(handler) as base, calling(base) as http:
        assert isinstance(await failure(http, b"x" * 20_000_000), DeliveryUnknown)


@pytest.mark.parametrize("limit", ["idle_s", "total_s"])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
async def test_hangs_after_the_request(limit: str, answer: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer)
        await reader.read()

    async with serving(handler) as base, calling(base, **{limit: 0.5}) as http:
        assert isinstance(await failure(http), DeliveryUnknown)


async def test_does_not_read_the_request() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()
        await asyncio.get_running_loop().create_future()

    async with serving(handler) as base, calling(base, total_s=1.0) as http:
        assert isinstance(await failure(http, b"x" * 20_000_000), DeliveryUnknown)


async def test_answers_before_it_has_read_and_closes() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with serving(handler) as base, calling(base) as http:
        try:
            status, _ = await http.post(PATH, b"x" * 20_000_000, {})
        except DeliveryUnknown:
            return  # the reset may win the race
        assert status == 413


# ---- reading


async def test_a_file_is_cut_off_while_it_streams() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 5000)
        writer.close()

    async with serving(handler) as base, calling(base) as http:
        with pytest.raises(Permanent) as caught:
            await http.get(f"/file/bot{SECRET}/a.jpg", {}, cap=4999)
        assert caught.value.reason == "too_large"
        assert caught.value.__context__ is None
        assert await http.get("/file", {}, cap=5000) == (200, b"z" * 5000)


async def test_a_lost_read_may_be_read_again() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        writer.close()

    async with serving(handler) as base, calling(base) as http:
        with pytest.raises(Retryable) as caught:
            await http.get("/file", {})
        assert caught.value.__context__ is None


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_kept_connection_that_dies_under_the_second_call_is_not_called_again(method: str) -> None:
    requests = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await request(reader)
        requests += 1
        writer.write(OK)
        await request(reader)
        requests += 1
        writer.close()

    async with serving(handler) as base, calling(base) as http:
        for answered in (True, False):
            call = http.get(PATH, {}) if method == "get" else http.post(PATH, b"", {})
            if answered:
                assert await call == (200, b"ok")
            else:
                with pytest.raises(Retryable if method == "get" else DeliveryUnknown):
                    await call
    assert requests == 2


async def test_a_small_body_and_a_large_one_look_the_same_on_the_wire() -> None:
    """Small ones are written by us, large ones by the library."""
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await request(reader))
            writer.write(OK)

    async with serving(handler) as base, calling(base) as http:
        for size in (1, 1 << 15, (1 << 15) + 1, (1 << 19) + 1):
            assert await http.post("/sendMessage?a=%20b", b"x" * size, {"Content-Type": "text/x"}) == (200, b"ok")
    split = [one.partition(b"\r\n\r\n") for one in seen]
    assert [len(body) for _, _, body in split] == [1, 1 << 15, (1 << 15) + 1, (1 << 19) + 1]
    heads = [(head + b"\r\n").replace(b": %d\r\n" % len(body), b": N\r\n") for head, _, body in split]
    assert len({(head.split(b"\r\n")[0], *sorted(head.lower().split(b"\r\n")[1:])) for head in heads}) == 1
