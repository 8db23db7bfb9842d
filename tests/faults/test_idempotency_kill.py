"""kill -9 in the middle of requests with idempotency keys: each is carried out exactly once."""

import random
import threading
import time

import pytest
import requests
import urllib3

from harness import forms, promises
from harness.client import Api

UNANSWERED = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
KILLS = 8


class Writer(threading.Thread):
    """Sends each request until it is answered, with one key for all of its attempts."""

    def __init__(self, server, token, name, stop):
        super().__init__(daemon=True)
        self.server, self.token, self.name, self.stop = server, token, name, stop
        self.media = {}  # file name -> id, as answered
        self.repeated = 0  # replies that told of an earlier attempt
        self.fault = None

    def run(self):
        try:
            number = 0
            while not self.stop.is_set():
                number += 1
                self.upload(f"{self.name}-{number}.bin")
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def upload(self, filename):
        data = random.Random(filename).randbytes(random.choice([10, 3000, 200_000]))
        content_type, body = forms.encode([forms.Part("file", data, filename)])
        headers = {"Content-Type": content_type, "Idempotency-Key": f"upload {filename}"}
        while True:
            try:
                api = Api(self.server.root, token=self.token)
                reply = api.post("/media/upload", data=body, headers=headers)
            except UNANSWERED:
                time.sleep(0.05)
                continue
            if reply.status_code in (409, 503):
                time.sleep(0.02)
                continue
            assert reply.status_code == 201, reply.text
            media = reply.json()["data"]
            assert media["filename"] == filename and media["size"] == len(data)
            self.repeated += "Idempotency-Replayed" in reply.headers
            self.media[filename] = media["id"]
            return


@pytest.mark.seconds(180)
def test_each_request_is_carried_out_once(launch):
    server = launch()
    user = server.user()
    stop = threading.Event()
    writers = [Writer(server, user.token, f"w{number}", stop) for number in range(6)]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(0.2, 0.9))
        server.kill()
        server.start()
    time.sleep(0.3)
    stop.set()
    for writer in writers:
        writer.join(60)
        assert not writer.is_alive()
        assert writer.fault is None, writer.fault
    told = {name: media for writer in writers for name, media in writer.media.items()}
    user.root = server.root
    found = [(media["filename"], media["id"]) for media in user.media()]
    assert sorted(found) == sorted(told.items()), "each once, and as it was answered"
    assert len(told) > KILLS and sum(writer.repeated for writer in writers) > 0, "the kills met no writes"
    assert promises.log_faults(server) == []
