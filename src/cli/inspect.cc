// Commands that show how the program is set up.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "apis/gateway/gateway.h"
#include "apis/gateway/metrics.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "server/dialects.h"

namespace coffer::cli {
namespace {

int show_routes(bool as_json) {
  apis::Metrics metrics;
  const auto routes = apis::Gateway::list(server::make_dialects(metrics, system_clock(), nullptr));
  if (!as_json) {
    for (const auto& route : routes) {
      fmt::print("{:<7} {:<32} {:<9} {}\n", route.method, route.path, route.access, route.dialect);
    }
    return kSuccess;
  }
  std::string out = "[";
  for (const auto& route : routes) {
    out += out.size() > 1 ? ",\n " : "\n ";
    out += fmt::format(
        R"({{"method":"{}","path":"{}","access":"{}","scope":"{}","rate":"{}","dialect":"{}",)"
        R"("body_limit":{}}})",
        route.method, route.path, route.access, route.scope, route.rate, route.dialect,
        route.body_limit == apis::kNoLimit ? "null" : std::to_string(route.body_limit));
  }
  fmt::print("{}\n]\n", out);
  return kSuccess;
}

int show_document(const std::string& name, bool is_collection, const std::string& base_url) {
  apis::Metrics metrics;
  const auto documents = server::make_documents(metrics, system_clock());
  if (name.empty()) {
    for (const auto& document : documents) {
      const std::size_t dot = document.name.find('.');
      if (document.name.substr(dot) == ".json") fmt::print("{}\n", document.name.substr(0, dot));
    }
    return kSuccess;
  }
  const std::string wanted = name + (is_collection ? ".postman.json" : ".json");
  const auto found = std::ranges::find(documents, wanted, &server::ApiDocument::name);
  if (found == documents.end()) {
    throw UserError("there is no API of the name " + name + "; coffer openapi lists them");
  }
  fmt::print("{}\n", found->below(base_url));
  return kSuccess;
}

}  // namespace

void add_openapi(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("openapi", "Print the OpenAPI document of an API");
  struct Flags {
    std::string name;
    bool is_collection = false;
    std::string base_url = "http://localhost:8080";
  };
  const auto flags = std::make_shared<Flags>();
  command->add_option("api", flags->name, "Which API; without it, the names of all");
  command->add_flag("--postman", flags->is_collection, "As a collection for Postman");
  command->add_option("--base-url", flags->base_url, "Where the server is")->capture_default_str();
  command->callback([&run, flags] {
    run = [flags] { return show_document(flags->name, flags->is_collection, flags->base_url); };
  });
}

void add_routes(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("routes", "List all routes and the access that each requires");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "As a JSON array");
  command->callback([&run, as_json] { run = [as_json] { return show_routes(*as_json); }; });
}

void add_config(CLI::App& app, Run& run) {
  auto* group = app.add_subcommand("config", "Show the settings");
  group->require_subcommand(1);
  auto* command =
      group->add_subcommand("print", "Print every setting with its meaning, value and source");
  const auto flags = std::make_shared<SettingFlags>(*command, true);
  command->callback([&run, flags] {
    run = [flags] {
      fmt::print("{}", print(flags->load()));
      return static_cast<int>(kSuccess);
    };
  });
  group
      ->add_subcommand("reference", "Print what every setting means, with its default, as Markdown")
      ->callback([&run] {
        run = [] {
          fmt::print("{}", config::reference());
          return static_cast<int>(kSuccess);
        };
      });
}

}  // namespace coffer::cli
