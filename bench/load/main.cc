#include <fmt/format.h>

#include <exception>
#include <iterator>
#include <string_view>

#include "load/load.h"

namespace {

struct Kind {
  std::string_view name;
  int (*run)(const coffer::bench::Options&);
};

constexpr Kind kKinds[] = {
    {"requests", coffer::bench::run_requests},   {"idle", coffer::bench::run_idle},
    {"downloads", coffer::bench::run_downloads}, {"uploads", coffer::bench::run_uploads},
    {"files", coffer::bench::run_files},         {"disk", coffer::bench::run_disk},
    {"sockets", coffer::bench::run_sockets}};

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::string_view wanted = count > 1 ? arguments[1] : "";
    for (const Kind& kind : kKinds) {
      if (kind.name == wanted) return kind.run(coffer::bench::Options(count - 2, arguments + 2));
    }
    fmt::print(stderr, "bench_load: no such load: `{}`\n", wanted);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_load: {}\n", error.what());
    return 1;
  }
}
