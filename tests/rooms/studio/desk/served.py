"""A desk on a real port, served from a thread; items in six scripts, hostile ones among them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from dono.ratings import Candidate, Desk, DeskSettings, EventStore, Item, Pay, Response, Turn
from dono.studio.desk import make_app

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">{{ 7*7 }}"
HINDI = [
    ("मेरा पार्सल कब तक आएगा?", "नमस्ते! आपका पार्सल कल शाम तक पहुँच जाएगा। देरी के लिए क्षमा करें।", "पता नहीं।"),
    ("रुपये वापस कब मिलेंगे?", "तीन दिनों में आपके खाते में ₹499 लौट आएँगे।", "जल्दी ही मिल जाएँगे, धैर्य रखें।"),
    ("क्या आप रविवार को खुले हैं?", "जी हाँ, रविवार को सुबह दस से शाम छह बजे तक।", HOSTILE),
]
TAMIL = [
    ("என் பார்சல் எப்போது வரும்?", "வணக்கம்! உங்கள் பார்சல் நாளை மாலைக்குள் வந்து சேரும்.", "தெரியாது."),
    ("பணம் எப்போது திரும்பக் கிடைக்கும்?", "மூன்று நாட்களில் ₹499 உங்கள் கணக்கில் வரும்.", "விரைவில் கிடைக்கும்."),
    ("ஞாயிற்றுக்கிழமை திறந்திருக்குமா?", "ஆம், காலை பத்து முதல் மாலை ஆறு வரை.", "ஸ்ரீ"),
]
MODELS = ("amber-large", "birch-small")
CLIENTS: list[httpx.Client] = []
"""Opened while a desk is served, closed with it."""


def pairs(language: str, texts: list[tuple[str, str, str]]) -> list[Item]:
    """Pairs between two models."""
    return [
        Item(
            id=f"secret-item-{language}-{i}", kind="pair", language=language, prompt=(Turn(role="user", text=asked),),
            answers=(Candidate(text=one, model=MODELS[0]), Candidate(text=other, model=MODELS[1])),
        )
        for i, (asked, one, other) in enumerate(texts)
    ]  # fmt: skip


def practice(language: str, texts: tuple[str, str, str]) -> Item:
    """A training item whose first answer is the expected one."""
    one = pairs(language, [texts])[0]
    more = {"id": f"practice-{language}", "purpose": "training", "expected": Response(choice="1")}
    return one.model_copy(update={**more, "explanation": "The better answer says when."})


def open_desk(place: Path, **settings: object) -> Desk:
    """A desk with Hindi and Tamil items."""
    desk = Desk(EventStore(place))
    fields = {"title": "Festival desk", "gold_every": 0, "repeat_every": 0, "overlap": 1, "pay": Pay(per_hour=240.0)}
    desk.configure(DeskSettings.model_validate(fields | settings))
    desk.add_items([*pairs("hi", HINDI), *pairs("ta", TAMIL)])
    return desk


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """The desk's address while it is served."""
    with serving(make_app(desk)) as address:
        yield address


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of an application while it is served."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", access_log=False, timeout_keep_alive=1, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            while CLIENTS:
                CLIENTS.pop().close()
            server.should_exit = True
            thread.join()


def stranger(address: str, *, follow: bool = True) -> httpx.Client:
    """A browser without a script."""
    client = httpx.Client(base_url=address, follow_redirects=follow, trust_env=False, timeout=60)
    CLIENTS.append(client)
    return client


def entered(address: str, token: str) -> httpx.Client:
    """A browser without a script that has followed its link."""
    client = stranger(address)
    client.get(f"/enter/{token}")
    return client
