"""The router, models that see, and the command."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from onevision import describe as room
from onevision import formal
from onevision.cli import main
from onevision.describe import chart, circuit, document, figure, ground, nano, picture, scene, table, vlm
from onevision.describe.route import FORMALISM, route
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import drawings, guard
from onevision.types import Completion, Description, Problem

TABLE = (("Name", "Score"), ("Ann", "81"), ("Bob", "7"), ("Cleo", "12"))


class Sees:
    """An engine that gives one reply and keeps what it was asked."""

    def __init__(self, reply: str) -> None:
        self.reply, self.asked = reply, list[Any]()

    async def generate(self, messages: Any, sampling: Any, n: int = 1) -> list[Completion]:
        self.asked.append(messages)
        return [Completion(self.reply, (), (), "stop")]


def lines_of_music() -> Image.Image:
    image = Image.new("RGB", (500, 200), "white")
    for k in range(5):
        ImageDraw.Draw(image).line([(20, 60 + 12 * k), (480, 60 + 12 * k)], "black", 2)
    return image


def prose() -> Image.Image:
    image = Image.new("RGB", (640, 220), "white")
    for k, line in enumerate(
        ("Dear Sir or Madam,", "we thank you for the letter that came on Monday", "and will answer it soon.", "Yours, Ann")
    ):
        ImageDraw.Draw(image).text((30, 30 + 40 * k), line, "black", drawings._font(20))
    return image


def a_flowchart() -> Image.Image:
    image = Image.new("RGB", (640, 160), "white")
    draw = ImageDraw.Draw(image)
    for k, word in enumerate(("Start", "Check", "Stop")):
        draw.rounded_rectangle((20 + 220 * k, 40, 160 + 220 * k, 120), 20, fill=(210, 230, 250), outline="black", width=3)
        draw.text((90 + 220 * k, 80), word, "black", drawings._font(24), "mm")
        if k:
            draw.line([(220 * k - 55, 80), (220 * k + 15, 80)], "black", 4)
    return image


PICTURES = {
    "table": drawings.table(TABLE),
    "chart": drawings.bars({"Mon": 12, "Tue": 30, "Wed": 45}, "Visitors"),
    "circuit": drawings.circuit([("V1 10", ("in", "0")), ("R1 1k", ("in", "out")), ("C1 10u", ("out", "0"))]),
    "scene": drawings.shapes([("red", "circle", 1, 1), ("blue", "star", 3, 2), ("green", "square", 0, 4)], 5),
    "figure": drawings.polylines({"red": [(0, 0), (12, 9)], "blue": [(0, 12), (12, 3)]}, 12),
    "music": lines_of_music(),
    "text": prose(),
    "flowchart": a_flowchart(),
    "natural": Image.effect_noise((160, 160), 90).convert("RGB"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_router(kind: str) -> None:
    found = route(Sight(PICTURES[kind]))
    assert (found.kind, found.formalism) == (kind, FORMALISM[kind]) and found.reason


def test_every_kind_has_a_known_formalism() -> None:
    assert set(FORMALISM.values()) <= set(formal.FORMALISMS)
    assert set(room.EXTRACTORS) == {kind for kinds in room.KINDS.values() for kind in kinds}


def test_offline_description_is_checked() -> None:
    described = room.describe(PICTURES["table"])
    assert formal.compare("csv", described.description.text, formal.csv.write(TABLE)) == 1.0  # type: ignore[attr-defined]
    assert described.valid and [check.name for check in described.checks] == ["parses", "round trip"]
    assert len(described.description.regions) == 8 and described.description.made_by == "ocr-table"


def test_text_stands_in_where_nothing_better_is_offline() -> None:
    described = room.describe(PICTURES["flowchart"])
    assert described.route.kind == "flowchart" and described.description.formalism == "document"
    with pytest.raises(InputError, match="nothing offline writes mermaid"):
        room.describe(PICTURES["flowchart"], "mermaid")
    with pytest.raises(InputError, match="unknown formalism 'runes'"):
        room.describe(PICTURES["table"], "runes")


def test_a_page_is_html_that_parses() -> None:
    described = room.describe(PICTURES["text"], "html")
    assert described.valid and "<p>" in described.description.text


def test_a_model_that_sees_is_asked_and_checked() -> None:
    engine = Sees("Here it is:\n```mermaid\nflowchart LR\na[Start] --> b[Check] --> c[Stop]\n```")
    described = room.describe(PICTURES["flowchart"], engine=engine, made_by="openai:x@y")  # type: ignore[arg-type]
    assert described.valid and described.description.formalism == "mermaid" and described.description.made_by == "openai:x@y"
    [[message]] = engine.asked
    assert message["content"][0]["type"] == "image" and "Mermaid" in message["content"][1]["text"]


SERIES = "year,apples,pears\n2020,1,2\n2021,3,4"


@pytest.mark.parametrize("text", [SERIES, "month,profit\nMay,-3\nJune,4", "month,kg\nMay,3\nJune,14"])
def test_a_models_chart_is_drawn_back_as_what_it_is(text: str) -> None:
    engine = Sees(f"```csv\n{text}\n```")
    described = room.describe(PICTURES["chart"], engine=engine, prefer="engine")  # type: ignore[arg-type]
    assert described.route.kind == "chart" and described.valid and described.checks[1].score == 1.0


def test_a_table_needs_no_model_unless_it_is_preferred() -> None:
    engine = Sees("```csv\na,b\n1\n```")
    assert room.describe(PICTURES["table"], engine=engine).valid and not engine.asked  # type: ignore[arg-type]
    described = room.describe(PICTURES["table"], engine=engine, prefer="engine")  # type: ignore[arg-type]
    assert not described.valid and "row 2 has 1 cells" in described.checks[0].reason


@pytest.mark.parametrize("formalism", formal.FORMALISMS)
def test_prompts(formalism: str) -> None:
    [message] = vlm.messages(PICTURES["table"], formalism)
    text = message["content"][1]["text"]
    assert f"```{formalism}\n" in text and "{" not in text.replace("{width}", "").partition("Reply")[2]


@pytest.mark.parametrize(
    ("reply", "formalism", "text"),
    [
        ("```python\nimport math\n```", "matplotlib", "import math"),
        ("<think>a table</think>\n```csv\na,b\n```", "csv", "a,b"),
        ("```puml\n@startuml\nA -> B\n@enduml\n```\nDone.", "plantuml", "@startuml\nA -> B\n@enduml"),
        ("```spice\nR1 a 0 1\n", "spice", "R1 a 0 1"),
    ],
)
def test_replies_are_read(reply: str, formalism: str, text: str) -> None:
    assert vlm.read(reply, formalism, "m") == Description(formalism, text, made_by="m")


@pytest.mark.parametrize("reply", ["", "I cannot see it.", "```json\n{}\n```", "```csv\n```"])
def test_bad_replies_are_refused(reply: str) -> None:
    with pytest.raises(InputError):
        vlm.read(reply, "csv", "m")


def test_nano_is_asked_what_it_was_taught() -> None:
    engine = Sees("<think>\n```csv\nlabel,value\nMon,12\n```\nmost: 12 Mon\n</think>\n<answer>Mon</answer>")
    described = room.describe(PICTURES["chart"], engine=engine, prefer="engine", made_by="nano")  # type: ignore[arg-type]
    assert described.description.text == "label,value\nMon,12" and described.description.made_by == "nano"
    assert engine.asked[0][0]["content"][1]["text"] == nano.QUESTIONS["chart"]
    with pytest.raises(InputError, match="nano does not know"):
        nano.messages(PICTURES["music"], "music")


def test_grounding_boxes_are_post_processed() -> None:
    import torch

    class Processor:
        def __call__(self, images: Any, text: str, return_tensors: str) -> Any:
            assert text == "dog. red car."
            return type("Inputs", (dict,), {"to": lambda self, device: self})(input_ids=torch.tensor([[1]]))

        def post_process_grounded_object_detection(self, *args: Any, **sizes: Any) -> list[dict[str, Any]]:
            assert sizes["target_sizes"] == [(60, 80)]
            edges = torch.tensor([[-4.0, 2.2, 30.0, 20.0], [5.0, 5.0, 90.0, 70.0], [81.0, 0.0, 90.0, 5.0]])
            return [{"text_labels": ["dog", "", "ghost"], "scores": torch.tensor([0.4, 0.9, 0.5]), "boxes": edges}]

    network = type("Network", (), {"device": "cpu", "__call__": lambda self, **inputs: None})()
    found = ground.read(network, Processor(), Image.new("RGB", (80, 60)), ["Dog", "red car"], 0.3)
    assert [(thing.label, thing.box) for thing, _ in found] == [("object", (5, 5, 80, 60)), ("dog", (0, 2, 30, 20))]
    for labels in ([], ["a.b"], [" "]):
        with pytest.raises(InputError, match="labels"):
            ground.prompt(labels)
    with pytest.raises(InputError, match="no Grounding DINO"):
        ground.load("./no-such-folder")


def test_nothing_is_fetched_unless_boxes_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(model: str, offline: bool = False) -> None:
        asked.append(offline)
        raise InputError("nothing is loaded here")

    monkeypatch.setattr(ground, "load", load)
    for formalism in ("auto", "boxes"):
        with pytest.raises(InputError):
            room.describe(PICTURES["natural"], formalism)
    assert asked == [True, False]


def test_weights_that_are_not_here_are_refused_without_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("an address was asked for"))
    with pytest.raises(InputError, match="--formalism boxes fetches it"):
        ground.load("onevision/no-such-model", offline=True)


def problem(question: str, answer: str, choices: tuple[str, ...] | None = None) -> Problem:
    return Problem("p", (), question, choices, answer)


LEAKS = [
    ("geometry", "Triangle(A,B,C)\nEquals(LengthOf(Line(A,B)),7)\nFind(LengthOf(Line(A,B)))", problem("Find AB.", "7")),
    ("geometry", "Equals(LengthOf(Line(A,B)),7)", problem("Find AB.", "7")),
    ("geometry", "Equals(MeasureOf(Angle(A,B,C)),38)", problem("Find the angle.", "B", ("36", "38", "40"))),
    ("document", "0,0,9,9 Therefore x = 12", problem("x?", "12")),
    ("json", '{"triangle": "ABC", "answer": 12}', problem("x?", "12")),
    ("matplotlib", "import matplotlib.pyplot as plt\nplt.plot([1])  # the answer is 5", problem("x?", "5")),
    ("csv", "a,b\nsolution: 3,4", problem("x?", "3")),
    ("mermaid", "flowchart LR\na[\\boxed 4] --> b", problem("x?", "9")),
    ("document", "0,0,9,9 the area is 154", problem("Area of the circle of radius 7?", "154")),
    ("html", "<p>the correct option is B</p>", problem("Give the correct option letter, e.g., A, B, C, D. Which is larger?", "B")),
    ("mermaid", "flowchart LR\na[The answer is 12]", problem("Write the answer in cm.", "12")),
    ("csv", "∴,\n12,", problem("x?", "12")),
    ("document", "0,0,9,9 AB is 12cm", problem("AB?", "12")),
    *(("geometry", "Equals(LengthOf(Line(A,B)),12)", problem("AB?", gold)) for gold in ("12 meters", "12 cm^2", "x=12", "12^{\\circ}")),
    ("geometry", "Equals(LengthOf(Line(A,B)),12)", problem("AB?", "B", ("A. 10", "B. 12"))),
]
CLEAN = [
    ("csv", "fruit,kg\nplum,14", problem("How many kg of plums?", "14")),
    ("geometry", "Equals(LengthOf(Line(A,B)),5)\nFind(LengthOf(Line(B,C)))", problem("AB = 5. Find BC.", "12")),
    ("geometry", "Equals(LengthOf(Line(A,B)),5)\nFind(LengthOf(Line(B,C)))", problem("AB is 5. Find BC.", "5")),
    ("json", '{"wheels": 4}', problem("How many wheels?", "B", ("3", "4"))),
    ("figure", "red line: (0,2) (12,4)", problem("How often do they cross?", "2")),
    ("document", "0,0,9,9 yes we can", problem("Is it open?", "Yes")),
    ("document", "0,0,9,9 AB is 12", problem("AB measures 12cm?", "12")),
    ("html", "<h2>Which is the correct answer?</h2>", problem("Which is the correct answer?", "A")),
    ("document", "3,4,50,9 Mark the correct answer", problem("Mark the correct answer!", "A")),
    ("geometry", "Equals(LengthOf(Line(A,B)),5x)", problem("x?", "5")),
]


@pytest.mark.parametrize(("formalism", "text", "asked"), LEAKS)
def test_a_description_that_gives_the_answer_away_is_found(formalism: str, text: str, asked: Problem) -> None:
    check = formal.leak(Description(formalism, text, made_by="a model"), asked)
    assert not check.valid and "\n" not in check.reason


@pytest.mark.parametrize(("formalism", "text", "asked"), CLEAN)
def test_data_and_what_is_given_are_no_leak(formalism: str, text: str, asked: Problem) -> None:
    assert formal.leak(Description(formalism, text, made_by="a model"), asked).valid


def test_only_those_who_do_not_know_the_question_are_trusted() -> None:
    rooms = (chart, circuit, document, figure, scene, table)
    assert set(guard.BLIND) == {"exact", document.PAGE_NAME, *(room.NAME for room in rooms)}
    text, asked = "0,0,9,9 the area is 154", problem("Area of the circle of radius 7?", "154")
    assert not formal.leak(Description("document", text, made_by="ocr-vision-7b"), asked).valid
    assert formal.leak(Description("document", text, made_by=document.NAME), asked).valid


def test_the_guard_reads_long_texts_fast() -> None:
    started = time.process_time()
    for text in ("<p>" + "\n" * 20_000 + "</p>", "Find(a)\n" * 1000 + "Equals(a,5)\n" * 1000):
        assert formal.leak(Description("geometry", text, made_by="a model"), problem("Find it.", "7")).valid
    assert time.process_time() - started < 2


def test_what_the_picture_shows_is_no_leak() -> None:
    text, asked = "0,0,9,9 Answer: 154", problem("What does the page say?", "154")
    assert not formal.leak(Description("document", text, made_by="a model"), asked).valid
    assert formal.leak(Description("document", text, made_by="a model"), asked, seen=["Answer: 154"]).valid


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.png"
    PICTURES["table"].save(path)
    assert main(["describe", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["description", "checks", "route"]
    assert list(said["description"]) == ["formalism", "text", "regions", "made_by"]
    assert [list(check) for check in said["checks"]] == [["name", "valid", "reason", "score"]] * 2
    assert main(["describe", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Name,Score\n") and "round trip: yes" in err
    monkeypatch.setattr("onevision.engine.load.load_engine", lambda spec: Sees("```csv\nx,y\n1,2\n```"))
    assert main(["describe", str(path), "--model", "openai:x@http://y"]) == 0
    assert capsys.readouterr().out == "x,y\n1,2\n"


@pytest.mark.parametrize(
    ("args", "words"), [(["none.png"], "no such file"), (["{}", "--formalism", "runes"], "unknown formalism"), ([], "Missing")]
)
def test_bad_input_is_one_line(args: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "table.png"
    PICTURES["table"].save(path)
    assert main(["describe", *(arg.format(path) for arg in args)]) == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1 and words in err


def test_kinds_are_tried_in_turn() -> None:
    """A CSV asked of a picture that is no table is tried as a chart."""
    assert "Mon" in picture.describe(PICTURES["chart"], "csv").description.text
