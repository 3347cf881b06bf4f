"""Gathering in shards: the same bytes whatever the number of workers, killed and gone on with, memory bounded."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from dono.corpus import LocalFile, documents, duplicates, engine, gather, read_documents
from dono.corpus.code_identity import code_identity
from dono.corpus.gather import PLAN, SHARDS
from dono.corpus.identities import Identities
from dono.corpus.privacy import key_fingerprint
from dono.corpus.shards import Shard, plan_shards
from dono.corpus.sources import checked_parts
from dono.errors import Mistake
from dono.project import Cleaning, Privacy, Source
from dono.runners import Tell, Work, open_runner
from tests.rooms.corpus.gathered import KILLED, SHARD, files_of, run, write_corpus

DOCUMENTS = 3_000
GATHER = sys.modules["dono.corpus.gather"]
"""The module; the package has a function of the same name."""


class Breaks(Exception):
    """Whatever stops a gathering half way."""


def breaks(*found: object) -> None:
    raise Breaks


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    return write_corpus(tmp_path_factory.mktemp("corpus"), DOCUMENTS)


@pytest.fixture(scope="module")
def whole(sources: list[Source], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gathered in one go by one process."""
    folder = tmp_path_factory.mktemp("whole")
    run(sources, folder)
    return folder


def asked(sources: Sequence[Source], base: Path, folder: Path, workers: int) -> list[str]:
    """The command that gathers in a process of its own."""
    listed = base / "sources.json"
    listed.write_text(json.dumps([s.model_dump(mode="json", exclude_defaults=True) for s in sources]), encoding="utf8")
    return [sys.executable, "-m", "tests.rooms.corpus.gathered", str(listed), str(folder), str(workers)]


def test_the_files_are_the_same_to_the_byte_whatever_the_number_of_workers(
    sources: list[Source], whole: Path, tmp_path: Path
) -> None:
    run(sources, tmp_path / "three", workers=3)
    assert files_of(tmp_path / "three") == files_of(whole)
    assert set(files_of(whole)) == {"documents.parquet", "rejects.jsonl", "drops.jsonl", "survey.json"}


def test_a_file_that_is_cut_gives_the_documents_and_line_numbers_of_the_whole_file(
    sources: list[Source], whole: Path, tmp_path: Path
) -> None:
    lines = Path(sources[0].path).read_bytes().split(b"\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.rooms.corpus.gathered.SHARD", 1 << 40)
        run(sources, tmp_path)
    assert list(read_documents(tmp_path)) == list(read_documents(whole))
    assert (tmp_path / "rejects.jsonl").read_bytes() == (whole / "rejects.jsonl").read_bytes()
    for document in read_documents(whole):
        if document.source == "a":
            assert json.loads(lines[document.line - 1])["text"] == document.text


def test_shards_are_cut_at_line_ends_and_hold_every_byte_once(
    sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dono.corpus.shards.SHARD_BYTES", SHARD)
    path = Path(sources[0].path)
    parts = [part for shard in plan_shards([(sources[0], [LocalFile(path)])]) for part in shard.parts]
    pieces = []
    for part in parts:
        with part.open() as stream:
            pieces.append(stream.read())
    assert len(pieces) > 10 and b"".join(pieces) == path.read_bytes()
    assert all(piece.endswith(b"\n") and len(piece) == part.size for piece, part in zip(pieces, parts, strict=True))
    small = plan_shards([(sources[1], [LocalFile(path.parent / f"b{i}.txt") for i in range(5)])])
    assert [len(shard.parts) for shard in small] == [5]


def test_a_finished_shard_is_not_done_again(sources: list[Source], whole: Path, tmp_path: Path) -> None:
    first: list[int] = []
    done: list[int] = []
    make = engine.shard_work

    def counting(recipe: engine.Recipe) -> Work[Shard, engine.ShardRecord]:
        work = make(recipe)

        def one(shard: Shard, tell: Tell) -> engine.ShardRecord:
            if len(done) == 7 and not first:
                raise Breaks
            done.append(shard.number)
            return work(shard, tell)

        return one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GATHER, "shard_work", counting)
        with pytest.raises(Breaks):
            run(sources, tmp_path)
        first += done
        done.clear()
        run(sources, tmp_path)
    assert first == list(range(7)) and done[0] == 7 and files_of(tmp_path) == files_of(whole)


def test_what_an_attempt_with_other_files_left_is_not_used(sources: list[Source], whole: Path, tmp_path: Path) -> None:
    (tmp_path / SHARDS).mkdir()
    (tmp_path / SHARDS / PLAN).write_text("{}", encoding="utf8")
    (tmp_path / SHARDS / "00000.json").write_text("nothing that could be read", encoding="utf8")
    run(sources, tmp_path)
    assert files_of(tmp_path) == files_of(whole)


@pytest.mark.parametrize("of", ["code", "key"])
def test_shards_of_another_version_or_key_are_never_mixed_with_those_of_this_one(
    sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    monkeypatch.setattr(GATHER, "code_identity" if of == "code" else "key_fingerprint", lambda *_: "before")
    with monkeypatch.context() as patch:
        patch.setattr(GATHER, "join_shards", breaks)
        with pytest.raises(Breaks):
            run(sources[1:2], tmp_path)
    stale = engine.shard_files(tmp_path / SHARDS, 0)["record"]
    stale.write_text(stale.read_text(encoding="utf8").replace('"texts": ', '"texts": 9'), encoding="utf8")
    monkeypatch.setattr(GATHER, "code_identity" if of == "code" else "key_fingerprint", lambda *_: "after")
    run(sources[1:2], tmp_path)  # with the record of the other version it would fail
    assert len(list(read_documents(tmp_path))) > 50


def test_the_code_is_known_by_all_files_of_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "corpus"
    shutil.copytree(Path(engine.__file__).parent, room, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("dono.corpus.code_identity.__file__", str(room / "code_identity.py"))
    found = [code_identity.__wrapped__()]
    for name in ("privacy/cues.py", "romanised/model.npz"):
        (room / name).write_bytes((room / name).read_bytes() + b"#")
        found.append(code_identity.__wrapped__())
    assert len(set(found)) == 3 and found[0] == code_identity()


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_random_times_and_gone_on_with_it_is_as_if_nothing_had_happened(
    sources: list[Source], whole: Path, tmp_path: Path, workers: int
) -> None:
    command, draw, kills, records = asked(sources, tmp_path, tmp_path / "out", workers), random.Random(workers), 0, 0
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        if kills < 3:  # as soon as there is something to lose, and then a little later
            wanted = records + draw.randrange(1, 6)
            while process.poll() is None and len(list((tmp_path / "out" / SHARDS).glob("?????.json"))) < wanted:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills, records = kills + 1, len(list((tmp_path / "out" / SHARDS).glob("?????.json")))
    assert kills and files_of(tmp_path / "out") == files_of(whole)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    sources = write_corpus(tmp_path / "corpus", 20_000)
    process = subprocess.Popen(asked(sources, tmp_path, tmp_path / "out", 2))
    while process.poll() is None and len(list((tmp_path / "out" / SHARDS).glob("?????.json"))) < 3:
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf8").split()
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{child}/stat").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(children) >= 2 and not any(Path(f"/proc/{child}/stat").exists() for child in children)


def test_a_worker_that_is_killed_is_named_with_what_it_did(sources: list[Source], tmp_path: Path) -> None:
    killed = sources[1].model_copy(update={"kind": "tests.rooms.corpus.gathered.read_until_killed"})
    with pytest.raises(Mistake, match=r"b0\.txt and 4 more: a worker was killed.*Run the same command again") as told:
        run([sources[0], killed], tmp_path, workers=2)
    assert "\n" not in str(told.value)
    run([sources[0], killed], tmp_path, workers=1)  # alone nothing kills it
    assert len({d.source for d in read_documents(tmp_path)}) == 2


def test_a_mistake_in_a_worker_is_the_persons_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n" * 9, encoding="utf8")
    with pytest.raises(Mistake, match="unsafe"):
        run(
            [Source(name="a", path=str(tmp_path / "a.txt"), render="{{ text.__class__.__mro__ }}"),
             Source(name="b", path=str(tmp_path / "a.txt"))],
            tmp_path / "out", workers=2,
        )  # fmt: skip


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SAMPLE", 200)  # what is held at once is bounded by these: with small bounds,
    monkeypatch.setattr(documents, "GROUP_ROWS", 200)  # a small corpus shows what grows beyond them
    monkeypatch.setattr(duplicates, "MARKS_AT_ONCE", 20_000)
    peaks, sizes = [], []
    for count in (500, 2_000, 8_000):  # the first loads the tables that stay
        sources = write_corpus(tmp_path / str(count), count)[:1]
        tracemalloc.start()
        run(sources, tmp_path / f"of {count}")
        peaks.append(tracemalloc.get_traced_memory()[1] + pa.default_memory_pool().max_memory())
        tracemalloc.stop()
        sizes.append(Path(sources[0].path).stat().st_size)
    assert peaks[2] - peaks[1] < (sizes[2] - sizes[1]) / 3, f"{peaks} bytes for {sizes} bytes of corpus"


def test_few_long_texts_suffice_for_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("so many words of a book\n" * 400, encoding="utf8")
    source = Source(name="a", path=str(tmp_path / "a.txt"), language="en")
    shards = plan_shards([(source, checked_parts(source).parts)])
    recipe = engine.Recipe((source,), {}, Cleaning(), 0.1, 0, tmp_path)
    for characters, texts in ((10**6, 400), (1_000, 44)):  # 23 characters in each
        monkeypatch.setattr(engine, "SAMPLE_CHARACTERS", characters)
        assert len(engine.sample_work(recipe)(shards[0], lambda _: None).shapes) == texts


@pytest.mark.parametrize(("there", "said"), [("another", "holds another key"), (None, "is not set")])
def test_a_machine_with_another_key_stops_before_it_marks_anything(
    there: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("my mobile is 9876543210\n" * 9, encoding="utf8")
    source = Source(name="a", path=str(tmp_path / "a.txt"), language="en")
    shards, cleaning = plan_shards([(source, checked_parts(source).parts)]), Cleaning(privacy_key_variable="THE_KEY")
    monkeypatch.setenv("THE_KEY", "one")
    recipe = engine.Recipe((source,), {}, cleaning, 0.1, 0, tmp_path, key=key_fingerprint(cleaning))
    assert len(engine.sample_work(recipe)(shards[0], lambda _: None).shapes) == 9
    if there is None:
        monkeypatch.delenv("THE_KEY")
    else:
        monkeypatch.setenv("THE_KEY", there)
    for work in (engine.sample_work, engine.shard_work):
        with pytest.raises(Mistake, match=f"'THE_KEY' {said} on the machine") as told:
            work(recipe)(shards[0], lambda _: None)
        assert "\n" not in str(told.value)
    off = replace(recipe, sources=(source.model_copy(update={"privacy": "off"}),))
    assert engine.shard_work(off)(shards[0], lambda _: None).texts == 9  # where nothing is marked no key is needed


@pytest.mark.parametrize("privacy", ["placeholders", "off"])
def test_workers_are_told_which_key_they_must_have(
    privacy: Privacy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("my mobile is 9876543210\n" * 9, encoding="utf8")
    cleaning, told = Cleaning(privacy_key_variable="THE_KEY", privacy=privacy), list[str | None]()
    make = engine.shard_work

    def telling(recipe: engine.Recipe) -> Work[Shard, engine.ShardRecord]:
        told.append(recipe.key)
        return make(recipe)

    monkeypatch.setattr(GATHER, "shard_work", telling)
    if privacy != "off":
        monkeypatch.setenv("THE_KEY", "one")
    gather(
        [Source(name="a", path=str(tmp_path / "a.txt"))], {}, tmp_path, heldout_share=0, seed=0,
        progress=lambda *_: None, cleaning=cleaning,
    )  # fmt: skip
    assert told == [None if privacy == "off" else key_fingerprint(cleaning)]


def test_what_is_forgotten_is_not_learned_from(tmp_path: Path) -> None:
    rows = [{"text": f"so many words of person {i % 20}", "who": f"p{i % 20}"} for i in range(400)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    source = Source(name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"), language="en", key="who")
    shards = plan_shards([(source, checked_parts(source).parts)])
    for forgotten, texts in ((frozenset[str](), 400), (frozenset({Identities(b"k" * 32).of("a", "p7")}), 380)):
        recipe = engine.Recipe((source,), {}, Cleaning(), 0.1, 0, tmp_path, Identities(b"k" * 32, forgotten))
        work = engine.sample_work(recipe)
        assert sum(len(work(shard, lambda _: None).shapes) for shard in shards) == texts


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk in memory on which a part of the shards has room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    asked_for = [mount or "mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(asked_for, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs rights that this process lacks")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_is_really_full_is_said_in_one_line_and_with_room_it_goes_on(
    sources: list[Source], whole: Path, small_disk: Path, workers: int
) -> None:
    with pytest.raises(Mistake, match="no space left on the disk") as told:
        run(sources, small_disk / "out", workers)
    assert "\n" not in str(told.value)
    done = len(list((small_disk / "out" / SHARDS).glob("?????.json")))
    assert done and subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=False).returncode == 0
    run(sources, small_disk / "out", workers)
    assert files_of(small_disk / "out") == files_of(whole)


def test_orphans_of_a_killed_run_do_not_matter(sources: list[Source], whole: Path, tmp_path: Path) -> None:
    """Half-written files of shards without a record are written anew."""
    (tmp_path / "out").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GATHER, "join_shards", breaks)
        with pytest.raises(Breaks):
            run(sources, tmp_path / "out")
    for number in (0, 4):
        files = engine.shard_files(tmp_path / "out" / SHARDS, number)
        files["record"].unlink()
        files["texts"].write_bytes(files["texts"].read_bytes()[:100])
    run(sources, tmp_path / "out")
    assert files_of(tmp_path / "out") == files_of(whole)


def test_the_files_are_the_same_to_the_byte_on_a_cluster_where_a_worker_is_killed(
    sources: list[Source], whole: Path, tmp_path: Path, ray_session: None
) -> None:
    killed = sources[1].model_copy(update={"kind": "tests.rooms.corpus.gathered.read_killed_once"})
    run([sources[0], killed, *sources[2:]], tmp_path / "out", workers=2, runner=open_runner("local", tmp_path))
    mark = Path(sources[1].path).parent / KILLED
    assert mark.is_file() and files_of(tmp_path / "out") == files_of(whole)
    mark.unlink()


def test_two_that_do_the_same_shard_at_the_same_time_do_not_disturb_each_other(
    sources: list[Source], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a machine that was given up is still at it."""
    make = engine.shard_work

    def twice(recipe: engine.Recipe) -> Work[Shard, engine.ShardRecord]:
        work = make(recipe)

        def both(shard: Shard, tell: Tell) -> engine.ShardRecord:
            with ThreadPoolExecutor(2) as pool:
                one, other = pool.map(lambda _: work(shard, tell), range(2))
            assert one == other
            return one

        return both

    monkeypatch.setattr(GATHER, "shard_work", twice)
    run(sources, tmp_path)
    assert files_of(tmp_path) == files_of(whole)
