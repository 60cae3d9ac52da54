"""A server on loopback that speaks the wire formats of OpenAI and Anthropic, as a test scripts it.

It answers `/v1/chat/completions`, `/v1/responses` and `/v1/messages`, without streaming, and takes
OpenAI's batches: a file of requests, done as soon as somebody looks after them. Run as a
program it is a judge that finds everything met, after a latency, for benchmarks.
"""

import argparse
import json
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROBE = "Please say 'hello, world'"
"""What Inspect itself asks a reasoning model of OpenAI first; no request of ours."""
USAGE = (100, 20)
"""Input and output tokens of every answer."""


@dataclass(frozen=True)
class Asked:
    """One request, in whatever format it came."""

    api: str
    """"chat", "responses" or "messages"."""
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(role, text) of what was said, tool results included as "tool"."""
        key = "input" if self.api == "responses" else "messages"
        said = self.body[key]
        return [("user", said)] if isinstance(said, str) else [_message(one) for one in said]

    @property
    def page(self) -> str:
        """The first thing the user says: to a judge, its page."""
        return next(text for role, text in self.messages if role == "user")

    @property
    def form(self) -> dict[str, Any] | None:
        """The JSON schema that the answer is asked to have, or that of the tool to be called."""
        body = self.body
        if self.api == "chat" and "response_format" in body:
            return body["response_format"]["json_schema"]["schema"]
        if self.api == "responses" and "format" in body.get("text", {}):
            return body["text"]["format"]["schema"]
        if self.api == "messages" and "output_format" in body:
            return body["output_format"]["schema"]
        if body.get("tools"):
            tool = body["tools"][0]
            return {
                "chat": lambda: tool["function"]["parameters"],
                "responses": lambda: tool["parameters"],
                "messages": lambda: tool["input_schema"],
            }[self.api]()
        return None

    @property
    def way(self) -> str:
        """How the form is asked for: "schema", "tool" or "text"."""
        if self.body.get("tools"):
            return "tool"
        return "text" if self.form is None else "schema"

    @property
    def keys(self) -> list[str]:
        """The criteria that are asked about."""
        if self.form is not None:
            return list(self.form["properties"])
        last = [text for role, text in self.messages if role in ("user", "tool")][-1]
        line = re.findall(r"exactly these keys: ([^\n]*?)\. Each", last)
        return re.findall(r"[a-z0-9-]+", line[-1]) if line else []


def _message(one: dict[str, Any]) -> tuple[str, str]:
    if one.get("type") == "function_call_output":
        return "tool", one["output"]
    content = one.get("content") or ""
    if isinstance(content, str):
        return one.get("role", ""), content
    results = [part for part in content if part.get("type") == "tool_result"]
    if results:
        inner = results[0]["content"]
        return "tool", inner if isinstance(inner, str) else "".join(p["text"] for p in inner)
    return one.get("role", ""), "".join(part.get("text", "") for part in content)


@dataclass(frozen=True)
class Answer:
    """What the server says, in any format; or an error, or nothing for a while."""

    text: str = ""
    call: dict[str, Any] | None = None
    """Arguments of a call of the tool that was asked for."""
    tool: str = ""
    """The tool that is called; "": the first that is offered."""
    refusal: str = ""
    cut_off: bool = False
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """How long the server waits before it says anything."""


def verdicts(asked: Asked, answer: str = "MET") -> Answer:
    """Every criterion gets the same answer, in the way it was asked for."""
    given = {key: {"quote": "none", "answer": answer} for key in asked.keys}
    if asked.way == "tool":
        return Answer(call=given)
    return Answer(text=json.dumps(given))


Script = Callable[[Asked], Answer]


class Server:
    """The server, listening in threads of its own as long as the `with` block runs."""

    def __init__(self, script: Script = verdicts) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.batches: list[int] = []
        """How many requests each batch had."""
        self.files: list[bytes] = []

    def __enter__(self) -> "Server":
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens; OpenAI's client wants `/v1` behind it, Anthropic's does not."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            number = int(re.findall(r"-(\d+)", self.path)[0])
            if "/files/" in self.path:
                self._send(server.files[number])
            else:
                self._send(json.dumps(_batch(number)).encode())

        def _send(self, data: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _upload(self, data: bytes) -> None:
            """A multipart form: its file is the lines that are JSON objects."""
            lines = [line for line in data.splitlines() if line.startswith(b"{")]
            server.files.append(b"\n".join(lines))
            told = {"id": f"file-{len(server.files) - 1}", "object": "file", "bytes": len(data)}
            told |= {"created_at": 1, "filename": "b.jsonl", "purpose": "batch"}
            self._send(json.dumps(told | {"status": "processed"}).encode())

        def _do_batch(self, body: dict[str, Any]) -> None:
            """Answer each request of a file into the file that follows it."""
            number = int(body["input_file_id"].rsplit("-", 1)[-1])
            requests = [json.loads(line) for line in server.files[number].splitlines()]
            api = body["endpoint"].rsplit("/", 1)[-1].replace("completions", "chat")
            done = []
            for one in requests:
                asked = Asked(api=api, body=one["body"], headers=dict(self.headers))
                server.asked.append(asked)
                said = SPOKEN[api](asked, server.script(asked))
                response = {"status_code": 200, "request_id": "r", "body": said}
                done.append({"custom_id": one["custom_id"], "response": response, "error": None})
            server.files.append("\n".join(map(json.dumps, done)).encode())
            server.batches.append(len(requests))
            self._send(json.dumps(_batch(len(server.files) - 1)).encode())

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            data = self.rfile.read(length)
            if self.path.endswith("/files"):
                self._upload(data)
                return
            body = json.loads(data)
            if self.path.endswith("/batches"):
                self._do_batch(body)
                return
            api = self.path.rsplit("/", 1)[-1].replace("completions", "chat")
            asked = Asked(api=api, body=body, headers=dict(self.headers))
            if asked.page == PROBE:
                answer = Answer(text="hello, world")
            else:
                server.asked.append(asked)
                answer = server.script(asked)
            if answer.seconds:
                time.sleep(answer.seconds)
            said = SPOKEN[api](asked, answer) if answer.status == 200 else _error(answer)
            data = json.dumps(said).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client did not want to wait

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def _batch(number: int) -> dict[str, Any]:
    """A batch that is done; its answers stand in the file of its number."""
    return {
        "id": f"batch-{number}",
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "created_at": 1,
        "input_file_id": "file-0",
        "output_file_id": f"file-{number}",
        "status": "completed",
        "request_counts": {"total": 1, "completed": 1, "failed": 0},
    }


def _error(answer: Answer) -> dict[str, Any]:
    """One body that both clients understand."""
    kind = {400: "invalid_request_error", 429: "rate_limit_error"}.get(answer.status, "api_error")
    message = answer.text or f"status {answer.status}"
    error = {"type": kind, "message": message, "param": None, "code": None}
    return {"type": "error", "error": error}


def _call_id(asked: Asked) -> str:
    """Another for each turn of a conversation."""
    return f"call_{len(asked.messages)}"


def _chat(asked: Asked, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    reason = "length" if answer.cut_off else "stop"
    if answer.refusal:
        message |= {"content": None, "refusal": answer.refusal}
    if answer.call is not None:
        name = answer.tool or asked.body["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": json.dumps(answer.call)}
        message["tool_calls"] = [{"id": _call_id(asked), "type": "function", "function": function}]
        reason = "tool_calls"
    return {
        "id": "chat_1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {
            "prompt_tokens": USAGE[0],
            "completion_tokens": USAGE[1],
            "total_tokens": sum(USAGE),
        },
    }


def _responses(asked: Asked, answer: Answer) -> dict[str, Any]:
    part = {"type": "output_text", "text": answer.text, "annotations": []}
    if answer.refusal:
        part = {"type": "refusal", "refusal": answer.refusal}
    item: dict[str, Any] = {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }
    if answer.call is not None:
        item = {
            "type": "function_call",
            "id": "fc_1",
            "call_id": _call_id(asked),
            "name": answer.tool or asked.body["tools"][0]["name"],
            "arguments": json.dumps(answer.call),
            "status": "completed",
        }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "incomplete" if answer.cut_off else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if answer.cut_off else None,
        "model": asked.body["model"],
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": USAGE[0],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": USAGE[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(USAGE),
        },
    }


def _messages(asked: Asked, answer: Answer) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    reason = "max_tokens" if answer.cut_off else "end_turn"
    if answer.refusal:
        content, reason = [{"type": "text", "text": answer.refusal}], "refusal"
    if answer.call is not None:
        name = answer.tool or asked.body["tools"][0]["name"]
        used = {"type": "tool_use", "id": _call_id(asked), "name": name, "input": answer.call}
        content.append(used)
        reason = "tool_use"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.body["model"],
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": USAGE[0], "output_tokens": USAGE[1]},
    }


SPOKEN = {"chat": _chat, "responses": _responses, "messages": _messages}


def main() -> None:
    """Print the URL; for every line on standard input, print how often it was asked until then."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0.0)
    seconds = parser.parse_args().seconds
    with Server(lambda asked: replace(verdicts(asked), seconds=seconds)) as server:
        print(server.url, flush=True)
        for _ in sys.stdin:
            print(len(server.asked), flush=True)


if __name__ == "__main__":
    main()
