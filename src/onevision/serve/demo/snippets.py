"""The question on the page as code: curl, the openai client, and OneVision itself."""

import json
import shlex
from typing import Any

LANGUAGES = ("curl", "Python (openai)", "Python (onevision)")


def snippets(url: str, served: str, model: str, picture: str, question: str, sampling: dict[str, Any]) -> tuple[str, str, str]:
    """One text for each of LANGUAGES. url: the server's, without a slash; served: the model that its API answers as;
    picture: the file's name; sampling: fields of SamplingParams that are set."""
    renamed = {"max_tokens" if key == "max_new_tokens" else key: value for key, value in sampling.items()}
    other = "" if model == served else f"# {url}/v1 answers as {served}; for this model: onevision serve --model {shlex.quote(model)}\n"
    asked = (url, model, picture, question, renamed)
    return other + _curl(*asked), other + _openai(*asked), _onevision(model, picture, question, sampling)


def _curl(url: str, model: str, picture: str, question: str, sampling: dict[str, Any]) -> str:
    request = {"model": model, **sampling, "stream": True}
    head = json.dumps(request, ensure_ascii=False)[:-1]
    text = json.dumps({"type": "text", "text": question}, ensure_ascii=False)
    # Between EOF and EOF the shell still reads $, ` and \; the picture's bytes need it to.
    return f"""curl -N {url}/v1/chat/completions -H 'Content-Type: application/json' -d @- <<EOF
{_in_heredoc(head)}, "messages": [{{"role": "user", "content": [
  {{"type": "image_url", "image_url": {{"url": "data:image/png;base64,$(base64 < {shlex.quote(picture)} | tr -d '\\n')"}}}},
  {_in_heredoc(text)}]}}]}}
EOF"""


def _in_heredoc(text: str) -> str:
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("`", "\\`")


def _openai(url: str, model: str, picture: str, question: str, sampling: dict[str, Any]) -> str:
    more = "".join(f"    {key}={value!r},\n" for key, value in sampling.items())
    return f"""import base64
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url={url + "/v1"!r}, api_key="none")
picture = base64.b64encode(Path({picture!r}).read_bytes()).decode()
chunks = client.chat.completions.create(
    model={model!r},
{more}    stream=True,
    messages=[{{"role": "user", "content": [
        {{"type": "image_url", "image_url": {{"url": f"data:image/png;base64,{{picture}}"}}}},
        {{"type": "text", "text": {question!r}}},
    ]}}],
)
for chunk in chunks:
    delta = chunk.choices[0].delta
    print(getattr(delta, "reasoning_content", None) or delta.content or "", end="", flush=True)
"""


def _onevision(model: str, picture: str, question: str, sampling: dict[str, Any]) -> str:
    more = "".join(f", {key}={value!r}" for key, value in sampling.items())
    return f"""import onevision as ov

answer = ov.load({model!r}).ask({picture!r}, {question!r}{more})
print(answer.reasoning)
print(answer.answer)
"""
