from __future__ import annotations

from pathlib import Path

import pytest

from dono.errors import Mistake, Mistakes
from dono.project import Project, load_project

GOOD = """
project: shop
use_cases: [{name: text, kind: language}]
corpus: [{name: chats, kind: text, path: chats.txt}]
budget: {hours: 1}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "chats.txt").write_text("hello\n", encoding="utf8")
    path = folder / "dono.yaml"
    path.write_text(text, encoding="utf8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(Mistake) as caught:
        load_project(write(folder, text))
    found = caught.value
    return [str(m) for m in found.found] if isinstance(found, Mistakes) else [str(found)]


def test_a_good_file_loads_frozen(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, GOOD))
    assert project.use_cases[0].judged_by == "bits_per_byte"
    with pytest.raises(ValueError, match="frozen"):
        project.project = "other"


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert mistakes(tmp_path, GOOD.replace("budget:", "bugdet:"))[0].endswith("Did you mean 'budget'?")


def test_all_mistakes_are_reported_at_once_with_their_places(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD.replace("hours: 1", "hours: -1, pilot_shar: 1").replace("chats.txt", "chat.txt"))
    assert len(found) >= 2
    assert any(m.startswith("budget.pilot_shar: unknown key") and "pilot_share" in m for m in found)
    assert any(m.startswith("budget.hours:") and "-1" in m for m in found)


def test_one_route_needs_no_list(tmp_path: Path) -> None:
    assert load_project(write(tmp_path, GOOD + "routes: scratch\n")).routes == ("scratch",)


def test_what_is_tested_on_is_not_learned_from(tmp_path: Path) -> None:
    same = GOOD.replace("kind: language", "kind: classify, train: chats.txt, test: chats.txt")
    assert "use_cases[text]: `train` and `test` are the same file" in mistakes(tmp_path, same)[0]


def test_a_missing_file_is_named_with_its_place(tmp_path: Path) -> None:
    assert mistakes(tmp_path, GOOD.replace("chats.txt", "chat.txt")) == [
        "corpus[chats].path: no such file 'chat.txt'. Correct the path"
    ]


def test_a_metric_that_does_not_fit_the_kind_is_refused(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD.replace("kind: language", "kind: language, metric: chrf"))
    assert "chrf does not fit kind language" in found[0]


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = "[{name: chats, path: chats.txt}, {name: chats, path: chats.txt}]"
    found = mistakes(tmp_path, GOOD.replace("[{name: chats, kind: text, path: chats.txt}]", twice))
    assert "used twice" in found[0]


def test_overrides_reach_into_sections_and_lists(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, GOOD), ["budget.hours=3", "use_cases.text.bar=1.5", "training.seed=4"])
    assert (project.budget.hours, project.use_cases[0].bar, project.training.seed) == (3, 1.5, 4)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "project: shop"])
def test_a_broken_file_is_one_line_each(tmp_path: Path, text: str) -> None:
    assert all("\n" not in m for m in mistakes(tmp_path, text))


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(Mistake, match="not UTF-8"):
        load_project(path)


def test_no_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="dono init"):
        load_project(tmp_path / "dono.yaml")


def test_every_field_of_the_design_is_known() -> None:
    keys = {"project", "currency", "corpus", "use_cases", "bases", "routes", "budget", "machine", "serving"}
    assert keys <= set(Project.model_fields)


def source(tmp_path: Path, settings: str) -> list[str]:
    return mistakes(
        tmp_path, GOOD.replace("{name: chats, kind: text, path: chats.txt}", f"{{name: chats, {settings}}}")
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://asha:s3cr3t@db/shop",
        "postgresql+psycopg://asha:s3/c?r3#t@db/shop",
        "postgresql+psycopg://db/shop?user=asha&password=s3cr3t",
        "mysql+pymysql://asha:${PREFIX}s3cr3t@db/shop",
    ],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    (found,) = source(tmp_path, f"kind: sql, table: orders, path: {url!r}")
    assert found.startswith("corpus[chats]: `path` holds a password; write ${NAME}")
    assert "s3" not in found


def test_credentials_of_a_service_are_refused_too(tmp_path: Path) -> None:
    (found,) = source(tmp_path, "kind: text, path: 's3://key:s3cr3t@bucket/a.txt'")
    assert "`path` holds credentials" in found and "s3cr3t" not in found


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("kind: sql, path: 'sqlite:///a.db'", "needs `query` or `table`, one of them"),
        ("kind: sql, path: 'sqlite:///a.db', table: a, query: SELECT 1", "needs `query` or `table`, one of them"),
        ("kind: sql, path: a.db, table: a", "a URL like sqlite:///shop.db"),
        ("kind: text, path: chats.txt, table: a", "`table` is for sources of kind sql, this one is text"),
        ("kind: csv, path: chats.txt, assistant: A", "kind whatsapp or telegram or slack, this one is csv"),
        *(
            (f"kind: text, path: chats.txt, encoding: {name}", "no such encoding of text")
            for name in ("utf-61", "base64", "hex", "zlib", "rot13", "punycode", "idna", "undefined")
        ),
        ("kind: whatsapp, path: chats.txt, silence_hours: 0", "greater than 0"),
    ],
)
def test_settings_that_do_not_fit_the_kind_are_refused(settings: str, said: str, tmp_path: Path) -> None:
    assert said in source(tmp_path, settings)[0]


@pytest.mark.parametrize(
    ("kind", "path", "located"),
    [
        ("text", "a/*.txt", "{folder}/a/*.txt"),
        ("text", "/a/b.txt", "/a/b.txt"),
        ("text", "s3://bucket/a.txt", "s3://bucket/a.txt"),
        ("sql", "sqlite:///shop.db", "sqlite:///{folder}/shop.db"),
        ("sql", "sqlite:////data/shop.db", "sqlite:////data/shop.db"),
        ("sql", "postgresql+psycopg://u:${P}@h/shop", "postgresql+psycopg://u:${P}@h/shop"),
        ("huggingface", "org/name", "org/name"),
        ("huggingface", "saved", "{folder}/saved"),
    ],
)
def test_paths_are_found_beside_the_project_file_and_urls_stay(
    kind: str, path: str, located: str, tmp_path: Path
) -> None:
    (tmp_path / "saved").mkdir()
    more = ", table: a" if kind == "sql" else ""
    text = GOOD.replace("kind: text, path: chats.txt", f"kind: {kind}, path: '{path}'{more}")
    if path.startswith("/a"):
        text = text.replace("/a/b.txt", "/a/b*.txt")
        located = "/a/b*.txt"
    project = load_project(write(tmp_path, text))
    assert project.located(project.corpus[0]).path == located.replace("{folder}", str(tmp_path))


WISHES = """
project: shop
use_cases: [{name: text, kind: language, bar: 1.2}]
corpus: [{name: chats, kind: text, path: chats.txt}]
budget: {hours: 1}
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("machine: {gpu: H100, price_per_hour: -5}", "price_per_hour: Input should be greater than or equal to 0"),
        ("machine: {gpu: H100, price_per_hour: .nan}", "machine.price_per_hour: Input should be a finite number"),
        ("overheads: {engineer_per_hour: -1}", "overheads.engineer_per_hour: Input should be greater than or equal"),
        ("overheads: {engineer_hours: {scrach: 3}}", "overheads.engineer_hours.scrach"),
        ("rates: {USD: 0}", "rates.USD: Input should be greater than 0"),
        ("rates: {USD: .nan}", "rates.USD: Input should be a finite number"),
        ("constraints: {latency_ms: 0}", "constraints.latency_ms: Input should be greater than 0"),
        ("constraints: {country: India}", "constraints.country: String should match pattern"),
        ("constraints: {latencyms: 3}", "constraints.latencyms: unknown key 'latencyms'. Did you mean 'latency_ms'?"),
        ("constraints: {deadline: soon}", "constraints.deadline: Input should be a valid date"),
        ("goal: cheap", "goal: Input should be 'quality', 'bar' or 'monthly'"),
        ("goal: monthly", "goal monthly needs `serving`"),
        ("routes: [finetun]", "routes[0]: Input should be 'prompt', 'hosted', 'finetune'"),
        ("routes: finetun", "routes: Input should be 'prompt', 'hosted', 'finetune'"),
        ("currency: inr", "currency: a currency is its code of three capital letters, like INR (found 'inr')"),
        ("constraints: {country: IN}\nmachine: {gpu: H100, country: US}", "constraints.country is IN, machine"),
    ],
)  # fmt: skip
def test_wishes_that_cannot_be_are_one_line(tmp_path: Path, more: str, said: str) -> None:
    found = mistakes(tmp_path, WISHES + more + "\n")
    assert len(found) == 1 and said in found[0] and "\n" not in found[0]


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (WISHES.replace("hours: 1", "hours: .inf"), "budget.hours: Input should be a finite number"),
        (WISHES.replace("bar: 1.2", "goal: bar"), "goal bar needs a `bar` for use case text"),
        (WISHES.replace("bar: 1.2", "bar: 0"), "no model reaches a bar of 0"),
        (WISHES.replace("bar: 1.2", "bar: .nan"), "use_cases[text].bar: Input should be a finite number"),
        (WISHES.replace("bar: 1.2", "worth_per_month: -1"), "worth_per_month: Input should be greater than or equal"),
    ],
)
def test_a_bar_that_nothing_reaches_and_a_goal_without_one_are_refused(tmp_path: Path, spoilt: str, said: str) -> None:
    found = mistakes(tmp_path, spoilt)
    assert len(found) == 1 and said in found[0]


def test_a_use_case_may_want_something_else_than_the_project(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, WISHES.replace("bar: 1.2", "bar: 1.2, goal: bar")))
    assert (project.goal, project.goal_of(project.use_cases[0])) == ("quality", "bar")


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("{endpoint: 'ftp://x', model: m}", "bases[0].endpoint: an endpoint is a URL like https://host/v1"),
        ("{endpoint: 'http://u:secret@x/v1', model: m}", "put the key into the environment: key_variable"),
        ("{endpoint: 'http://x/v1', model: m, api_key: sk-1}", "api_key has no place in a file"),
        ("{endpoint: 'http://x/v1'}", "bases[0].model: Field required. Add it"),
        ("{endpoint: 'http://x/v1', model: m, parallel: 0}", "bases[0].parallel: Input should be greater"),
    ],
)  # fmt: skip
def test_an_endpoint_that_is_stated_wrongly_is_told_once_and_no_key_is_shown(
    tmp_path: Path, base: str, said: str
) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n", encoding="utf8")
    text = (
        f"project: p\nuse_cases: [{{name: a, kind: classify, train: rows.jsonl, test: rows.jsonl}}]\nbases: [{base}]\n"
    )
    (tmp_path / "dono.yaml").write_text(text + "budget: {hours: 1}\n", encoding="utf8")
    with pytest.raises(Mistake) as raised:
        load_project(tmp_path / "dono.yaml")
    assert said in str(raised.value)
    assert not any(word in str(raised.value) for word in ("valid string", "sk-1", "secret", "function-after"))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("{name: a, kind: harness, shots: 2}", "needs either `task` (a YAML file) or `test`"),
        ("{name: a, kind: language, shots: 2}", "are for use cases of kind harness, this one is language"),
        ("{name: a, kind: harness, task: gone.yaml}", "use_cases[a].task: no such file 'gone.yaml'"),
        ("{name: a, kind: harness, task: gone.yaml, metric: auc}", "metric auc does not fit kind harness"),
    ],
)  # fmt: skip
def test_a_harness_use_case_names_a_task_or_a_set(tmp_path: Path, case: str, said: str) -> None:
    (tmp_path / "dono.yaml").write_text(f"project: p\nuse_cases: [{case}]\nbudget: {{hours: 1}}\n", encoding="utf8")
    with pytest.raises(Mistake) as raised:
        load_project(tmp_path / "dono.yaml")
    assert said in str(raised.value)


@pytest.mark.parametrize("bases", ["[./base, ./base]", "[./base, base]", "[./base, './runs/../base']"])
def test_a_base_listed_twice_is_one_line(tmp_path: Path, bases: str) -> None:
    assert mistakes(tmp_path, GOOD + f"bases: {bases}\n") == ["bases: the base 'base' is listed twice. Mend it"]


def test_bases_in_folders_of_one_name_are_two(tmp_path: Path) -> None:
    text = GOOD + "bases: [./a/model, ./b/model, org1/X, org2/X]\n"
    assert len(load_project(write(tmp_path, text)).bases) == 4


@pytest.mark.parametrize("bar", [-5, 10.5])
def test_a_bar_that_no_lift_has_is_one_line(tmp_path: Path, bar: float) -> None:
    case = f"kind: predict, train: chats.txt, target: left, metric: lift, bar: {bar}"
    found = mistakes(tmp_path, GOOD.replace("kind: language", case))
    assert found == [f"use_cases[text]: lift goes from 0 to 10; a bar of {bar:g} is beyond it. Mend it"]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("serving: {requests_per_day: 1.0e+300, tokens_in: 1, tokens_out: 1}", "serving.requests_per_day"),
        ("machine: {gpu: this, price_per_hour: 1.0e-300}", "machine.price_per_hour"),
        ("training: {task_epochs: 1.0e+300}", "training.task_epochs"),
        ("overheads: {engineer_hours: {finetune: 1.0e+308}}", "overheads.engineer_hours"),
        ("rates: {USD: 1.0e-300}", "rates"),
        (f"training: {{batch: {10**400}}}", "training.batch"),
    ],
)  # fmt: skip
def test_a_number_of_no_size_that_anything_has_is_one_line(tmp_path: Path, more: str, where: str) -> None:
    (found,) = mistakes(tmp_path, GOOD + more + "\n")
    assert found.startswith(f"{where}: a number is 0, or from 1e-30 to 1e+30 in size")


def test_nothing_and_a_negative_seed_are_numbers(tmp_path: Path) -> None:
    more = "machine: {gpu: this, price_per_hour: 0}\ntraining: {seed: -5}\nrates: {USD: 88}\n"
    assert load_project(write(tmp_path, GOOD + more)).training.seed == -5


def test_a_temperature_by_which_no_size_can_be_raised_is_one_line(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, GOOD + "tokenizer: {temperature: 0.001}\n")
    assert found.startswith("tokenizer.temperature: Input should be greater than or equal to 0.1")


def test_off_and_no_are_words_and_not_truth_values(tmp_path: Path) -> None:
    chats = "path: chats.txt, privacy: off, language: no, columns: {amount: on}, rights: {covers_training: yes}"
    project = load_project(write(tmp_path, GOOD.replace("path: chats.txt", chats) + "cleaning: {privacy: off}\n"))
    (source,) = project.corpus
    assert (project.cleaning.privacy, source.privacy, source.language) == ("off", "off", "no")
    assert source.columns == {"amount": "on"} and source.rights is not None and source.rights.covers_training == "yes"
    said = load_project(write(tmp_path, GOOD), ["cleaning.privacy=off", "corpus.chats.privacy=off"])
    assert said.cleaning.privacy == said.corpus[0].privacy == "off"


@pytest.mark.parametrize(
    ("word", "value"), [("no", False), ("Off", False), ("false", False), ("yes", True), ("on", True)]
)
def test_truth_values_may_be_written_in_any_word_for_them(tmp_path: Path, word: str, value: bool) -> None:
    written = f"commercial: {word}\ntokenizer: {{extended: {word}}}\n"
    project = load_project(write(tmp_path, GOOD + written), [f"cleaning.quality={word}"])
    assert project.commercial is project.tokenizer.extended is project.cleaning.quality is value
