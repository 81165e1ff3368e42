"""Fast server with 1,000 jobs (or the number in its argument) in pages of a hundred.

`python -m tests.benchmarks.pages` prints its port. With an argument, the last job is running. It has
neither events nor files.
"""

import asyncio
import json
import sys

JOBS, PAGE = 1000, 100


def job(number: int, running: int = 0) -> dict[str, object]:
    """Return a job as OpenAI sends it. The job with the number `running` is running."""
    return {
        "object": "fine_tuning.job",
        "id": f"ftjob-{number:024d}",
        "model": "gpt-4.1-nano-2025-04-14",
        "created_at": 1_760_000_000 + number,
        "finished_at": 1_760_000_900 + number,
        "fine_tuned_model": f"ft:gpt-4.1-nano-2025-04-14:acme:support-{number}:{number:08d}",
        "organization_id": "org-0123456789abcdef",
        "result_files": [f"file-{number:024d}"],
        "status": "running" if number == running else "succeeded",
        "validation_file": None,
        "training_file": "file-abcdefghijklmnop",
        "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.8},
        "trained_tokens": 123_456,
        "error": {},
        "user_provided_suffix": f"support-{number}",
        "seed": number,
        "estimated_finish": None,
        "integrations": [],
        "metadata": {"team": "support", "run": str(number)},
        "usage_metrics": None,
        "shared_with_openai": False,
        "eval_id": None,
        "method": {
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.8}},
        },
    }


def answer(value: object) -> bytes:
    """Return an HTTP response as bytes."""
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answers(total: int, running: int) -> dict[bytes, bytes]:
    """Return all responses by cursor or job id."""
    jobs = [job(number, running) for number in range(total, 0, -1)]
    found = {str(item["id"]).encode(): answer(item) for item in jobs if item["id"] == f"ftjob-{running:024d}"}
    pages = {}
    for start in range(0, total, PAGE):
        cursor = str(jobs[start - 1]["id"]) if start else ""
        page = {"object": "list", "data": jobs[start : start + PAGE], "has_more": start + PAGE < total}
        pages[b"after=" + cursor.encode()] = answer(page)
    return found | pages


async def serve(total: int, running: int) -> None:
    ready = answers(total, running)
    nothing = answer({"object": "list", "data": [], "has_more": False})

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                path, _, query = line.split(b" ")[1].partition(b"?")
                after = b"after=" + query.partition(b"after=")[2].partition(b"&")[0]
                last = path.rpartition(b"/")[2]
                writer.write(ready.get(after if last == b"jobs" else last, nothing))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # It ends with whoever started it, however that ends.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    given = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    asyncio.run(serve(given or JOBS, given))
