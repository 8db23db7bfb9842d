"""kill -9 in the middle of deliveries: each event reaches its webhook, in order for each file."""

import collections
import threading
import time

import pytest
import requests

from harness import program, shapes
from harness.client import Api
from harness.receiver import Receiver

SETTINGS = {"webhooks.allow_private": "true", "webhooks.timeout": "1s"}
FILES = 334
STEPS = ["media.uploaded", "media.updated", "media.deleted"]


class Writer(threading.Thread):
    """Uploads, changes and deletes files; `answered` has what of it was answered, by media id, and
    `unanswered` what may have happened."""

    def __init__(self, server, token, files):
        super().__init__(daemon=True)
        self.server, self.token, self.files = server, token, files
        self.answered = collections.defaultdict(list)
        self.unanswered = collections.defaultdict(list)
        self.lost_uploads = 0
        self.fault = None

    def run(self):
        try:
            for number in self.files:
                self.write(number)
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def write(self, number):
        media = None
        for step in STEPS:
            try:
                api = Api(self.server.root, token=self.token)
                if step == "media.uploaded":
                    media = api.upload(b"%d" % number, f"{number}.txt")["id"]
                elif step == "media.updated":
                    shapes.success(api.patch(f"/media/{media}", json={"title": "new"}))
                else:
                    shapes.success(api.delete(f"/media/{media}"))
            except requests.ConnectionError:
                if media is None:
                    self.lost_uploads += 1
                else:
                    self.unanswered[media].append(step)
                time.sleep(0.2)
                return
            self.answered[media].append(step)


@pytest.mark.seconds(300)
def test_a_thousand_events_survive_kills(launch):
    server = launch(SETTINGS)
    ada, bob = server.user(), server.user()
    with Receiver() as receiver:
        def slow(connection, message):
            time.sleep(0.02)
            return 204

        receiver.behaviours["/ada"] = slow
        for user, path in ((ada, "/ada"), (bob, "/bob")):
            hook = {"url": receiver.url(path), "events": STEPS}
            shapes.success(user.post("/webhooks", json=hook), 201)
        writers = [Writer(server, ada.token, range(first, FILES, 4)) for first in range(4)]
        for writer in writers:
            writer.start()
        for count in (100, 300, 500):
            receiver.wait(count, "/ada", timeout=120)
            server.kill()
            server.start()
        for writer in writers:
            writer.join(120)
            assert not writer.is_alive() and writer.fault is None, writer.fault
        answered = sum(len(steps) for writer in writers for steps in writer.answered.values())
        lost = sum(writer.lost_uploads for writer in writers)
        assert answered > 900, answered

        def missing():
            came = collections.defaultdict(list)
            for message in receiver.messages("/ada"):
                came[message.json["data"]["id"]].append(message.json["event"])
            return came, [
                (media, step)
                for writer in writers
                for media, steps in writer.answered.items()
                for step in steps
                if step not in came[media]
            ]

        end = time.monotonic() + program.patience(90)
        while missing()[1] and time.monotonic() < end:
            time.sleep(0.5)
        came, left = missing()
        assert not left, f"{len(left)} of {answered} events never came: {left[:5]}"
        known = {}
        for writer in writers:
            for media in set(writer.answered) | set(writer.unanswered):
                known[media] = writer.answered[media] + writer.unanswered[media]
        unknown = 0
        for media, events in came.items():
            order = [STEPS.index(event) for event in events]
            assert order == sorted(order), f"{media} came out of order: {events}"
            if media in known:
                assert set(events) <= set(known[media]), (media, events, known[media])
            else:
                unknown += 1
                assert set(events) == {"media.uploaded"}, (media, events)
        assert unknown <= lost
        total = len(receiver.messages("/ada"))
        print(f"{answered} events answered, {total} messages, 3 kills, 0 lost, 0 out of order")
        assert receiver.messages("/bob") == []
