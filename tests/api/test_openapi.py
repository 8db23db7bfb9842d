"""The OpenAPI documents and Postman's collections: what they are, and that the server keeps to them.

That every reply of every other test is as the documents say is looked at by tests/harness/openapi.py.
"""

import json
from urllib.parse import urlsplit

import pytest

from harness import openapi, program, shapes
from harness.client import Api, unique_name

APIS = ["mediavault", "streamvault", "fileuploader", "quantum", "boxes", "operations", "realtime"]
BODY = "application/json"

needs_validator = pytest.mark.skipif(
    not openapi.AVAILABLE, reason="jsonschema-rs is not installed: use the Python of tools/python.sh"
)


def operations(document):
    """(path, method, operation) of each."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_every_api_has_one():
    assert set(openapi.names()) == set(APIS)


@pytest.mark.parametrize("name", APIS)
def test_each_is_an_openapi_document(name):
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(openapi.document(name), cls=validator.OpenAPIV31SpecValidator)


@pytest.mark.parametrize("name", APIS)
def test_the_documents_are_served(shared, name):
    nobody = Api(shared.url)
    for ending, postman in ((".json", False), (".postman.json", True)):
        reply = nobody.get(f"/openapi/{name}{ending}")
        assert reply.status_code == 200
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.json() == openapi.document(name, postman, base_url=shared.url)
        again = nobody.get(f"/openapi/{name}{ending}", headers={"If-None-Match": reply.headers["ETag"]})
        assert again.status_code == 304 and not again.content
        assert again.headers["ETag"] == reply.headers["ETag"]


def test_the_routes_of_the_table_are_those_of_the_documents():
    routes = json.loads(program.run("routes", "--json").stdout)
    known = set()
    for name in openapi.names():
        document = openapi.document(name)
        for server in document["servers"]:
            prefix = urlsplit(server["url"]).path
            for path, method, _ in operations(document):
                known.add((method.upper(), prefix + path))
    for route in routes:
        if route["dialect"] in openapi.names():
            path = route["path"].replace("...}", "}").replace(":int}", "}")
            assert (route["method"], path) in known, route


def test_there_is_no_other_document(shared):
    nobody = Api(shared.url)
    for path in ("/openapi/nothing.json", "/openapi/mediavault", "/openapi/mediavault.json.json", "/docs/nothing"):
        reply = nobody.get(path)
        assert reply.status_code == 404, path
        assert set(reply.json()) == {"error", "request_id"}
    for path in ("/openapi/mediavault.json", "/docs"):
        assert nobody.post(path).status_code == 405


def test_servers_are_where_the_public_url_is(launch):
    server = launch({"public_url": "https://vault.example/files"})
    reply = Api(server.url).get("/openapi/mediavault.json")
    urls = [entry["url"] for entry in reply.json()["servers"]]
    assert urls == ["https://vault.example/files/api/v1", "https://vault.example/files/v1"]
    page = Api(server.url).get("/docs").text
    assert 'data-document="/files/openapi/mediavault.json"' in page
    assert 'src="/files/docs/swagger-ui-bundle.js?v=' in page


def test_another_address_is_another_document(shared):
    nobody = Api(shared.url)
    one = nobody.get("/openapi/quantum.json")
    other = nobody.get("/openapi/quantum.json", headers={"Host": "vault.example"})
    assert other.json()["servers"][0]["url"] == "http://vault.example"
    assert other.headers["ETag"] != one.headers["ETag"]


@needs_validator
@pytest.mark.parametrize("name", APIS)
def test_examples_fit_their_schemas(name):
    document = openapi.document(name)
    validators = openapi.Validators(document, strictly=True)
    looked_at = 0

    def fits(schema, example, where):
        nonlocal looked_at
        looked_at += 1
        assert not validators.faults(schema, example), where

    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                fits(parameter["schema"], parameter["example"], (path, method, parameter["name"]))
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in media:
                fits(media["schema"], media["example"], (path, method))

    def walk(value, where):
        if isinstance(value, dict):
            for example in value.get("examples", []):
                fits({k: v for k, v in value.items() if k != "examples"}, example, where)
            for key, inner in value.items():
                walk(inner, f"{where}/{key}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(inner, f"{where}/{index}")

    walk(document["components"]["schemas"], "")
    assert looked_at or name == "operations"


# Where the credentials are in the reply to the example of a log-in.
LOGINS = {
    "mediavault": ("log_in", lambda body: body["token"]),
    "streamvault": ("log_in", lambda body: body["access"]),
    "fileuploader": ("log_in", lambda body: body["accessToken"]),
}


@pytest.mark.parametrize("name", sorted(LOGINS))
def test_the_examples_of_bodies_are_taken(launch, name):
    """In the order of the document, so that what they need is there. What has an id in its path is
    not: it is answered as described."""
    server = launch({"webhooks.allow_private": "true"})
    document = openapi.document(name, base_url=server.url)
    caller = Api(document["servers"][0]["url"])
    taken = 0
    for path, method, operation in operations(document):
        media = operation.get("requestBody", {}).get("content", {}).get(BODY, {})
        if "example" not in media:
            continue
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", parameter["example"])
        reply = caller.call(method.upper(), path, json=media["example"])
        responses = operation["responses"]
        if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
            assert str(reply.status_code) in responses, (operation["operationId"], reply.text)
            continue
        assert reply.ok, (operation["operationId"], reply.status_code, reply.text)
        taken += 1
        login, token = LOGINS[name]
        if operation["operationId"] == login:
            caller = Api(caller.root, token=token(reply.json()))
    assert taken >= 2


# Postman's collections.


def is_a_request(request):
    """What the format 2.1.0 asks of a request."""
    assert set(request) <= {"method", "description", "header", "url", "body", "auth"}
    url = request["url"]
    assert set(url) <= {"raw", "host", "path", "query", "variable"}
    assert url["raw"] == "/".join([*url["host"], *url["path"]])
    pairs = [*request["header"], *url.get("query", []), *url.get("variable", [])]
    assert all(isinstance(pair["key"], str) and isinstance(pair["value"], str) for pair in pairs), url["raw"]
    named = {segment[1:] for segment in url["path"] if segment.startswith(":")}
    assert named == {pair["key"] for pair in url.get("variable", [])}, url["raw"]
    kind = request["auth"]["type"]
    assert kind == "noauth" or all(
        set(pair) == {"key", "value", "type"} for pair in request["auth"][kind]
    ), request["auth"]
    body = request.get("body")
    if body and body["mode"] == "raw":
        json.loads(body["raw"])
    elif body and body["mode"] == "formdata":
        assert {field["type"] for field in body["formdata"]} <= {"text", "file"}


@pytest.mark.parametrize("name", APIS)
def test_each_collection_is_one(name):
    collection = openapi.document(name, postman=True)
    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert collection["item"]
    for folder in collection["item"]:
        assert folder["item"], folder["name"]
        for item in folder["item"]:
            assert set(item) == {"name", "request", "response"}
            is_a_request(item["request"])


@pytest.mark.parametrize("name", APIS)
def test_a_collection_has_every_operation_once(name):
    document = openapi.document(name)
    collection = openapi.document(name, postman=True)
    items = [item for folder in collection["item"] for item in folder["item"]]
    base = next(v["value"] for v in collection["variable"] if v["key"] == "base_url")
    assert base == document["servers"][0]["url"]
    summaries = {
        operation["summary"]
        for _, _, operation in operations(document)
    }
    assert {item["name"] for item in items} == summaries
    for item in items:
        request = item["request"]
        path = "/" + "/".join(
            "{" + segment[1:] + "}" if segment.startswith(":") else segment for segment in request["url"]["path"]
        )
        assert request["method"].lower() in document["paths"][path], (path, request["method"])


def test_a_request_of_a_collection_works(shared):
    """As Postman makes it: its variables replaced."""
    collection = openapi.document("mediavault", postman=True, base_url=shared.url)
    values = {v["key"]: v["value"] for v in collection["variable"]}
    items = {item["name"]: item["request"] for folder in collection["item"] for item in folder["item"]}

    def send(name, **changes):
        request = items[name]
        url = request["url"]["raw"].replace("{{base_url}}", values["base_url"])
        headers = {}
        if request["auth"]["type"] == "bearer":
            secret = request["auth"]["bearer"][0]["value"]
            headers["Authorization"] = "Bearer " + values[secret.strip("{}")]
        body = {**json.loads(request["body"]["raw"]), **changes} if "body" in request else None
        return Api(shared.url).call(request["method"], url, json=body, headers=headers)

    names = {"username": unique_name(), "email": unique_name("mail") + "@example.com"}
    shapes.success(send("Make an account", **names), 201)
    values["bearer"] = send("Log in", username=names["username"]).json()["token"]
    assert shapes.success(send("The caller's account"))["username"] == names["username"]
    shapes.success(send("Make a collection"), 201)


# The page.


def test_the_page_and_its_files(shared):
    nobody = Api(shared.url)
    page = nobody.get("/docs/")
    assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    for name in APIS:
        assert f'href="/docs/{name}"' in page.text
        assert f'data-document="/openapi/{name}.json"' in nobody.get(f"/docs/{name}").text
    addresses = [piece.split('"')[0] for piece in page.text.replace('src="', 'href="').split('href="')[1:]]
    files = [address for address in addresses if "?v=" in address]
    assert len(files) == 4
    for address in files:
        reply = nobody.get(address)
        assert reply.status_code == 200 and len(reply.content) > 100, address
        assert "immutable" in reply.headers["Cache-Control"]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_a_client_without_gzip_is_told_so(shared):
    for coding in ("identity", "gzip;q=0", "GZIP; q=0.000, *", "*;q=0"):
        reply = Api(shared.url).get("/docs/swagger-ui.css", headers={"Accept-Encoding": coding})
        assert reply.status_code == 415 and "gzip" in reply.json()["error"], coding
    for coding in ("gzip;q=0.1, identity", "GZip", "*"):
        reply = Api(shared.url).get("/docs/swagger-ui.css", headers={"Accept-Encoding": coding})
        assert reply.headers["Content-Encoding"] == "gzip", coding


# The command.


def test_the_command(shared):
    listed = program.run("openapi")
    assert listed.stdout.split() == openapi.names()
    done = program.run("openapi", "mediavault", "--base-url", "https://vault.example")
    assert json.loads(done.stdout)["servers"][0]["url"] == "https://vault.example/api/v1"
    wrong = program.run("openapi", "nothing")
    assert wrong.returncode != 0 and "nothing" in wrong.stderr and not wrong.stdout
