"""kill -9 in the middle of uploads of several assets: each form is there as a whole, or not at all."""

import random
import threading
import time

import pytest
import requests
import urllib3

from harness import boxes, promises
from harness.boxes import Boxes, fetch

UNANSWERED = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
KILLS = 6
FILES = 3
FORMS_OF_A_BOX = 300  # of FILES assets: below the 1,000 that a box may have, however fast the machine is


class Writer(threading.Thread):
    """Uploads forms of several files, each form under a prompt of its own, to one of its boxes after the other."""

    def __init__(self, server, token, boxes_of_it, name, stop):
        super().__init__(daemon=True)
        self.server, self.token, self.boxes, self.name, self.stop = server, token, boxes_of_it, name, stop
        self.answered = {}  # prompt -> the assets
        self.fault = None

    def run(self):
        try:
            for number in range(len(self.boxes) * FORMS_OF_A_BOX):
                if self.stop.is_set():
                    return
                self.upload(self.boxes[number // FORMS_OF_A_BOX], f"{self.name} {number}")
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def upload(self, box, prompt):
        files = [(f"{n}.png", boxes.content("png") + b"x" * random.choice([10, 3000, 200_000])) for n in range(FILES)]
        try:
            caller = Boxes(self.server, self.token)
            reply = caller.send(f"/boxes/{box}/upload/", files, prompt_text=prompt, generation_config='{"a": 1}')
        except UNANSWERED:
            time.sleep(0.05)
            return
        if reply.status_code == 503:
            time.sleep(0.02)
            return
        assert reply.status_code == 201, reply.text
        self.answered[prompt] = [(asset["id"], data) for asset, (_, data) in zip(reply.json(), files)]


@pytest.mark.seconds(180)
def test_a_form_is_stored_as_a_whole(launch):
    server = launch()
    caller = Boxes.registered(server)
    project = caller.project()["id"]
    stop = threading.Event()
    writers = [
        Writer(server, caller.token, [caller.box(project)["id"] for _ in range(5)], f"w{number}", stop)
        for number in range(4)
    ]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(0.3, 0.9))
        server.kill()
        server.start()
    time.sleep(0.5)
    stop.set()
    for writer in writers:
        writer.join(60)
        assert not writer.is_alive()
        assert writer.fault is None, writer.fault
    caller = Boxes(server, caller.token)
    by_prompt = {}
    for asset in caller.assets():
        by_prompt.setdefault(asset["prompt_text"], []).append(asset)
    assert all(len(assets) == FILES for assets in by_prompt.values()), "all of a form or nothing"
    answered = {prompt: assets for writer in writers for prompt, assets in writer.answered.items()}
    assert len(answered) > KILLS, "the kills met no writes"
    for prompt, assets in answered.items():
        shown = {asset["id"]: asset for asset in by_prompt[prompt]}
        for identity, data in assets:
            assert shown[identity]["generation_config"] == {"a": 1}
            assert fetch(shown[identity]["file_url"].replace(shown[identity]["file_url"].split("/uploads/")[0], server.url)).content == data
    assert promises.log_faults(server) == []
    server.stop_well()
    done = boxes.program.run("fsck", "--data", server.data)
    assert done.returncode == 0, done.stdout + done.stderr
