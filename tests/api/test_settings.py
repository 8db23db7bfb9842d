"""Settings: where they come from, which goes first, and what is wrong with them."""

import re
import tomllib

import pytest

from harness import program, shapes
from harness.client import unique_name
from harness.server import Server, StartFailed

PLAIN = dict.fromkeys(program.DEFAULTS)  # takes the tests' own settings away


def config_print(*flags, variables=None, **options):
    return program.run("config", "print", *flags, settings=PLAIN, variables=variables, **options)


def flattened(table, section=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{section}{name}.")
        else:
            yield section + name, value


class Shown:
    """What `config print` prints: values, where they come from, what is expected."""

    def __init__(self, done):
        assert done.returncode == 0, done.stderr
        self.text = done.stdout
        self.values = dict(flattened(tomllib.loads(done.stdout)))
        self.places, self.expected = {}, {}
        section = expectation = ""
        for line in done.stdout.splitlines():
            if found := re.fullmatch(r"\[(\w+)\]", line):
                section = found[1] + "."
            elif found := re.fullmatch(r"# Expected: (.*)\.", line):
                expectation = found[1]
            elif found := re.fullmatch(r"(\w+) = .*  # (.*)", line):
                self.places[section + found[1]] = found[2]
                self.expected[section + found[1]] = expectation
        assert list(self.places) == list(self.values)

    def __getitem__(self, name):
        return self.values[name], self.places[name]


@pytest.fixture(scope="module")
def defaults(binary):
    return Shown(config_print())


def flag_of(name):
    return "--" + name.replace("_", "-")


def as_flag(name, value):
    """A value that is empty is no value behind `=`."""
    return [f"{flag_of(name)}={value}"] if value else [flag_of(name), ""]


def refused(done, *named):
    """A run that stopped for a setting: exit code 2, and one line that names all this."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for name in named:
        assert str(name) in done.stderr, done.stderr


# Precedence.


CASES = [
    # name, in the file, in the environment, as a flag, and as each is shown
    ("listen", '["127.0.0.1:1"]', "127.0.0.1:2,[::1]:2", "localhost:3",
     ["127.0.0.1:1"], ["127.0.0.1:2", "[::1]:2"], ["localhost:3"]),
    ("cores", "1", "2", "3", 1, 2, 3),
    ("require_https", "true", "false", "true", True, False, True),
    ("rate_limits", '"off"', "on", "off", "off", "on", "off"),
    ("guests", '"on"', "off", "on", "on", "off", "on"),
    ("public_url", '"https://a.example"', "https://b.example", "https://c.example",
     "https://a.example", "https://b.example", "https://c.example"),
    ("log.level", '"debug"', "warning", "error", "debug", "warning", "error"),
    ("http.head_bytes", '"2KiB"', "4096", "8KiB", "2KiB", "4KiB", "8KiB"),
    ("sessions.access_lifetime", '"90m"', "2h", "30s", "90m", "2h", "30s"),
    ("accounts.registration", '"closed"', "open", "closed", "closed", "open", "closed"),
    ("tls.key", '"a b.pem"', "c=d.pem", "é.pem", "a b.pem", "c=d.pem", "é.pem"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_precedence(folder, defaults, case):
    name, in_file, in_environment, in_flag, *shown = case
    section, _, key = name.rpartition(".")
    file = folder / "coffer.toml"
    file.write_text((f"[{section}]\n" if section else "\n") + f"{key} = {in_file}\n")
    config = ["--config", file]
    variables = {program.variable(name): in_environment}
    flag = [flag_of(name), in_flag]

    assert defaults[name][1] == "default"
    assert Shown(config_print(*config))[name] == (shown[0], f"{file}:2:{len(key) + 4}")
    by_variable = (shown[1], f"environment variable {program.variable(name)}")
    assert Shown(config_print(variables=variables))[name] == by_variable
    assert Shown(config_print(*config, variables=variables))[name] == by_variable
    by_flag = (shown[2], f"flag {flag_of(name)}")
    assert Shown(config_print(*flag, *config))[name] == by_flag
    both = Shown(config_print(*config, *flag, variables=variables))
    assert both[name] == by_flag
    for other, place in both.places.items():
        assert other == name or place == "default"


def test_settings_that_serve(folder, launch):
    """What goes first also takes effect."""
    file = folder / "coffer.toml"
    file.write_text("[accounts]\npassword_min = 20\n\n[http]\nhead_bytes = '1KiB'\n")

    def accepts(server, length):
        body = {"username": unique_name(), "password": "p" * length}
        reply = server.anyone().post("/auth/register", json=body)
        if reply.status_code != 201:
            shapes.failure(reply, "validation_error", field="password")
        return reply.status_code == 201

    def takes_head(server, size):
        with server.wire() as wire:
            return wire.request("GET", "/healthz", {"X-Long": "x" * size}).status_code == 200

    server = launch(name="file", flags=["--config", file])
    assert [accepts(server, length) for length in (19, 20)] == [False, True]
    assert [takes_head(server, size) for size in (700, 1100)] == [True, False]

    server = launch({"config": file, "accounts.password_min": 14}, name="environment")
    assert [accepts(server, length) for length in (13, 14)] == [False, True]
    assert [takes_head(server, size) for size in (700, 1100)] == [True, False]

    flags = ["--config", file, "--accounts.password-min=9"]
    server = launch({"accounts.password_min": 14}, name="flag", flags=flags)
    assert [accepts(server, length) for length in (8, 9)] == [False, True]


def test_the_file_that_is_read(folder):
    """--config goes before COFFER_CONFIG, and is the only one read."""
    first, second = folder / "first.toml", folder / "second.toml"
    first.write_text("cores = 1\nrequire_https = true\n")
    second.write_text("cores = 2\n")
    shown = Shown(config_print(variables={"COFFER_CONFIG": str(first)}))
    assert shown["cores"] == (1, f"{first}:1:9")
    shown = Shown(config_print("--config", second, variables={"COFFER_CONFIG": str(first)}))
    assert shown["cores"] == (2, f"{second}:1:9")
    assert shown["require_https"] == (False, "default")


def test_no_file_is_read_unasked(folder):
    for name in ("coffer.toml", "config.toml", ".coffer.toml"):
        (folder / name).write_text("cores = 7\n")
    assert Shown(config_print(cwd=folder))["cores"] == (0, "default")


def test_a_list_by_a_repeated_flag():
    shown = Shown(config_print("--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2,127.0.0.1:3"))
    assert shown.values["listen"] == ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]


def test_commands_take_the_folder_from_where_settings_come(folder):
    data, file = folder / "data", folder / "coffer.toml"
    program.create_user(data, "ann", "correct horse 7")
    file.write_text(f"data = '{data}'\n")
    for words, variables in (
        (["--config", file], None),
        ([], {"COFFER_CONFIG": str(file)}),
        ([], {"COFFER_DATA": str(data)}),
    ):
        done = program.run("user", "list", *words, variables=variables, cwd=folder)
        assert "ann" in done.stdout, done.stderr
    other = program.run("user", "list", "--data", folder / "x", variables={"COFFER_DATA": str(data)})
    assert other.returncode == 1


# What is printed can be read.


def test_what_is_printed_reads_back(folder, defaults):
    variables = {
        "COFFER_DATA": 'a "quoted" \\ folder\twith é',
        "COFFER_LISTEN": "[::1]:8080,127.0.0.1:80",
        "COFFER_TRUSTED_PROXIES": "10.0.0.0/8,::1",
        "COFFER_CORS_ORIGINS": "https://app.example.org",
        "COFFER_HTTP_HEAD_BYTES": "5000",
        "COFFER_BLOBS_GRACE": "90500ms",
    }
    changed = Shown(config_print(variables=variables))
    assert changed.values["data"] == variables["COFFER_DATA"]
    for shown in (defaults, changed):
        file = folder / "printed.toml"
        file.write_text(shown.text)
        again = Shown(config_print("--config", file))
        assert again.values == shown.values
        assert all(place.startswith(f"{file}:") for place in again.places.values())


def test_every_setting_has_a_flag(defaults):
    text = program.run("serve", "--help").stdout
    for name in defaults.values:
        is_flag = re.search(rf"^  {flag_of(name)}\s+\w", text, re.MULTILINE) is not None
        assert is_flag == (name not in SECRETS), name


# A bucket.


SECRETS = {"s3.secret_key"}
AWS = {
    "AWS_S3_ENDPOINT_URL": "https://s3.example.org",
    "AWS_S3_REGION_NAME": "ru-1",
    "AWS_STORAGE_BUCKET_NAME": "files",
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "not for everybody",
    "AWS_S3_CUSTOM_DOMAIN": "files.example.org",
    "AWS_DEFAULT_ACL": "public-read",
}


def test_the_documented_variables_count_where_a_setting_is_empty():
    shown = Shown(config_print("--s3.bucket", "mine", "--s3.region", "", variables=AWS))
    assert shown["s3.endpoint"] == ("https://s3.example.org", "environment variable AWS_S3_ENDPOINT_URL")
    assert shown["s3.region"] == ("ru-1", "environment variable AWS_S3_REGION_NAME")
    assert shown["s3.access_key"] == ("AKID", "environment variable AWS_ACCESS_KEY_ID")
    assert shown["s3.custom_domain"] == ("files.example.org", "environment variable AWS_S3_CUSTOM_DOMAIN")
    assert shown["s3.acl"] == ("public-read", "environment variable AWS_DEFAULT_ACL")
    assert shown["s3.bucket"] == ("mine", "flag --s3.bucket")


def test_a_secret_is_not_shown(folder):
    done = config_print(variables=AWS)
    assert "# secret_key = (not shown)  # environment variable AWS_SECRET_ACCESS_KEY" in done.stdout
    assert AWS["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr
    file = folder / "coffer.toml"
    file.write_text("[s3]\nsecret_key = 20261130\n")
    done = config_print("--config", file)
    refused(done, f"{file}:2:14: s3.secret_key: expected text")
    assert "20261130" not in done.stderr


@pytest.mark.parametrize(
    "without, named",
    [
        ("AWS_STORAGE_BUCKET_NAME", "s3.bucket: expected the name of a bucket"),
        ("AWS_ACCESS_KEY_ID", "s3.access_key: expected a key, or s3.credentials_file"),
        ("AWS_SECRET_ACCESS_KEY", "s3.secret_key: expected the key that belongs"),
    ],
)
def test_a_bucket_needs_a_name_and_keys(without, named):
    variables = {name: value for name, value in AWS.items() if name != without}
    refused(config_print("--blobs.store", "s3", variables=variables), named, "flag --blobs.store")
    assert config_print(variables=variables).returncode == 0, "the files are in the data folder"


def test_an_endpoint_has_no_path():
    variables = {**AWS, "AWS_S3_ENDPOINT_URL": "https://s3.example.org/files"}
    refused(config_print("--blobs.store", "s3", variables=variables), "s3.endpoint: expected a URL without a path")


def test_a_domain_and_an_acl_fit_into_addresses_and_fields():
    for name, wrong, expected in (
        ("AWS_S3_CUSTOM_DOMAIN", "files.example.org/?a", "a host such as files.example.org"),
        ("AWS_S3_CUSTOM_DOMAIN", "files example", "a host such as files.example.org"),
        ("AWS_DEFAULT_ACL", "public read", "a canned ACL such as public-read"),
        ("AWS_DEFAULT_ACL", "None", "a canned ACL such as public-read"),
    ):
        refused(config_print("--blobs.store", "s3", variables={**AWS, name: wrong}), name, expected)


# What is wrong.


def test_every_setting_that_is_malformed(folder, defaults):
    """From each source, with its name, the place and what was expected."""
    checked = 0
    for name, expected in defaults.expected.items():
        if expected == "text":
            continue
        wrong = "" if expected.startswith("text") else "a\x01 b"
        variable, flag = program.variable(name), flag_of(name)
        refused(config_print(variables={variable: wrong}), variable, f" {name}: ", expected)
        refused(config_print(*as_flag(name, wrong)), f"flag {flag}", f" {name}: ", expected)
        section, _, key = name.rpartition(".")
        file = folder / "wrong.toml"
        file.write_text((f"[{section}]\n" if section else "\n") + f"{key} = 1979-05-27\n")
        refused(config_print("--config", file), f"{file}:2:{len(key) + 4}: {name}: ", expected)
        checked += 1
    assert checked > 25


@pytest.mark.parametrize(
    "name, value",
    [
        ("cores", "-1"),
        ("cores", "1025"),
        ("cores", "2.5"),
        ("cores", " 2"),
        ("cores", "99999999999999999999999"),
        ("http.head_bytes", "1023"),
        ("http.head_bytes", "2MiB"),
        ("http.head_bytes", "16 kittens"),
        ("http.head_timeout", "10"),
        ("http.head_timeout", "0s"),
        ("http.head_timeout", "-1s"),
        ("http.head_timeout", "10 parsecs"),
        ("listen", ""),
        ("listen", "127.0.0.1"),
        ("listen", "127.0.0.1:65536"),
        ("listen", "127.0.0.1:80,"),
        ("listen", ":x"),
        ("trusted_proxies", "10.0.0.0/33"),
        ("trusted_proxies", "somewhere"),
        ("public_url", "vault.example.org"),
        ("public_url", "ftp://vault.example.org"),
        ("rate_limits", "maybe"),
        ("log.access", "yes"),
        ("accounts.password_min", "7"),
        ("cors.origins", "https://app.example.org/path"),
    ],
)
def test_values_that_are_malformed(name, value):
    refused(config_print(variables={program.variable(name): value}), name, "expected")
    refused(config_print(*as_flag(name, value)), name, "expected")


@pytest.mark.parametrize(
    "name, value, least",
    [
        ("blobs.grace", "1ms", "4s"),
        ("blobs.grace", "1s", "4s"),
        ("blobs.grace", "3999ms", "4s"),
        ("blobs.collect_every", "999ms", "1s"),
        ("uploads.session_lifetime", "10ms", "1s"),
        ("http.head_timeout", "1ms", "1s"),
        ("http.idle_timeout", "500ms", "1s"),
        ("http.floor_window", "1ms", "1s"),
        ("sessions.access_lifetime", "1ms", "1s"),
        ("sessions.refresh_lifetime", "59m", "at least 1h"),
        ("uploads.memory_budget", "0", "a size of at least 1MiB, such as 10GiB or 64MiB, not"),
        ("http.memory_budget", "1023KiB", "a size of at least 1MiB, such as 10GiB or 64MiB, not"),
        ("http.head_bytes", "0", "a size from 1KiB to 1MiB, such as 32KiB or 4096, not"),
        ("http.idle_timeout", "0s", "a duration from 1s to 3650d, such as 30s, 5m, 12h or 7d, not"),
        ("uploads.max_parts", "0", "a whole number from 1 to 100000, not"),
    ],
)
def test_values_that_cannot_work(folder, name, value, least):
    """Refused by the server itself, with the least that can."""
    done = program.run("serve", "--data", folder / "data", settings={name: value})
    refused(done, name, "expected", least)
    assert not (folder / "data").exists()


def test_lifetimes_that_fit(defaults):
    flags = ["--sessions.access-lifetime", "8d"]
    refused(config_print(*flags), "sessions.refresh_lifetime", "at least 8d", "flag")
    shown = Shown(config_print(*flags, "--sessions.refresh-lifetime", "8d"))
    assert shown.values["sessions.refresh_lifetime"] == "8d"


@pytest.mark.parametrize("grace", ["4s", "5s"])
def test_the_least_grace_works(launch, grace):
    """For files of their own, which are synced before the commit, and for packed ones."""
    user = launch({"blobs.grace": grace, "blobs.collect_every": "1s"}).user()
    for size in (1_000, 100_000, 2_000_000):
        assert user.upload(bytes(size))["size"] == size


@pytest.mark.parametrize(
    "content, place, name",
    [
        ("coers = 2", "1:1", "coers"),
        ("\n[http]\nhead_byte = 2", "3:1", "http.head_byte"),
        ("[htttp]\nhead_bytes = 2", "1:2", "htttp"),
        ("http.head_bytes.more = 2", "1:", "http.head_bytes"),
        ("http = 2", "1:1", "http"),
        ("cores = '2'", "1:9", "cores"),
        ("require_https = 'true'", "1:17", "require_https"),
        ("listen = '127.0.0.1:80'", "1:10", "listen"),
        ("listen = ['127.0.0.1:80',\n  'x']", "2:3", "listen"),
        ("[log]\nlevel = 2", "2:9", "log.level"),
        ("cores = 1\ncores = 2", "2:", ""),
        ("cores =", "1:", ""),
        ("[log\nlevel = 2", "1:", ""),
    ],
)
def test_files_that_are_wrong(folder, content, place, name):
    file = folder / "coffer.toml"
    file.write_text(content + "\n")
    done = config_print("--config", file)
    refused(done, f"{file}:{place}", name, "expected")


def test_files_that_are_none(folder):
    (folder / "noise.toml").write_bytes(b"\xff\xfe\x00cores = 2")
    for path in (folder / "missing.toml", folder, folder / "noise.toml"):
        refused(config_print("--config", path), path, "expected")
        refused(config_print(variables={"COFFER_CONFIG": str(path)}), path, "expected")


@pytest.mark.parametrize(
    "name, meant",
    [
        ("COFFER_HTTP_HEAD_BYTE", "COFFER_HTTP_HEAD_BYTES"),
        ("COFFER_RATE_LIMIT", "COFFER_RATE_LIMITS"),
        ("COFFER_HTTP", ""),
        ("COFFER_", ""),
        ("COFFER_data", ""),
    ],
)
def test_variables_that_are_unknown(name, meant):
    refused(config_print(variables={name: "1"}), f"environment variable: {name}: ", meant)


def test_other_programs_variables_do_not_matter():
    assert config_print(variables={"COFFERS": "1", "coffer_cores": "x"}).returncode == 0


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"tls.listen": "127.0.0.1:0"}, "tls.certificate"),
        ({"tls.listen": "127.0.0.1:0", "tls.certificate": "a.pem"}, "tls.key"),
        ({"listen": ""}, "listen"),
    ],
)
def test_settings_that_do_not_fit_together(settings, name):
    variables = {program.variable(key): value for key, value in settings.items()}
    refused(config_print(variables=variables), f"{name}: expected")


@pytest.mark.parametrize(
    "settings, flags",
    [
        ({"http.head_byte": "4KiB"}, []),
        ({"http.head_bytes": "many"}, []),
        ({}, ["--cores", "many"]),
        ({}, ["--coers", "2"]),
    ],
)
def test_a_wrong_setting_stops_the_start(folder, settings, flags):
    """Before anything is made or listens."""
    with pytest.raises(StartFailed) as stopped:
        Server(folder / "data", settings, flags=flags).start()
    assert stopped.value.code == 2
    assert stopped.value.output == ""
    for name in [program.variable(key) for key in settings] + flags[:1]:
        assert name in stopped.value.log
    assert not (folder / "data").exists()


@pytest.mark.parametrize("words", [["user", "list"], ["key", "list", "--user", "ann"]])
def test_a_wrong_setting_stops_every_command(folder, words):
    program.create_user(folder / "data", "ann", "correct horse 7")
    done = program.run(*words, "--data", folder / "data", variables={"COFFER_COERS": "1"})
    refused(done, "COFFER_COERS")


def test_the_reference_is_what_the_program_prints():
    done = program.run("config", "reference", variables={"COFFER_COERS": "1"})  # reads no settings
    assert done.returncode == 0, done.stderr
    page = (program.REPOSITORY / "docs/settings.md").read_text(encoding="utf-8")
    assert done.stdout == page, "write it again: make settings"
