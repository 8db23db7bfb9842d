#include "apis/reference/openapi.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "apis/gateway/metrics.h"
#include "apis/reference/reference.h"
#include "base/clock.h"
#include "server/dialects.h"

namespace coffer::apis::reference {
namespace {

// Dialects without programs that call them: pages for people, and this one.
const std::set<std::string_view> kForPeople{"pages", "reference"};

class Documents : public testing::Test {
 protected:
  Metrics metrics_;
  std::vector<std::unique_ptr<Dialect>> dialects_ =
      server::make_dialects(metrics_, system_clock(), nullptr);
  std::vector<std::unique_ptr<const Api>> apis_ = described(dialects_);
};

// A route is described where its API does it: src/apis/<name>/description*.cc.
TEST_F(Documents, HaveEveryRoute) {
  for (const auto& api : apis_) {
    for (const DescribedRoute& route : api->routes) {
      EXPECT_TRUE(route.operation)
          << api->name << " does not describe " << http::name_of(route.route.method) << ' '
          << route.route.pattern;
    }
    for (const std::string& route : api->surplus) {
      ADD_FAILURE() << api->name << " describes " << route << ", which is not served";
    }
  }
}

TEST_F(Documents, AreThereForEveryDialect) {
  std::set<std::string_view> known;
  for (const auto& api : apis_) known.insert(api->name);
  for (const auto& dialect : dialects_) {
    if (kForPeople.contains(dialect->name())) continue;
    EXPECT_TRUE(known.contains(dialect->name())) << dialect->name() << " has no describe()";
  }
}

TEST_F(Documents, TellEnoughOfEachOperation) {
  for (const auto& api : apis_) {
    std::set<std::string> tags;
    for (const Tag& tag : api->description.tags) tags.insert(tag.name);
    std::set<std::string> ids;
    for (const Operation& operation : api->description.operations) {
      EXPECT_TRUE(ids.insert(operation.id).second) << api->name << " has two " << operation.id;
      EXPECT_TRUE(tags.contains(operation.tag)) << operation.id << " has no such tag";
      EXPECT_FALSE(operation.summary.empty()) << operation.id;
      EXPECT_FALSE(operation.answers.empty()) << operation.id << " tells of no success";
    }
  }
}

// Every parameter that an operation describes in a path is in that path.
TEST_F(Documents, NameOnlyParametersOfTheirPaths) {
  for (const auto& api : apis_) {
    for (const DescribedRoute& route : api->routes) {
      if (!route.operation) continue;
      for (const Parameter& parameter : route.operation->parameters) {
        if (parameter.in != Parameter::In::kPath) continue;
        EXPECT_NE(route.path.find('{' + parameter.name + '}'), std::string::npos)
            << route.operation->id << " has no " << parameter.name << " in " << route.path;
      }
    }
  }
}

void collect_references(const boost::json::value& value, std::set<std::string>& into) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (member.key() == "$ref") into.emplace(member.value().as_string());
      collect_references(member.value(), into);
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) collect_references(element, into);
  }
}

TEST_F(Documents, ReferToWhatIsThere) {
  for (const auto& api : apis_) {
    const boost::json::value document = openapi(*api, "http://vault.example");
    std::set<std::string> references;
    collect_references(document, references);
    EXPECT_FALSE(references.empty()) << api->name;
    for (const std::string& reference : references) {
      boost::json::error_code error;
      EXPECT_TRUE(document.find_pointer(reference.substr(1), error)) << api->name << reference;
    }
  }
}

TEST_F(Documents, AliasesAreOperationsOfTheirOwn) {
  for (const auto& api : apis_) {
    const auto document = openapi(*api, "");
    std::set<std::string> ids;
    for (const auto& path : document.at("paths").as_object()) {
      for (const auto& operation : path.value().as_object()) {
        const std::string id(operation.value().at("operationId").as_string());
        EXPECT_TRUE(ids.insert(id).second) << api->name << ' ' << id;
      }
    }
    EXPECT_EQ(ids.size(), api->routes.size()) << api->name;
  }
}

TEST_F(Documents, AreServedWhereTheServerIs) {
  const auto all = documents(dialects_);
  ASSERT_EQ(all.size(), 2 * apis_.size());
  for (const Document& document : all) {
    const std::string text = document.below("https://vault.example/files");
    EXPECT_EQ(text.find(kAnyBaseUrl), std::string::npos);
    EXPECT_NE(text.find("https://vault.example/files"), std::string::npos) << document.name;
    EXPECT_NO_THROW(boost::json::parse(text));
  }
}

// The tests of single rules, in an API made for them.
class Small final : public Dialect {
 public:
  explicit Small(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string_view name() const override { return "small"; }
  std::vector<std::string> prefixes() const override { return {prefix_}; }
  std::vector<Route> routes() const override {
    std::vector<Route> routes;
    routes.push_back({http::Method::kGet, "/things/{path...}", Access::kGuest, {}});
    routes.push_back({http::Method::kPost, "/things", Access::kAccount, {}});
    return routes;
  }
  ApiDescription describe() const override {
    ApiDescription api{.title = "Small", .version = "1", .about = ""};
    api.credentials = {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}};
    api.failure = {{"application/json", {{"type", "object"}}}};
    api.operations = {{.routes = {"GET /one/things/{path...}", "GET /two/things/{path...}"},
                       .id = "show",
                       .tag = "",
                       .summary = "Shows",
                       .answers = {{200, "Shown"}}}};
    return api;
  }
  http::Response render(const Problem&, const http::Request&) const override { return {}; }

 private:
  std::string prefix_;
};

TEST(Document, OfSeveralDialectsOfOneName) {
  std::vector<std::unique_ptr<Dialect>> dialects;
  dialects.push_back(std::make_unique<Small>("/one"));
  dialects.push_back(std::make_unique<Small>("/two"));
  const auto apis = described(dialects);
  ASSERT_EQ(apis.size(), 1U);
  EXPECT_EQ(apis[0]->servers, std::vector<std::string>{""});
  ASSERT_EQ(apis[0]->routes.size(), 4U);
  EXPECT_EQ(apis[0]->routes[0].path, "/one/things/{path}");
  EXPECT_FALSE(apis[0]->routes[0].is_alias);
  EXPECT_TRUE(apis[0]->routes[2].is_alias);
  EXPECT_EQ(apis[0]->routes[1].operation, nullptr);

  const auto document = openapi(*apis[0], "http://x");
  const auto& show = document.at("paths").at("/one/things/{path}").at("get");
  EXPECT_EQ(document.at("paths").at("/two/things/{path}").at("get").at("operationId"), "show_2");
  const auto& parameter = show.at("parameters").at(0);
  EXPECT_EQ(parameter.at("name"), "path");
  EXPECT_EQ(parameter.at("x-multi-segment"), true);
  EXPECT_EQ(parameter.at("required"), true);
  // With credentials or without, for guests are served.
  EXPECT_EQ(boost::json::serialize(show.at("security")), R"([{"bearer":[]},{}])");
  const auto& responses = show.at("responses").as_object();
  for (const char* status : {"200", "401", "404", "429", "4XX", "5XX"}) {
    EXPECT_TRUE(responses.contains(status)) << status;
  }
  EXPECT_FALSE(responses.contains("413"));
}

// With every kind of repetition, for callers with a session or a key.
class Repeating final : public Dialect {
 public:
  std::string_view name() const override { return "repeating"; }
  std::vector<std::string> prefixes() const override { return {"/r"}; }
  std::vector<Route> routes() const override {
    using enum http::Method;
    return {post("/kept", Repeat::kFirstReply),
            post("/secret", Repeat::kSealedReply),
            post("/again", Repeat::kRunsAgain),
            {kPost, "/open", Access::kAnyone, {}},
            {kGet, "/kept", Access::kAccount, {}}};
  }
  ApiDescription describe() const override {
    ApiDescription api{.title = "Repeating", .version = "1", .about = ""};
    api.credentials = {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
                       {"key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}};
    api.failure = {{"application/json", {{"type", "object"}}}};
    for (const char* route : {"POST /kept", "POST /secret", "POST /again", "POST /open"}) {
      api.operations.push_back({.routes = {route},
                                .id = route + 6,
                                .tag = "",
                                .summary = "Posts",
                                .answers = {{200, "Done"}},
                                .errors = {{409, "It is there"}}});
    }
    api.operations.push_back({.routes = {"GET /kept"},
                              .id = "show",
                              .tag = "",
                              .summary = "Shows",
                              .answers = {{200, "Shown"}},
                              .credentials = {"bearer"}});
    return api;
  }
  http::Response render(const Problem&, const http::Request&) const override { return {}; }
  bool takes_idempotency_keys() const override { return true; }

 private:
  static Route post(std::string pattern, Repeat repeat) {
    Route route{http::Method::kPost, std::move(pattern), Access::kAccount, {}};
    route.repeat = repeat;
    return route;
  }
};

class RepeatingDocument : public testing::Test {
 protected:
  RepeatingDocument() {
    std::vector<std::unique_ptr<Dialect>> dialects;
    dialects.push_back(std::make_unique<Repeating>());
    document_ = openapi(*described(dialects).front(), "");
  }
  const boost::json::object& operation(std::string_view path, std::string_view method = "post") {
    return document_.at("paths").at(path).at(method).as_object();
  }
  static bool takes_key(const boost::json::object& operation) {
    return operation.contains("parameters") &&
           operation.at("parameters").at(0).at("name") == "Idempotency-Key";
  }
  static bool may_be_replayed(const boost::json::object& operation) {
    const auto& headers = operation.at("responses").at("200").at("headers").as_object();
    return headers.contains("Idempotency-Replayed");
  }
  static std::string about(const boost::json::object& operation, std::string_view status) {
    return std::string(operation.at("responses").at(status).at("description").as_string());
  }

  boost::json::object document_;
};

TEST_F(RepeatingDocument, TellsOfKeysWhereTheRouteTakesThem) {
  for (const char* path : {"/kept", "/secret"}) {
    EXPECT_TRUE(takes_key(operation(path))) << path;
    EXPECT_TRUE(about(operation(path), "409").starts_with("It is there. ")) << path;
    EXPECT_TRUE(operation(path).at("responses").as_object().contains("422")) << path;
    EXPECT_TRUE(operation(path).at("responses").as_object().contains("400")) << path;
  }
  for (const char* path : {"/again", "/open"}) {
    EXPECT_FALSE(takes_key(operation(path))) << path;
    EXPECT_EQ(about(operation(path), "409"), "It is there") << path;
    EXPECT_FALSE(operation(path).at("responses").as_object().contains("422")) << path;
  }
  EXPECT_FALSE(takes_key(operation("/kept", "get")));
}

TEST_F(RepeatingDocument, TellsOfRepliesThatAreSentAgain) {
  EXPECT_TRUE(may_be_replayed(operation("/kept")));
  EXPECT_TRUE(may_be_replayed(operation("/secret")));
  EXPECT_FALSE(may_be_replayed(operation("/again")));
  EXPECT_FALSE(may_be_replayed(operation("/kept", "get")));
}

TEST_F(RepeatingDocument, TellsOfTheScopeOfKeys) {
  EXPECT_EQ(boost::json::serialize(operation("/kept").at("security")),
            R"([{"bearer":[]},{"key":["write"]}])");
  EXPECT_TRUE(operation("/kept").at("responses").as_object().contains("403"));
  EXPECT_FALSE(operation("/kept", "get").at("responses").as_object().contains("403"))
      << "it takes no keys";
}

TEST(Example, FitsItsSchema) {
  const Api api{.name = "x",
                .description = {.title = "X", .version = "1", .about = ""},
                .servers = {},
                .routes = {},
                .surplus = {}};
  const auto of = [&](std::string_view text) {
    return boost::json::serialize(example_of(api, boost::json::parse(text).as_object()));
  };
  EXPECT_EQ(of(R"({"type":"integer","minimum":3})"), "3");
  EXPECT_EQ(of(R"({"type":["string","null"],"examples":["a"]})"), R"("a")");
  EXPECT_EQ(of(R"({"enum":["png","svg"]})"), R"("png")");
  EXPECT_EQ(of(R"({"type":"object","properties":{"a":{"type":"array","items":{"const":1}}}})"),
            R"({"a":[1]})");
  EXPECT_EQ(of(R"({"anyOf":[{"type":"boolean"},{"type":"null"}]})"), "true");
}

}  // namespace
}  // namespace coffer::apis::reference
