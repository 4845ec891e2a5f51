"""`candor-model serve` and `explain` as real processes on loopback, with a tiny random model."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from moderation_model.client import ModelClient
from moderation_model.contract import Explanation
from moderation_model.errors import ExplainerUnavailable
from moderation_model.serve_verbs import show

COMMAND = (sys.executable, "-m", "moderation_model")


@dataclass(frozen=True)
class Server:
    """A running server: its process and its ready line."""

    process: subprocess.Popen[str]
    ready: dict[str, object]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ready['port']}"

    def client(self, token: str | None = None) -> ModelClient:
        return ModelClient(self.url, token=token, timeout=60, explain_timeout=60)


def environment(token: str | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    return kept | ({"CANDOR_MODEL_TOKEN": token} if token else {})


@contextmanager
def serving(model: Path, *options: str, token: str | None = None, port: str = "0") -> Iterator[Server]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", port, "--model", str(model), "--device", "cpu", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(token),
    )
    assert process.stdout is not None
    try:
        yield Server(process, json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def refused(*options: str, token: str | None = None) -> tuple[int, str]:
    """Exit code and standard error of a server that does not start."""
    done = subprocess.run(
        [*COMMAND, "serve", *options], capture_output=True, text=True, env=environment(token), check=False, timeout=60
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def server(tiny_model_dir: Path) -> Iterator[Server]:
    with serving(tiny_model_dir) as running:
        yield running


async def explained(client: ModelClient, text: str, label: str | None = None) -> Explanation:
    """The explanation, asked for until the explainer is ready: on a busy machine its start takes long."""
    for _ in range(6):
        try:
            return await client.explain(text, label=label)
        except ExplainerUnavailable:
            continue
    return await client.explain(text, label=label)


async def explainer_pid(client: ModelClient) -> int:
    """The explainer's process id once it is ready."""
    await explained(client, "wait for it")
    return (await client.health())["explainer_pid"]


async def test_the_ready_line_names_the_port_the_process_and_the_version(server: Server) -> None:
    assert server.ready == {
        "ready": True,
        "port": server.ready["port"],
        "pid": server.process.pid,
        "version": "tiny-1",
    }
    assert (await server.client().info()).version == "tiny-1"


async def test_many_callers_at_once_all_get_their_predictions_in_order(server: Server) -> None:
    texts = ["you pathetic clown", "nice game", "", "a\ud800b\x00", "hello " * 400, "😂❤️", "@everyone ```x```"]
    client = server.client()
    alone = [(await client.classify([text]))[0] for text in texts]
    together = await asyncio.gather(*(client.classify(texts) for _ in range(20)))
    for predictions in together:
        for one, other in zip(predictions, alone, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=0.02)
            assert one.reading == other.reading


async def test_a_server_explains_over_http(server: Server) -> None:
    found = await explained(server.client(), "you pathetic clown, quit the game", "insult")
    assert len(found.words) == len(found.values) > 0
    assert (found.label, found.model_version) == ("insult", "tiny-1")


async def test_a_killed_explainer_comes_back_and_scores_go_on(server: Server) -> None:
    client = server.client()
    first = await explainer_pid(client)
    os.kill(first, signal.SIGKILL)
    assert await client.classify(["nice game"])
    assert (await explained(client, "another text for it")).words
    assert (await client.health())["explainer_pid"] != first
    assert (await client.health())["explainer"] == "ready"


async def test_a_body_over_the_limit_is_refused_over_a_real_connection(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        found = await http.post("/v1/classify", content=b'{"texts": ["' + b"x" * 3_000_000 + b'"]}')
        assert found.status_code == 413
        assert found.json()["error"].endswith(".")
        assert (await http.get("/healthz")).json()["ready"] is True


async def test_a_caller_who_hangs_up_does_no_harm(server: Server) -> None:
    body = b'{"texts": ["nice game"]}'
    head = f"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 5}\r\n\r\n".encode()
    for sent in (b"", head[:20], head + body):
        with socket.create_connection(("127.0.0.1", int(str(server.ready["port"])))) as connection:
            connection.sendall(sent)
    assert await server.client().classify(["nice game"])


async def test_a_server_can_do_without_its_memory_and_its_wait(tiny_model_dir: Path) -> None:
    with serving(tiny_model_dir, "--no-cache", "--wait-ms", "0") as server:
        client = server.client()
        for _ in range(2):
            await client.classify(["gg"])
        async with httpx.AsyncClient(base_url=server.url) as plain:
            figures = (await plain.get("/metrics")).text
    assert 'candor_batch_rows_count{priority="live"} 2.0' in figures


def test_the_server_ends_with_its_parents_pipe_and_leaves_no_process(tiny_model_dir: Path) -> None:
    with serving(tiny_model_dir, "--exit-on-stdin-close") as server:
        pid = asyncio.run(explainer_pid(server.client()))
        explainer = psutil.Process(pid)
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.process.wait(30) == 0
        psutil.wait_procs([explainer], timeout=30)
        assert not explainer.is_running()


def test_a_server_whose_parent_is_gone_while_it_loads_ends_too(tiny_model_dir: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "--model", str(tiny_model_dir), "--exit-on-stdin-close"],
        stdin=subprocess.DEVNULL,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0


def test_no_explainer_outlives_a_server_that_was_killed(tiny_model_dir: Path) -> None:
    with serving(tiny_model_dir) as server:
        explainer = psutil.Process(asyncio.run(explainer_pid(server.client())))
        server.process.kill()
        gone, _ = psutil.wait_procs([explainer], timeout=30)
        assert gone == [explainer]


async def test_on_a_signal_the_server_answers_what_it_has_taken_and_ends_well(tiny_model_dir: Path) -> None:
    with serving(tiny_model_dir, "--host", "0.0.0.0", token="a-token-of-tests-alone") as server:
        body = {"texts": ["you pathetic clown"] * 512}
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            assert (await http.post("/v1/classify", json=body)).status_code == 401
            http.headers["Authorization"] = "Bearer a-token-of-tests-alone"
            asked = asyncio.ensure_future(http.post("/v1/classify", json=body))
            while (await http.get("/healthz")).json()["queue_tokens"] == 0 and not asked.done():
                pass
            server.process.send_signal(signal.SIGTERM)
            assert len((await asked).json()["predictions"]) == 512
        assert await asyncio.to_thread(server.process.wait, 30) == 0


def test_an_address_open_to_strangers_needs_a_token(tiny_model_dir: Path) -> None:
    code, says = refused("--host", "0.0.0.0", "--port", "0", "--model", str(tiny_model_dir))
    assert code == 1
    assert "CANDOR_MODEL_TOKEN" in says
    assert len(says.strip().splitlines()) == 1


def test_a_folder_that_is_no_model_is_refused_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    code, says = refused("--port", "0", "--model", str(tmp_path))
    assert code == 1
    assert len(says.strip().splitlines()) == 1


def test_a_port_in_use_is_refused_with_one_sentence(server: Server) -> None:
    code, says = refused("--port", str(server.ready["port"]))
    assert code == 1
    assert says.startswith("Cannot listen on 127.0.0.1")


def test_the_command_line_explains_without_a_server(tiny_model_dir: Path) -> None:
    command = [*COMMAND, "explain", "--json", "--model", str(tiny_model_dir), "--label", "toxic", "you pathetic clown"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    found = Explanation.from_dict(json.loads(done.stdout))
    assert found.words == ("you", "pathetic", "clown")
    assert found.label == "toxic"
    assert 0 < found.score < 1


def test_for_people_the_command_line_draws_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show(Explanation("toxic", ("you", "[bold]clown"), (-0.5, 2.0), -1.0, 0.622, "as_written", "v1", 4, 1.5))
    shown = capsys.readouterr().out
    assert "toxic: 0.622" in shown
    assert "[bold]clown" in shown
    assert "+2.00" in shown
