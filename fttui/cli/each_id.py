"""Commands that take several ids: one request an id, every refusal reported, one exit code."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from fttui.cli.exit_codes import DONE, FAILED, exit_code_of, message_of
from fttui.cli.output import TABLE, Column, Output, say

T = TypeVar("T")


async def for_each_id(ids: Sequence[str], act: Callable[[str], Awaitable[T]]) -> tuple[list[T], int]:
    """Call `act` for every id in turn. Returns the results and the exit code; prints every refusal.

    A refused key or an unreachable service ends the loop, and the remaining ids are printed.
    """
    from fttui.api.errors import ApiError, Unauthorized, Unreachable

    results: list[T] = []
    code = DONE
    for index, id in enumerate(ids):
        try:
            results.append(await act(id))
        except ApiError as error:
            say(f"fttui: {id}: {message_of(error)}" if len(ids) > 1 else f"fttui: {message_of(error)}")
            code = exit_code_of(error) if len(ids) == 1 else FAILED
            if isinstance(error, Unauthorized | Unreachable):
                code = exit_code_of(error)
                if rest := ids[index + 1 :]:
                    say(f"fttui: not sent: {', '.join(rest)}")
                break
    return results, code


async def delete_each(output: Output, ids: Sequence[str], delete: Callable[[str], Awaitable[Any]], kind: str) -> int:
    """Delete objects in turn and print them. Returns the exit code.

    Args:
        kind: `object` member of an answer that the service leaves empty.
    """

    async def act(id: str) -> tuple[str, Any]:
        return id, await delete(id) or {"id": id, "object": kind, "deleted": True}

    deleted, code = await for_each_id(ids, act)
    print_deleted(output, deleted, single=len(ids) == 1)
    return code


def print_deleted(output: Output, deleted: Sequence[tuple[str, Any]], *, single: bool) -> None:
    """Print the ids of deleted objects; with --json or --jsonl their raw answers, `single` one without a list."""
    if single and output.form != TABLE:
        for _, raw in deleted:
            output.print_line("", raw)
    else:
        output.print_list(deleted, [Column[tuple[str, Any]]("DELETED", lambda item: item[0])], raw=lambda item: item[1])
