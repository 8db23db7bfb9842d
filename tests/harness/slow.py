"""Requests that take long: the caller is recognised, half of the body has come, and then time passes."""

import json

from harness import forms


class Slow:
    """A request of which half has arrived. finish() sends the rest and reads the reply."""

    def __init__(self, server, method, target, body, headers):
        self.wire = server.wire(timeout=30)
        self.method, self.target = method, target
        head = {**headers, "Content-Length": str(len(body)), "Expect": "100-continue"}
        self.wire.send(self.wire.head(method, target, head))
        # Sent once the handler reads: from here on nobody looks at the credentials again but the commit.
        interim = self.wire.reply(method)
        assert interim.status_code == 100, interim
        half = len(body) // 2
        self.wire.send(body[:half])
        self.rest = body[half:]

    @classmethod
    def form(cls, server, method, target, parts, headers):
        content_type, body = forms.encode(parts)
        return cls(server, method, target, body, {**headers, "Content-Type": content_type})

    @classmethod
    def json(cls, server, method, target, value, headers):
        body = json.dumps(value).encode()
        return cls(server, method, target, body, {**headers, "Content-Type": "application/json"})

    def finish(self):
        self.wire.send(self.rest)
        reply = self.wire.reply(self.method)
        self.wire.close()
        return reply
