"""What was read a moment ago is not read again, and is forgotten soon."""

import asyncio

import pytest

from backend.kit.brief_memory import BriefMemory

pytestmark = pytest.mark.anyio


class Reader:
    """Reads slowly, and says how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    async def __call__(self, key: str) -> str:
        self.asked.append(key)
        await asyncio.sleep(0.01)
        if self.fails:
            raise ConnectionError
        return key.upper()


async def test_many_who_ask_at_once_share_a_read() -> None:
    reader = Reader()
    memory = BriefMemory(reader, keep_s=60, most=10)
    assert await asyncio.gather(*(memory.get("a") for _ in range(9))) == ["A"] * 9
    assert await memory.get("a") == "A"
    assert reader.asked == ["a"]


async def test_what_is_too_old_is_read_again() -> None:
    reader = Reader()
    memory = BriefMemory(reader, keep_s=0.05, most=10)
    await memory.get("a")
    await asyncio.sleep(0.06)
    await memory.get("a")
    assert reader.asked == ["a", "a"]


async def test_a_read_that_fails_is_not_remembered() -> None:
    reader = Reader()
    memory = BriefMemory(reader, keep_s=60, most=10)
    reader.fails = True
    outcomes = await asyncio.gather(*(memory.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in outcomes] == [ConnectionError] * 3
    reader.fails = False
    assert await memory.get("a") == "A"


async def test_one_who_gives_up_does_not_disturb_the_others() -> None:
    memory = BriefMemory(Reader(), keep_s=60, most=10)
    first, second = asyncio.create_task(memory.get("a")), asyncio.create_task(memory.get("a"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "A"


async def test_memory_is_bounded() -> None:
    reader = Reader()
    memory = BriefMemory(reader, keep_s=60, most=3)
    for number in range(100):
        await memory.get(str(number))
    assert len(memory._known) <= 3
